"""Segments of a recording from the path through it and its text: words, borders, scores."""

from __future__ import annotations

import bisect
import dataclasses
import itertools
import math
from collections.abc import Iterator, Sequence

import numpy as np

from asrkit.segmentation.chain import QUIET, Chain, PathFrames
from asrkit.segmentation.frames import FEE, Frames

PAD = 0.2  # seconds of quiet that a segment has at most before its first word and behind its last


@dataclasses.dataclass(frozen=True)
class Word:
    """number: in the unit. begin, end: seconds, of the frames in which its tokens are. score: as
    that of a segment."""

    number: int
    begin: float
    end: float
    score: float


@dataclasses.dataclass(frozen=True)
class Found:
    """A unit, or a part of a long one, where it is said.

    unit: its number. first, last: numbers of its words, the last one included; ``words`` holds
    those among them that were found. begin, end: seconds, with the quiet around.
    score: in (0, 1], how likely the network holds this text against what it would write itself: the
    ratio of the two, geometric mean over the text's tokens. 1: it would write the same. A token of
    the text that is not said, and one that is said and not in the text, count exp(-FEE), 0.11.
    """

    unit: int
    first: int
    last: int
    words: list[Word]
    begin: float
    end: float
    score: float


@dataclasses.dataclass(frozen=True)
class _Visit:
    """A word on the path: ``begin`` to ``end`` among the frames searched, the end not included."""

    unit: int
    number: int
    begin: int
    end: int


class Reader:
    """Reads segments off a path. tokens: of every word of every unit, columns of the scores; words
    without tokens are not in ``chain``."""

    def __init__(self, tokens: Sequence[Sequence[Sequence[int]]]) -> None:
        self.sizes = [[len(word) for word in words] for words in tokens]
        self._owners = [
            (unit, number)
            for unit, words in enumerate(tokens)
            for number, word in enumerate(words)
            if word
        ]
        self.chain = Chain.of([tokens[unit][number] for unit, number in self._owners])

    def read(
        self, frames: Frames, path: PathFrames, places: np.ndarray, *, longest: float = math.inf
    ) -> list[Found]:
        """In the order of the recording. places: of ``find_path``. What is longer than ``longest``
        seconds is cut between words, at the longest pauses; a single word may be longer."""
        chain, spoken = self.chain, places < len(self.chain.symbols)
        inside = np.where(spoken, places, 0)
        own = path.scores[np.arange(len(places)), chain.symbols[inside]]
        quiet = path.scores[:, QUIET]
        stays = np.zeros(len(places), bool)
        stays[1:] = places[1:] == places[:-1]
        hold = np.where(np.isin(inside, chain.last), 0, path.hold)
        gain = np.where(stays, np.maximum(own, quiet), own) - hold
        gain = np.where(spoken, gain, path.garbage)
        gains = np.append(0.0, np.cumsum(gain, dtype=np.float64))
        said = spoken & ((own >= quiet) | ~stays)
        times = _Times(frames, path.frames)
        return [
            self._found(part, visits, gains, times)
            for visits in _together(self._visits(places, spoken, said))
            for part in _parts(visits, times, longest)
        ]

    def _visits(self, places: np.ndarray, spoken: np.ndarray, said: np.ndarray) -> Iterator[_Visit]:
        words = np.searchsorted(self.chain.first, places, "right") - 1
        new = spoken.copy()
        new[1:] &= ~(spoken[:-1] & (words[1:] == words[:-1]) & (places[1:] >= places[:-1]))
        starts = np.flatnonzero(new)
        stops = np.append(starts, len(spoken))[1:]
        after = np.flatnonzero(said)
        for start, stop in zip(starts, stops, strict=True):
            last = int(after[np.searchsorted(after, stop) - 1])
            unit, number = self._owners[words[start]]
            yield _Visit(unit, number, int(start), last + 1)

    def _found(
        self, part: list[_Visit], whole: list[_Visit], gains: np.ndarray, times: _Times
    ) -> Found:
        unit, sizes = part[0].unit, self.sizes[part[0].unit]
        first = 0 if part[0] is whole[0] else part[0].number
        if part[-1] is whole[-1]:
            last = len(sizes) - 1
        else:
            last = whole[whole.index(part[-1]) + 1].number - 1
        there = {visit.number for visit in part}
        missing = sum(sizes[n] for n in range(first, last + 1) if n not in there)
        total = sum(sizes[first : last + 1])
        cost = FEE * missing - (gains[part[-1].end] - gains[part[0].begin])
        begin, end = times.around(part[0].begin, part[-1].end)
        words = [
            Word(
                v.number,
                *times.of(v.begin, v.end),
                math.exp(min(0.0, gains[v.end] - gains[v.begin]) / sizes[v.number]),
            )
            for v in part
        ]
        return Found(unit, first, last, words, begin, end, math.exp(-max(0.0, cost) / total))


def _together(visits: Iterator[_Visit]) -> Iterator[list[_Visit]]:
    """Words of one unit that follow each other, also where some between them are not said."""
    group: list[_Visit] = []
    for visit in visits:
        follows = group and visit.unit == group[-1].unit and visit.number > group[-1].number
        if group and not follows:
            yield group
            group = []
        group.append(visit)
    if group:
        yield group


def _parts(visits: list[_Visit], times: _Times, longest: float) -> list[list[_Visit]]:
    begin, end = times.around(visits[0].begin, visits[-1].end)
    if end - begin <= longest or len(visits) == 1:
        return [visits]
    pauses = [
        times.of(right.begin, right.end)[0] - times.of(left.begin, left.end)[1]
        for left, right in itertools.pairwise(visits)
    ]
    cut = max(range(len(pauses)), key=lambda at: (pauses[at], -abs(at + 1 - len(visits) / 2))) + 1
    return [*_parts(visits[:cut], times, longest), *_parts(visits[cut:], times, longest)]


class _Times:
    """Seconds of the frames that were searched."""

    def __init__(self, frames: Frames, searched: np.ndarray) -> None:
        self._begins, self._frames = frames.begins, searched
        self._spoken = np.flatnonzero(frames.spoken).tolist()

    def of(self, begin: int, end: int) -> tuple[float, float]:
        return (
            float(self._begins[self._frames[begin]]),
            float(self._begins[self._frames[end - 1] + 1]),
        )

    def around(self, begin: int, end: int) -> tuple[float, float]:
        """With the quiet around: half of it, PAD at most; the other half is its neighbors'."""
        first, last = int(self._frames[begin]), int(self._frames[end - 1])
        before = bisect.bisect_left(self._spoken, first)
        behind = bisect.bisect_right(self._spoken, last)
        free = self._begins[self._spoken[before - 1] + 1] if before else -self._begins[first]
        taken = (
            self._begins[self._spoken[behind]]
            if behind < len(self._spoken)
            else 2 * self._begins[-1] - self._begins[last + 1]
        )
        start, stop = self._begins[first], self._begins[last + 1]
        return (
            float(start - min(PAD, (start - free) / 2)),
            float(stop + min(PAD, (taken - stop) / 2)),
        )
