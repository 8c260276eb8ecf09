"""Transcripts as tiers of intervals, for formats in which those of one tier may not overlap."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TypeVar

from asrkit.transcript import Segment, Token, Transcript, Word


@dataclasses.dataclass(frozen=True)
class Interval:
    """start < end, in whole milliseconds; parts lie within it."""

    start: int
    end: int
    text: str
    parts: tuple[Interval, ...] = ()


@dataclasses.dataclass(frozen=True)
class Speaker:
    """name: empty if nobody has named one. segments: of words, of tokens."""

    name: str
    segments: tuple[Interval, ...]


T = TypeVar("T", Segment, Word, Token)


def speakers(transcript: Transcript) -> list[Speaker]:
    """The segments of each speaker, in order of appearance; one without any if there is none.

    Where intervals overlap, the later one begins behind the earlier; none is shorter than a
    millisecond.
    """
    names = dict.fromkeys(segment.speaker or "" for segment in transcript.segments) or {"": None}
    return [
        Speaker(name, _intervals([s for s in transcript.segments if (s.speaker or "") == name]))
        for name in names
    ]


def _intervals(rows: Sequence[T], least: int = 0, most: int | None = None) -> tuple[Interval, ...]:
    """``rows`` within ``least`` and ``most``, each of a millisecond or more."""
    found: list[Interval] = []
    for number, row in enumerate(rows):
        start = max(round(row.start * 1000), least)
        end = max(round(row.end * 1000), start + 1)
        if most is not None:  # room for those behind it
            last = most - (len(rows) - 1 - number)
            end = min(end, last)
            start = min(start, end - 1)
        parts: tuple[Interval, ...] = ()
        if isinstance(row, Segment):
            end = max(end, start + len(row.words))
            parts = _intervals(row.words, start, end)
        elif isinstance(row, Word):
            parts = _intervals(row.tokens, start, end) if end - start >= len(row.tokens) else ()
        found.append(Interval(start, end, row.text, parts))
        least = end
    return tuple(found)
