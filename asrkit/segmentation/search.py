"""Where in a recording a text is said: the best path through all of both, in bounded memory.

A path may leave the text where it waits and go on at any other word: further ahead, where the
text has what was not said, or back, where paragraphs are in another order. Each such jump starts
from the best of all places to wait at in its frame, and has its price.

The first pass goes block by block. Of a block it keeps where the paths came from; as long as the
recording follows the text it looks at the words around the best path only, and where it does not,
it goes back a block and looks at all. The second pass follows the best path through the stretches
that blocks and jumps have cut it into.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from asrkit.segmentation.chain import NEVER, Chain, PathFrames, Stretch, Walk, trace

AHEAD, BACK = 15.0, 30.0  # prices of jumps, in nats
MOST_KEPT = 1 << 28  # bytes of what is kept of blocks
BLOCK = 500  # frames, at least
AROUND = 300  # words that are looked at before and behind the best path
LOST = 0.6  # of the price of garbage: a block that costs more does not follow the text


@dataclasses.dataclass(frozen=True)
class _State:
    """Scores of the places of words ``low`` to ``high``, as in Walk."""

    low: int
    high: int
    at: np.ndarray
    waiting: np.ndarray

    @property
    def best(self) -> int:
        return self.low + int(self.waiting.argmax())


@dataclasses.dataclass(frozen=True)
class _Block:
    """What the first pass keeps of frames ``begin`` to ``end``, in which it looked at words ``low``
    to ``high``; places are counted in these words.

    came: int32 [N + W + 1], for every place the one at the block's begin that its best path comes
    from, or -1 - (frame * W + word) for its last jump. left: int32 [end - begin, 2], the boundary
    that jumps of a frame start from, and where the path to it came from.
    """

    begin: int
    end: int
    low: int
    high: int
    came: np.ndarray
    left: np.ndarray


def find_path(
    chain: Chain,
    path: PathFrames,
    *,
    ahead: float = AHEAD,
    back: float = BACK,
    most_kept: int = MOST_KEPT,
) -> np.ndarray:
    """int32 [K]: where the best path is in every frame, at a place of the chain, or at N + w if it
    waits before word w.

    Memory: ``most_kept`` bytes, 50 a token and 20 a frame. Time: tokens times frames where the
    recording does not follow the text, else frames alone.
    """
    search = _Search(chain, path, ahead, back, most_kept)
    places = np.empty(len(path.frames), np.int32)
    for stretch in search.stretches():
        places[stretch.begin : stretch.end] = trace(chain, path, stretch)
    return places


class _Search:
    def __init__(
        self, chain: Chain, path: PathFrames, ahead: float, back: float, most_kept: int
    ) -> None:
        self.chain, self.path = chain, path
        self.ahead, self.back = ahead, back
        places = len(chain.symbols) + chain.words + 1
        length = max(BLOCK, -(-len(path.frames) * places * 4 // most_kept))
        self.length = min(length, (1 << 31) // chain.words - 1)  # frame and word fit in 31 bits

    def stretches(self) -> list[Stretch]:
        """The best path, cut at its jumps and between blocks."""
        words, frames = self.chain.words, len(self.path.frames)
        count = len(self.chain.symbols)
        waiting = np.full(words + 1, NEVER, np.float32)
        waiting[0] = 0
        state = _State(0, words, np.full(count, NEVER, np.float32), waiting)
        begun = [state]  # with what each block began
        blocks: list[_Block] = []
        whole = 0  # blocks before this one are to look at all words
        while (begin := len(blocks) * self.length) < frames:
            state = begun[-1]
            low, high = 0, words
            if len(blocks) >= whole:
                low, high = max(0, state.best - AROUND), min(words, state.best + AROUND)
            block, after, lost = self._block(
                state, begin, min(frames, begin + self.length), low, high
            )
            if lost:
                whole = len(blocks) + 1
                if high - low < words:
                    if blocks and blocks[-1].high - blocks[-1].low < words:
                        blocks.pop()
                        begun.pop()
                    continue
            blocks.append(block)
            begun = [begun[-1], after]
        return self._back(blocks, begun[-1])

    def _block(
        self, state: _State, begin: int, end: int, low: int, high: int
    ) -> tuple[_Block, _State, bool]:
        """What is kept of a block, the scores behind it, and whether it leaves the text."""
        part = self.chain.part(low, high)
        walk, words, count = Walk(part), part.words, len(part.symbols)
        self._carry(state, walk, low, high)
        came = np.arange(count + words + 1, dtype=np.int32)
        come, left = np.empty(count, np.int32), np.empty((end - begin, 2), np.int32)
        numbers, jump = np.arange(words, dtype=np.int32), np.empty(words, np.float32)
        paid = 0.0
        for since in range(end - begin):
            waiting = walk.waiting
            best = int(waiting.argmax())
            top = waiting[best]
            left[since] = best, came[count + best]
            jump[: best + 1] = top - self.back
            jump[best + 1 :] = top - self.ahead
            jumped = jump > waiting[:-1]
            entries = np.maximum(jump, waiting[:-1])
            paid -= float(top) if since else 0.0
            walk.step(self.path, begin + since, entries, float(top))
            come[1:] = came[: count - 1]
            come[part.first] = np.where(jumped, -1 - (since * words + numbers), came[count:-1])
            np.copyto(came[:count], come, where=walk.moved)
            np.copyto(came[count + 1 :], came[part.last], where=walk.ended)
        lost = paid > LOST * -float(self.path.garbage[begin:end].sum())
        after = _State(low, high, walk.at, walk.waiting)
        return _Block(begin, end, low, high, came, left), after, lost

    def _carry(self, state: _State, walk: Walk, low: int, high: int) -> None:
        """Scores go on where words are looked at in both blocks."""
        first, last = max(low, state.low), min(high, state.high)
        walk.waiting[first - low : last + 1 - low] = state.waiting[
            first - state.low : last + 1 - state.low
        ]
        if first < last:
            start, stop = self.chain.first[first], self.chain.last[last - 1] + 1
            own, other = self.chain.first[low], self.chain.first[state.low]
            walk.at[start - own : stop - own] = state.at[start - other : stop - other]

    def _back(self, blocks: list[_Block], final: _State) -> list[Stretch]:
        chain, found = self.chain, []
        if not blocks:
            return []
        ends = final.waiting.copy()
        ends[: chain.words - final.low] -= self.ahead
        target, end = len(chain.symbols) + final.low + int(ends.argmax()), len(self.path.frames)
        for block in reversed(blocks):
            words, count = block.high - block.low, len(block.came) - (block.high - block.low) - 1
            came = int(block.came[self._local(block, count, target)])
            while came < 0:
                since, word = divmod(-1 - came, words)
                origin = self._whole(block, count, count + word)
                found.append(Stretch(block.begin + since, end, origin, target))
                end = block.begin + since
                target = self._whole(block, count, count + int(block.left[since, 0]))
                came = int(block.left[since, 1])
            origin = self._whole(block, count, came)
            if end > block.begin:
                found.append(Stretch(block.begin, end, origin, target))
            target, end = origin, block.begin
        return found[::-1]

    def _local(self, block: _Block, count: int, place: int) -> int:
        total = len(self.chain.symbols)
        if place >= total:
            return place - total - block.low + count
        return place - int(self.chain.first[block.low])

    def _whole(self, block: _Block, count: int, place: int) -> int:
        if place >= count:
            return place - count + block.low + len(self.chain.symbols)
        return place + int(self.chain.first[block.low])
