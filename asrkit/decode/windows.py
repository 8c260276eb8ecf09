"""Long recordings in windows that overlap, and their frames stitched where nothing is said.

A word at the border of a window is whole in the next one. Of an overlap, whose frames exist twice,
the stitch is where both windows are surest of the blank: no token is cut, doubled or lost there.
"""

from __future__ import annotations

import itertools
import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, TypeVar

import torch
from torch import Tensor

from asrkit.decode.timing import Clock
from asrkit.rate import RATE

OVERLAP = 4.0  # seconds that two windows share; a frame of the network sees little more
MINIMUM = 0.1  # seconds of a window
T = TypeVar("T")
Network = Callable[[Iterable[Tensor]], Iterator[Tensor]]  # waveforms to frames, one by one


class WindowError(ValueError):
    """Windows that cannot be."""


class Window(NamedTuple):
    """Samples from ``start`` to ``stop`` of a recording; start is where a frame begins."""

    start: int
    stop: int


def plan(length: int, clock: Clock, seconds: float, overlap: float = OVERLAP) -> list[Window]:
    """Windows of ``seconds`` at most over ``length`` samples, each sharing ``overlap`` seconds with
    the one before: a third of a window at most. Raises WindowError for less than 0.1 seconds."""
    if seconds < MINIMUM:
        raise WindowError(f"max_seconds is at least {MINIMUM:g}, not {seconds:g}")
    size = int(seconds * RATE)
    if length <= size:
        return [Window(0, length)]
    size = max(size, clock.seen + 2 * clock.hop)  # a window has frames
    shared = min(int(overlap * RATE), size // 3)
    step = max((size - shared) // clock.hop, 1) * clock.hop
    starts = itertools.takewhile(
        lambda start: start == 0 or start + size - step < length, itertools.count(0, step)
    )
    return [Window(start, min(start + size, length)) for start in starts]


def streamed(
    network: Network, recordings: Iterable[tuple[T, Tensor]], clock: Clock, seconds: float
) -> Iterator[tuple[T, Iterator[Tensor]]]:
    """(what, samples [S]) to (what, the frames of all of it, in parts), in the same order.

    network: makes frames of waveforms, one by one (Speech2Text.frames). Windows of several
    recordings are recognized at once; the parts of one are used up before those of the next.
    """
    begun: deque[tuple[T, list[Window]]] = deque()

    def waves() -> Iterator[Tensor]:
        for what, samples in recordings:
            windows = plan(len(samples), clock, seconds)
            begun.append((what, windows))
            for start, stop in windows:
                yield samples[start:stop]

    results = network(waves())
    for first in results:
        what, windows = begun.popleft()
        rest = itertools.islice(results, len(windows) - 1)
        yield what, stitched(windows, itertools.chain([first], rest), clock)


def in_windows(network: Network, samples: Tensor, clock: Clock, seconds: float) -> Iterator[Tensor]:
    """The frames of one recording [S], in parts."""
    for _, parts in streamed(network, [(None, samples)], clock, seconds):
        yield from parts


def stitched(
    windows: Sequence[Window], results: Iterable[Tensor], clock: Clock
) -> Iterator[Tensor]:
    """What a network makes of the windows, [T_i, V] log-probabilities or [T_i] best tokens, as the
    frames of the whole, in parts: the last window's frames reach the end of the recording."""
    stitcher = Stitcher()
    for number, (window, result) in enumerate(zip(windows, results, strict=True)):
        settled = stitcher.add(window.start // clock.hop, result)
        if number:
            yield settled
    if windows:
        yield stitcher.settle()


class Stitcher:
    """Frames of windows, one window after the other, as those of the recording.

    settled: how many frames of it were given out.
    """

    def __init__(self) -> None:
        self.settled = 0
        self._held: Tensor | None = None

    def add(self, first: int, frames: Tensor) -> Tensor:
        """A window's frames, the first of which is ``first`` of the recording, to those that are
        settled by it: of the windows before, up to the stitch."""
        held, self._held = self._held, frames[max(0, self.settled - first) :]
        first = max(first, self.settled)
        if held is None:
            return frames[:0]
        both = self.settled + len(held) - first  # frames that exist twice
        cut = _stitch(held[len(held) - both :], self._held[:both]) if both > 0 else 0
        self._held, self.settled = self._held[cut:], first + cut
        return held[: len(held) - max(both, 0) + cut]

    def settle(self, until: float = math.inf) -> Tensor:
        """The frames before number ``until`` that are held: they stay as they are, whatever windows
        behind say of them."""
        assert self._held is not None
        count = int(max(0, min(until - self.settled, len(self._held))))
        found, self._held = self._held[:count], self._held[count:]
        self.settled += count
        return found


def _stitch(before: Tensor, after: Tensor) -> int:
    """Of frames that two windows have, the first that the later one gives: the middle of those that
    both find blank, or the likeliest blank."""
    size = len(after)
    if before.ndim == 1:
        sure = ((before == 0) & (after == 0)).double() - 1
    else:
        sure = (before[:, 0] + after[:, 0]).double().clamp(min=-100.0)
    far = (torch.arange(size) - (size - 1) / 2).abs() / size
    blank = sure > -0.02  # both at 0.99: the nearest to the middle; else the surest
    return int(torch.where(blank, 1.0 - far, sure).argmax())
