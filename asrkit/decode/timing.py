"""When the tokens of a path through a network's frames were said, and how surely."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from asrkit.rate import RATE
from asrkit.text.non_linguistic import NLSYMS
from asrkit.text.tokenize import META
from asrkit.tokens import SPACE
from asrkit.transcript import Token, Word
from asrkit.vocabulary import type_of, without_language

# A network by CTC writes a token in few frames, late in it, and blanks until the next: words begin
# a little before their first token's frames and last beyond the last one's (bench/transcribe.py).
_BEFORE, _BEHIND = 0.04, 0.12  # seconds, of half the blanks between two words at most
_LONGEST_HOP = RATE  # samples: no recognizer writes less than a frame a second


class Clock(NamedTuple):
    """hop: samples from one frame to the next. seen: samples that the first frame needs."""

    hop: int
    seen: int

    @classmethod
    def of(cls, output_lengths: Callable[[Tensor], Tensor]) -> Clock:
        """The clock of a network, by the frames that it makes of so many samples."""
        frames = output_lengths(torch.arange(4 * _LONGEST_HOP))
        first, second = (int((frames >= count).nonzero()[0]) for count in (1, 2))
        return cls(second - first, first)

    def seconds(self, frame: int) -> float:
        """Where a frame begins: half a hop before the middle of what it sees, never below 0."""
        return max(0.0, round((frame * self.hop + (self.seen - self.hop) / 2) / RATE, 3))


class Span(NamedTuple):
    """A token's number, its first frame and the one behind its last, and its confidence."""

    token: int
    start: int
    end: int
    confidence: float

    def later(self, frames: int) -> Span:
        return self._replace(start=self.start + frames, end=self.end + frames)


def spans(path: Tensor, log_probs: Tensor) -> list[Span]:
    """Tokens of a path [T] of token numbers, blanks (0) and repeats: the frames in which it holds
    each, and the mean of its probability in them. log_probs: [T, V] of the same frames."""
    held = log_probs.gather(1, path.long()[:, None])[:, 0].exp().tolist()
    found, at = [], 0
    for token, group in itertools.groupby(path.tolist()):
        size = len(list(group))
        if token:
            sure = sum(held[at : at + size]) / size
            found.append(Span(token, at, at + size, min(1.0, sure)))
        at += size
    return found


def words_of(token_file: str, symbols: Sequence[str]) -> list[list[int]]:
    """Positions of the tokens of each word; what only separates words is in none.

    Phones spell no words: each is one.
    """
    kind, _ = type_of(token_file)
    groups: list[list[int]] = [[]]
    for at, symbol in enumerate(symbols):
        if kind == "char" and symbol == SPACE:
            groups.append([])
        elif kind == "char" and symbol in NLSYMS:
            groups += [[at], []]
        elif kind == "char" or (kind.startswith("bpe") and not symbol.startswith(META)):
            groups[-1].append(at)
        else:
            groups.append([at])
    return [group for group in groups if any(symbols[at] != META for at in group)]


def timed(
    words: Sequence[Sequence[Span]],
    symbols: Sequence[str],
    clock: Clock,
    duration: float,
    *,
    texts: Sequence[str] | None = None,
    confidences: Sequence[float] | None = None,
) -> list[Word]:
    """Words of their tokens' spans. symbols: of the token list, by number. texts: of the words,
    where their tokens do not spell them. confidences: of the words; None: the mean of the tokens'.

    Each token lasts until the next begins, in a word; the first begins, and the last ends, somewhat
    outside of their frames, where blanks leave the room.
    """
    found: list[Word] = []
    starts = [clock.seconds(span.start) for group in words for span in group]
    ends = [clock.seconds(span.end) for group in words for span in group]
    at = 0
    for number, group in enumerate(words):
        last = at + len(group) - 1
        room = starts[at] - (ends[at - 1] if at else 0.0)
        first = starts[at] - min(_BEFORE, room / 2 if at else room)
        after = (starts[last + 1] if last + 1 < len(starts) else duration) - ends[last]
        behind = ends[last] + min(_BEHIND, after / 2 if last + 1 < len(starts) else after)
        borders = [first, *starts[at + 1 : last + 1], behind]
        borders = [min(max(round(border, 3), 0.0), duration) for border in borders]
        tokens = [
            Token(
                without_language(symbols[span.token]).replace(META, ""),
                start,
                max(end, start),
                round(span.confidence, 4),
            )
            for span, start, end in zip(group, borders, borders[1:], strict=False)
        ]
        sure = sum(span.confidence for span in group) / len(group)
        found.append(
            Word(
                texts[number] if texts else "".join(token.text for token in tokens),
                tokens[0].start,
                tokens[-1].end,
                round(confidences[number] if confidences else sure, 4),
                tuple(token for token in tokens if token.text),
            )
        )
        at = last + 1
    return found
