"""When the tokens of a path through a network's frames were said, and how surely."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from asrkit.rate import RATE
from asrkit.text.non_linguistic import MARKS
from asrkit.text.tokenize import META
from asrkit.tokens import SPACE
from asrkit.transcript import Token, Word
from asrkit.vocabulary import type_of, without_language

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
        elif kind == "char" and symbol in MARKS:
            groups += [[at], []]
        elif kind == "char" or (kind.startswith("bpe") and not symbol.startswith(META)):
            groups[-1].append(at)
        else:
            groups.append([at])
    return [group for group in groups if any(symbols[at] != META for at in group)]


def timed(
    words: Iterable[Sequence[Span]], symbols: Sequence[str], clock: Clock, duration: float
) -> list[Word]:
    """Words of their tokens' spans. symbols: of the token list, by number."""
    found = []
    for group in words:
        tokens = [
            Token(
                without_language(symbols[span.token]).replace(META, ""),
                min(clock.seconds(span.start), duration),
                min(clock.seconds(span.end), duration),
                round(span.confidence, 4),
            )
            for span in group
        ]
        confidence = min(span.confidence for span in group)
        found.append(
            Word(
                "".join(token.text for token in tokens),
                tokens[0].start,
                tokens[-1].end,
                round(confidence, 4),
                tuple(token for token in tokens if token.text),
            )
        )
    return found
