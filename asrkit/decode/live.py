"""The frames of a recording that is not over: each is settled a bounded time after its audio.

The network is given windows: the next ``chunk``, what was before it (``left``), and what is behind
it (``right``), and is so as if it had been given the whole, but for what lies farther away. Frames
that two windows have are stitched as those of long recordings are (windows.py).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from typing import Protocol

import torch
from torch import Tensor

from asrkit.decode.timing import Clock
from asrkit.decode.windows import Network, Stitcher, in_windows
from asrkit.files import DataError
from asrkit.rate import RATE

CHUNK, LEFT, RIGHT = 0.64, 4.0, 0.64  # seconds
ENDPOINT = 0.8  # seconds without a token that end a segment


class LiveError(DataError):
    """A stream that cannot be."""


@dataclasses.dataclass(frozen=True)
class Live:
    """Seconds. chunk: of frames that are settled at once. left, right: of audio before and behind
    them that the network is given, too; with ``right`` infinite nothing is settled before the end,
    and the result is that of the whole. endpoint: without a token, that end a segment."""

    chunk: float = CHUNK
    left: float = LEFT
    right: float = RIGHT
    endpoint: float = ENDPOINT

    def __post_init__(self) -> None:
        for name in ("chunk", "endpoint"):
            if not 0 < getattr(self, name) < math.inf:
                raise LiveError(f"{name} is above 0 seconds, not {getattr(self, name):g}")
        if not 0 <= self.left < math.inf:
            raise LiveError(f"left is at least 0 seconds, not {self.left:g}")
        if not self.right >= 0:
            raise LiveError(f"right is at least 0 seconds, or infinite, not {self.right:g}")

    @property
    def window(self) -> float:
        """Seconds that the network is given at once."""
        return self.left + self.chunk + self.right

    @property
    def latency(self) -> float:
        """Seconds from the end of a frame's audio until it is settled, at most."""
        return self.chunk + self.right


class Source(Protocol):
    """due: how many samples there have to be until the next frames are settled."""

    @property
    def due(self) -> float: ...

    def add(self, samples: Tensor) -> Iterator[Tensor]:
        """The next samples [S] at 16 kHz to frames [T, V] that they settle, the next of the
        recording."""

    def rest(self) -> Tensor:
        """The frames up to the end, which is here."""


class Windowed:
    """Frames by windows, whose left context is recomputed.

    max_seconds: what the network may be given at once, at the end of a recording.
    """

    def __init__(self, network: Network, clock: Clock, live: Live, max_seconds: float) -> None:
        if math.isfinite(live.right) and live.window > max_seconds:
            raise LiveError(
                f"left, chunk and right are {live.window:g} seconds, and the network is given at "
                f"most {max_seconds:g} at once; choose less, or a larger max_seconds"
            )
        self._network, self._clock, self._max_seconds = network, clock, max_seconds
        self._chunk = max(1, int(live.chunk * RATE) // clock.hop)  # frames
        self._left = int(live.left * RATE) // clock.hop
        self._right = math.ceil(live.right * RATE) if math.isfinite(live.right) else math.inf
        self._until = self._chunk  # frames that the next window settles
        self._stitcher = Stitcher()
        self._held = torch.zeros(0)
        self._at = 0  # the sample of the recording that ``_held`` begins with

    @property
    def due(self) -> float:
        return (self._until - 1) * self._clock.hop + self._clock.seen + self._right

    def add(self, samples: Tensor) -> Iterator[Tensor]:
        self._held = torch.cat([self._held, samples])
        while self._at + len(self._held) >= self.due:
            first, wave = self._window(int(self.due))
            (frames,) = self._network([wave])
            settled = self._stitcher.add(first, frames)
            yield torch.cat([settled, self._stitcher.settle(self._until)])
            self._until += self._chunk
            self._forget()

    def rest(self) -> Tensor:
        first, wave = self._window(self._at + len(self._held))
        parts = in_windows(self._network, wave, self._clock, self._max_seconds)
        settled = self._stitcher.add(first, torch.cat(list(parts)))
        return torch.cat([settled, self._stitcher.settle()])

    def _window(self, end: int) -> tuple[int, Tensor]:
        """Its first frame, and its samples up to ``end``."""
        first = self._first
        return first, self._held[first * self._clock.hop - self._at : end - self._at]

    def _forget(self) -> None:
        """Lets go of the samples that no window will see."""
        begin = self._first * self._clock.hop
        self._held, self._at = self._held[begin - self._at :].clone(), begin

    @property
    def _first(self) -> int:
        """The frame that the next window begins with."""
        return max(0, self._stitcher.settled - self._left)


class Steps(Protocol):
    """A network that carries its state: the next samples [S] to the next frames [T, V]."""

    def add(self, samples: Tensor) -> Tensor: ...

    def rest(self) -> Tensor: ...


class Stepped:
    """Frames of such a network, a chunk at a time: each sees all that was before, and what it sees
    behind it is some hundredths of a second."""

    def __init__(self, steps: Steps, live: Live) -> None:
        self._steps = steps
        self._chunk = max(1, int(live.chunk * RATE))
        self.due: float = self._chunk
        self._held: list[Tensor] = []
        self._total = 0

    def add(self, samples: Tensor) -> Iterator[Tensor]:
        while len(samples):
            count = int(min(len(samples), self.due - self._total))
            self._held.append(samples[:count])
            self._total += count
            samples = samples[count:]
            if self._total == self.due:
                held, self._held = torch.cat(self._held), []
                self.due += self._chunk
                yield self._steps.add(held)

    def rest(self) -> Tensor:
        last = torch.cat([torch.zeros(0), *self._held])
        return torch.cat([self._steps.add(last), self._steps.rest()])
