"""One channel of several: their mean, or the one that somebody asks for."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

# Of the mean, against channels that have nothing to do with each other (1 - 0.9, two of which one
# is 0.9 times the other's negative): below it, the mean is what is left of a cancellation.
MINIMUM_POWER = 0.1
SILENT = "all samples are 0"


class Mono(NamedTuple):
    """samples: float32 [F]. remark: what the listener should know, else empty."""

    samples: np.ndarray
    remark: str = ""


def mono(frames: np.ndarray, channel: int | None = None) -> Mono:
    """float32 [F, C] to channel number ``channel`` (from 1), or the mean of all.

    Where channels cancel, as a swapped wire makes of them, the mean is silence: the loudest of them
    is taken. Raises ValueError if there is no such channel.
    """
    samples = pick(frames, channel)
    count = frames.shape[1]
    if count > 1 and channel is None:
        powers = np.array([np.dot(row, row) for row in frames.T], np.float64)
        # independent ones of these powers would leave sum / C^2
        if np.dot(samples, samples) * count**2 < MINIMUM_POWER * powers.sum():
            best = int(powers.argmax())
            return Mono(frames[:, best], f"channels cancel out, number {best + 1} is taken")
    return Mono(samples)


def pick(frames: np.ndarray, channel: int | None = None) -> np.ndarray:
    """float32 [F, C] to [F]: as ``mono``, and the mean also where channels cancel."""
    count = frames.shape[1]
    if channel is None:
        return frames.mean(axis=1)
    if not 1 <= channel <= count:
        raise ValueError(f"has {count} channel(s), and number {channel} is asked for")
    return frames[:, channel - 1]


def silence(samples: np.ndarray) -> str:
    """A remark on samples [S] that are all zero in 16 bits, else empty."""
    return "" if np.abs(samples).max(initial=0) >= 2**-16 else SILENT
