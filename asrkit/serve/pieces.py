"""A piece of a recording, its text under correction: words keep their times through edits."""

from __future__ import annotations

import dataclasses
import itertools
import unicodedata
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from typing import Any

from asrkit.files import DataError
from asrkit.transcript import Segment, Word

LONGEST_TEXT = 10_000  # characters of a piece
SHORTEST = 0.02  # seconds: one frame of the recognizers


class PieceError(DataError):
    """A change that makes no sense; the message is for the person who asked for it."""


@dataclasses.dataclass(frozen=True, slots=True)
class Piece:
    """Seconds ``start`` to ``end`` of a recording.

    text: as it was last typed. heard: the words of the recognizer, which edits leave alone.
    rev: counts the changes, so that two people who change the same piece are noticed. others:
    texts that came too late, by who wrote them; a person decides. done: a person vouches for it.
    """

    id: str
    recording: str
    start: float
    end: float
    text: str
    heard: tuple[Word, ...] = ()
    rev: int = 0
    done: bool = False
    others: dict[str, str] = dataclasses.field(default_factory=dict)

    @property
    def confidence(self) -> float | None:
        """Mean of the words that were recognized; None where there are none."""
        known = [word.confidence for word in self.heard if word.confidence is not None]
        return sum(known) / len(known) if known else None

    @property
    def words(self) -> tuple[Word, ...]:
        """The words of ``text``, with times."""
        return timed(self.text.split(), self.heard, self.start, self.end)

    def next(self, **changes: Any) -> Piece:
        return dataclasses.replace(self, rev=self.rev + 1, **changes)

    def as_plain(self) -> dict[str, Any]:
        """What ``from_plain`` reads."""
        plain = {name: getattr(self, name) for name in _PLAIN}
        return {**plain, "heard": [_word(word) for word in self.heard]}

    @classmethod
    def from_plain(cls, content: dict[str, Any]) -> Piece:
        heard = tuple(Word(*row) for row in content["heard"])
        return cls(heard=heard, **{name: content[name] for name in _PLAIN})

    def segment(self, speaker: str | None) -> Segment:
        """As a part of a transcript. What was typed has no confidence, nor has what is done."""
        words = self.words
        if self.done:
            words = tuple(dataclasses.replace(word, confidence=None) for word in words)
        known = [word.confidence for word in words if word.confidence is not None]
        mean = round(sum(known) / len(known), 4) if known else None
        text = " ".join(self.text.split())
        return Segment(self.start, self.end, text, words, mean, speaker)


_PLAIN = ("id", "recording", "start", "end", "text", "rev", "done", "others")


def _word(word: Word) -> list[object]:
    return [word.text, word.start, word.end, word.confidence]


def timed(
    texts: Sequence[str], heard: Sequence[Word], start: float, end: float
) -> tuple[Word, ...]:
    """Words with times: those that were recognized keep theirs and their confidence; others share
    the time of the words they stand for, or the pause between their neighbors, by length."""
    made: list[Word] = []
    matcher = SequenceMatcher(None, [word.text for word in heard], texts, autojunk=False)
    for what, from_, to, first, last in matcher.get_opcodes():
        if what == "equal":
            made += heard[from_:to]
            continue
        begin = heard[from_].start if to > from_ else heard[from_ - 1].end if from_ else start
        stop = heard[to - 1].end if to > from_ else heard[to].start if to < len(heard) else end
        made += _share(texts[first:last], begin, max(begin, stop))
    return tuple(_inside(word, start, end) for word in made)


def _inside(word: Word, start: float, end: float) -> Word:
    """The word, where a person has moved the borders of its piece."""
    if start <= word.start and word.end <= end:
        return word
    begin = min(max(word.start, start), end)
    return dataclasses.replace(word, start=begin, end=min(max(word.end, begin), end))


def _share(texts: Sequence[str], begin: float, end: float) -> Iterable[Word]:
    total = sum(map(len, texts))
    at = 0
    for text in texts:
        from_ = begin + (end - begin) * at / total
        at += len(text)
        yield Word(text, round(from_, 3), round(begin + (end - begin) * at / total, 3))


def split(piece: Piece, before: str, after: str, new_id: str) -> tuple[Piece, Piece]:
    """Two pieces of one, cut where its text is; ``before`` and ``after`` make up that text."""
    if before + after != piece.text:
        raise PieceError("the text to split is not the current one; look at it again")
    left, right = before.split(), after.split()
    if not left or not right:
        raise PieceError("nothing is before or after the cursor; put it where the text is to split")
    words = piece.words
    if len(left) + len(right) == len(words):
        cut = (words[len(left) - 1].end + words[len(left)].start) / 2
    else:  # within a word
        inside = words[len(left) - 1]
        cut = inside.start + (inside.end - inside.start) * len(left[-1]) / len(inside.text)
    if piece.end - piece.start < 2 * SHORTEST:
        raise PieceError("this piece is too short to be split")
    cut = round(min(max(cut, piece.start + SHORTEST), piece.end - SHORTEST), 3)
    in_left = [word for word in piece.heard if (word.start + word.end) / 2 < cut]
    first = piece.next(end=cut, text=before.rstrip(), heard=tuple(in_left))
    second = dataclasses.replace(
        piece,
        id=new_id,
        start=cut,
        text=after.lstrip(),
        heard=piece.heard[len(in_left) :],
        rev=0,
        others={},
    )
    return first, second


def merge(piece: Piece, following: Piece) -> Piece:
    """One piece of two that follow each other; so are texts that one person wrote too late for
    both."""
    both = piece.others.keys() & following.others.keys()
    others = {who: _joined(piece.others[who], following.others[who]) for who in both}
    return piece.next(
        end=max(piece.end, following.end),
        text=_joined(piece.text, following.text),
        heard=piece.heard + following.heard,
        done=piece.done and following.done,
        others={**following.others, **piece.others, **others},
    )


def _joined(before: str, after: str) -> str:
    return " ".join(part for part in (before.rstrip(), after.lstrip()) if part)


def sentences(segment: Segment, longest: float) -> Iterable[tuple[Word, ...]]:
    """The words of a segment in parts of at most ``longest`` seconds, cut at the longest pauses."""
    words = segment.words
    waiting = [words] if words else []
    while waiting:
        part = waiting.pop()
        if len(part) < 2 or part[-1].end - part[0].start <= longest:
            yield part
            continue
        # of pauses alike, the one nearest to the middle
        middle = (part[0].start + part[-1].end) / 2
        gaps = [
            (round(two.start - one.end, 2), -abs(one.end - middle), at)
            for at, (one, two) in enumerate(itertools.pairwise(part), 1)
        ]
        at = max(gaps)[2]
        waiting += [part[at:], part[:at]]


def checked_text(text: str) -> str:
    """What was typed or pasted, in one line, without what no text file should hold (control
    characters; U+FFFE and U+FFFF, which XML has not). Raises PieceError: too long, no Unicode."""
    if len(text) > LONGEST_TEXT:
        raise PieceError(f"a piece has at most {LONGEST_TEXT:,} characters; split it")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise PieceError("the text holds half a character (a lone surrogate)") from None
    spaced = (" " if character.isspace() else character for character in text)
    return "".join(c for c in spaced if unicodedata.category(c) != "Cc" and c not in "\ufffe\uffff")
