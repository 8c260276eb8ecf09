"""A text as a chain of tokens, and the best way along it, frame by frame.

Between words, and before and after all, a path may wait: there it takes whatever the network writes
down at ``garbage``, a price a token (frames.py). So music, and speech that the text does not hold,
cost little, and words that are not there cost what the path pays for passing them.

A token is one place, in which the path stays while its symbol or the quiet one goes on. This is
CTC's best path, but for one liberty: a token may go on behind a blank. Between two equal tokens
there is a place for the blank that CTC asks for.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

QUIET = 0  # the column of Frames.scores that is the blank, or what parts words
SILENT = -0.01  # a frame is quiet if its quiet symbol is as likely as this, against the best one
PAUSE = 15  # quiet frames that may be inside of a word
HOLD = 0.2  # nats that each further one costs: else a token that was not recognized may be far off
NEVER = np.float32(-1e9)


@dataclasses.dataclass(frozen=True)
class PathFrames:
    """The frames that a path goes through, each run of quiet ones as one.

    frames: int64 [K], their numbers. scores: float32 [K, U]. garbage: float32 [K]. hold: float32
    [K], what it costs to be inside of a word.
    """

    frames: np.ndarray
    scores: np.ndarray
    garbage: np.ndarray
    hold: np.ndarray

    @classmethod
    def of(cls, scores: np.ndarray, garbage: np.ndarray) -> PathFrames:
        """Of all frames, [T, U] and [T]: log-probabilities less the best one of the frame, and what
        a frame costs a path that waits, at most 0."""
        quiet = scores[:, QUIET] > SILENT
        quiet[1:] &= quiet[:-1].copy()
        quiet[:1] = False
        frames = np.flatnonzero(~quiet)
        numbers = np.arange(len(scores))
        said = np.maximum.accumulate(np.where(scores[:, QUIET] < 0, numbers, 0))
        long = HOLD * (numbers - said > PAUSE)
        hold = np.add.reduceat(long, frames).astype(np.float32) if len(frames) else long[:0]
        return cls(frames, scores[frames], garbage[frames], hold)


@dataclasses.dataclass(frozen=True)
class Chain:
    """symbols: int64 [N], a column of the scores for every place. first, last: int64 [W], the
    places where words begin and end. A path may wait before word w at boundary w, [W + 1]."""

    symbols: np.ndarray
    first: np.ndarray
    last: np.ndarray

    @classmethod
    def of(cls, words: Sequence[Sequence[int]]) -> Chain:
        """words: columns of their tokens; none is empty. Raises ValueError if one is, or no word is
        there."""
        places: list[int] = []
        first, last = [], []
        for word in words:
            if not word:
                raise ValueError("a word without tokens cannot be aligned")
            first.append(len(places))
            for symbol in word:
                if places and places[-1] == symbol:
                    places.append(QUIET)
                places.append(symbol)
            last.append(len(places) - 1)
        if not places:
            raise ValueError("a text without words cannot be aligned")
        return cls(np.array(places), np.array(first), np.array(last))

    @property
    def words(self) -> int:
        return len(self.first)

    def part(self, begin: int, end: int) -> Chain:
        """Words ``begin`` to ``end``, places counted from the first of them."""
        start = self.first[begin]
        stop = self.last[end - 1] + 1
        return Chain(
            self.symbols[start:stop], self.first[begin:end] - start, self.last[begin:end] - start
        )


class Walk:
    """Scores of the best path to every place of a chain: ``at`` [N], ``waiting`` [W + 1].

    After each ``step``, ``moved`` [N] are the places that were entered in that frame, and
    ``ended`` [W] the words whose end gave the score of waiting behind them.
    """

    def __init__(self, chain: Chain) -> None:
        self.chain = chain
        count = len(chain.symbols)
        self.at = np.full(count, NEVER, np.float32)
        self.waiting = np.full(chain.words + 1, NEVER, np.float32)
        self.moved = np.zeros(count, bool)
        self.ended = np.zeros(chain.words, bool)
        self._emitted, self._come = (np.empty(count, np.float32) for _ in range(2))
        self._inside = np.ones(count, np.float32)
        self._inside[chain.last] = 0

    def step(self, path: PathFrames, frame: int, entries: np.ndarray, less: float = 0.0) -> None:
        """One frame; ``entries`` [W], the scores with which words are begun. ``less`` is taken off
        all scores."""
        scores = path.scores[frame] - np.float32(less)
        chain, emitted, come = self.chain, self._emitted, self._come
        np.take(scores, chain.symbols, out=emitted, mode="clip")
        come[1:] = self.at[:-1]
        come[chain.first] = entries
        come += emitted
        np.maximum(emitted, scores[QUIET], out=emitted)
        self.at += emitted
        np.greater(come, self.at, out=self.moved)
        np.maximum(come, self.at, out=self.at)
        if path.hold[frame]:
            self.at -= path.hold[frame] * self._inside
        self.waiting += path.garbage[frame] - np.float32(less)
        done = self.at[chain.last]
        np.greater(done, self.waiting[1:], out=self.ended)
        np.maximum(done, self.waiting[1:], out=self.waiting[1:])


@dataclasses.dataclass(frozen=True)
class Stretch:
    """Frames ``begin`` to ``end`` of a path that follows the text: where it is before the first of
    them, and in the last. A place n of N is n, boundary w is N + w."""

    begin: int
    end: int
    origin: int
    target: int


def trace(chain: Chain, path: PathFrames, stretch: Stretch) -> np.ndarray:
    """The best path through one stretch: int32 [end - begin], the place of every frame."""
    count = len(chain.symbols)
    words = [
        place - count if place >= count else int(np.searchsorted(chain.first, place, "right")) - 1
        for place in (stretch.origin, stretch.target)
    ]
    begin, end = words[0], words[1] + (stretch.target < count)
    if begin == end:  # waiting all the time
        return np.full(stretch.end - stretch.begin, count + begin, np.int32)
    part = chain.part(begin, end)
    offset, places = int(chain.first[begin]), len(part.symbols)

    def local(place: int) -> int:
        return place - count - begin + places if place >= count else place - offset

    walk = Walk(part)
    for value, start in ((walk.at, 0), (walk.waiting, places)):
        if 0 <= (own := local(stretch.origin) - start) < len(value):
            value[own] = 0
    length = stretch.end - stretch.begin
    moved = np.empty((length, places), bool)
    ended = np.empty((length, part.words), bool)
    for number in range(length):
        walk.step(path, stretch.begin + number, walk.waiting[:-1])
        moved[number], ended[number] = walk.moved, walk.ended
    starts = {int(place): word for word, place in enumerate(part.first)}
    found = np.empty(length, np.int32)
    place = local(stretch.target)
    for number in range(length - 1, -1, -1):
        if place >= places and place > places and ended[number, place - places - 1]:
            place = int(part.last[place - places - 1])
        found[number] = place + offset if place < places else place - places + begin + count
        if place < places and moved[number, place]:
            place = places + starts[place] if place in starts else place - 1
    return found
