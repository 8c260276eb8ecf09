"""Sound that comes in parts, of any rate, as 16 kHz mono: the samples of the whole."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from asrkit.audio import reading as audio
from asrkit.audio.channels import pick
from asrkit.audio.decoders import check_bounds
from asrkit.rate import RATE

_GROUP = 0.02  # seconds that are resampled at once, at least


class Incoming:
    """Parts of a recording to samples at 16 kHz. channel: number of the one to take, from 1; the
    mean of all if None. delay: seconds by which samples of another rate come later, at most.

    Raises AudioError for a rate that no recording has.
    """

    def __init__(self, rate: int, channel: int | None = None) -> None:
        audio.check_rate(rate, "samples")
        self.rate, self._channel = rate, channel
        self._resampler = None if rate == RATE else _Resampler(rate)
        self.delay = 0.0 if self._resampler is None else self._resampler.delay

    def add(self, samples: np.ndarray | Tensor) -> np.ndarray:
        """The next samples, [S] or [C, S], floats in [-1, 1] or int16, to float32 [S'] at 16 kHz.

        Raises AudioError for anything else, also for samples that are not numbers, and for more
        channels than any recording has, which are samples, [S, C].
        """
        if isinstance(samples, Tensor):
            samples = samples.detach().cpu().numpy()
        frames = audio.frames_of(samples)
        audio.check_samples(frames, "samples")
        try:
            check_bounds(self.rate, frames.shape[1], len(frames))
            mono = pick(frames, self._channel)
        except ValueError as error:
            raise audio.AudioError(f"samples: {error}") from None
        return mono if self._resampler is None else self._resampler.add(mono)

    def rest(self) -> np.ndarray:
        """What there is still to come, once all samples were added."""
        return np.zeros(0, np.float32) if self._resampler is None else self._resampler.rest()


class _Resampler:
    """audio.reading's filter, whose result for each group of samples depends on so many more."""

    def __init__(self, rate: int) -> None:
        self._filter = audio.resampler(rate, RATE)
        common = math.gcd(rate, RATE)
        self._step, self._made = rate // common, RATE // common  # samples in, samples out
        self._group = math.ceil(_GROUP * rate / self._step) * self._step
        self._held = np.zeros(self._filter.width, np.float32)
        self._in = self._out = 0
        self.delay = (self._group + self._filter.width) / rate

    def add(self, samples: np.ndarray) -> np.ndarray:
        self._in += len(samples)
        self._held = np.concatenate([self._held, samples])
        # groups of one size: the same sums are made however the samples came
        size = self._group + 2 * self._filter.width
        made = []
        at = 0
        while len(self._held) - at >= size:
            made.append(self._of(self._held[at : at + size]))
            at += self._group
        self._held = self._held[at:]
        return self._counted(made)

    def rest(self) -> np.ndarray:
        last = self._of(np.pad(self._held, (0, self._filter.width + self._step)))
        found = self._counted([last])
        left = math.ceil(self._in * self._made / self._step) - self._out
        return found[: len(found) + left] if left < 0 else found

    def _of(self, samples: np.ndarray) -> np.ndarray:
        kernel: Tensor = self._filter.kernel
        rows = F.conv1d(torch.from_numpy(samples)[None, None], kernel, stride=self._step)
        return rows[0].T.reshape(-1).numpy()

    def _counted(self, made: list[np.ndarray]) -> np.ndarray:
        found = np.concatenate([np.zeros(0, np.float32), *made])
        self._out += len(found)
        return found
