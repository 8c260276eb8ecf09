"""Training audio made as it might have been recorded otherwise: other speeds, rooms, noise, lines.

Everything is a function of the samples and of (seed, epoch, utterance, copy), drawn by noise.py: a
run that goes on, and one on more ranks, is given the same audio. No recordings are needed.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import numpy as np
import torch
from torch import Tensor

from asrkit import noise
from asrkit.audio.reading import change_speed
from asrkit.kaldi.speed import percent
from asrkit.keys import key_of
from asrkit.ranges import Decibels, Positive, Share
from asrkit.rate import RATE

LINE = (300.0, 3400.0)  # Hz that a telephone carries (ITU-T G.712), and over how many they fade
FADE = 100.0
MU = 255  # of the compression of G.711
HOST = torch.device("cpu")


class Augment(ABC):
    """A change of training audio.

    slowest: the lowest speed at which a clip may be played; micro-batches are planned for clips
    that are longer by it.
    """

    slowest: float = 1.0

    @abstractmethod
    def __call__(self, samples: np.ndarray, *key: int | str) -> np.ndarray:
        """float32 [S] at 16 kHz to [S'], S' at most ``longest(S)``; the same for the same key."""

    def longest(self, lengths: np.ndarray) -> np.ndarray:
        """[N] samples to the most that these clips may have, int32."""
        if self.slowest == 1:
            return lengths
        return np.ceil(lengths / self.slowest).astype(np.int32)


class Waveform(Augment):
    """Each change has its own chance, and they happen in this order.

    speeds: one of them is drawn (hundredths from 0.5 to 2); 1 leaves a clip as it is. Tempo and
        pitch change together (Ko et al., Interspeech 2015).
    room_prob: a room's echo, noise that dies away by 60 dB in ``room_seconds`` (from, to) and is as
        loud as the direct sound or up to 10 dB less.
    noise_prob: noise of a color between white and brown at a signal-to-noise ratio of ``noise_snr``
        dB (from, to).
    telephone_prob: 300 to 3,400 Hz in the 8 bits of G.711.
    volume: dB (from, to) by which all of it is louder; a front end that normalizes takes it back.
    """

    def __init__(
        self,
        *,
        speeds: list[Positive] = [1.0],  # noqa: B006 (read only)
        room_prob: Share = 0.0,
        room_seconds: list[Positive] = [0.1, 0.5],  # noqa: B006
        noise_prob: Share = 0.0,
        noise_snr: list[Decibels] = [5.0, 25.0],  # noqa: B006
        telephone_prob: Share = 0.0,
        volume: list[Decibels] = [0.0, 0.0],  # noqa: B006
    ) -> None:
        if not speeds:
            raise ValueError("speeds is empty; [1.0] plays every clip as it is")
        self.speeds = [percent(speed, "speeds") for speed in speeds]
        self.slowest = min(100, *self.speeds) / 100
        self.room_prob, self.room_seconds = room_prob, _between("room_seconds", room_seconds)
        self.noise_prob, self.noise_snr = noise_prob, _between("noise_snr", noise_snr)
        self.telephone_prob, self.volume = telephone_prob, _between("volume", volume)

    def __call__(self, samples: np.ndarray, *key: int | str) -> np.ndarray:
        draw = _Draw(key_of(*key, "augment"))
        most = len(samples) if self.slowest == 1 else int(self.longest(np.array(len(samples))))
        number = min(int(draw.one("speed") * len(self.speeds)), len(self.speeds) - 1)
        x = torch.from_numpy(change_speed(samples, self.speeds[number])[:most].copy())
        if draw.one("room") < self.room_prob:
            x = echoed(x, draw.between("room seconds", self.room_seconds), draw)
        if draw.one("noise") < self.noise_prob:
            x = noisy(x, draw.between("snr", self.noise_snr), draw)
        if draw.one("telephone") < self.telephone_prob:
            x = by_telephone(x)
        gain = draw.between("volume", self.volume)
        changed: np.ndarray = (x * 10 ** (gain / 20) if gain else x).numpy()
        return changed


class _Draw:
    """Uniform numbers of one clip, by what they are for."""

    def __init__(self, key: int) -> None:
        self._key = key

    def many(self, purpose: str, count: int) -> Tensor:
        """[count] in (0, 1)."""
        keys = noise.row_keys(torch.tensor([self._key]), purpose)
        return noise.uniform(keys, count, HOST)[0]

    def one(self, purpose: str) -> float:
        return float(self.many(purpose, 1))

    def between(self, purpose: str, ends: tuple[float, float]) -> float:
        return ends[0] + (ends[1] - ends[0]) * self.one(purpose)


def echoed(x: Tensor, seconds: float, draw: _Draw) -> Tensor:
    """[S] in a room that falls silent in ``seconds``; as long, and as loud, as before."""
    size = max(1, min(int(seconds * RATE), len(x)))
    times = torch.arange(size) / RATE
    tail = (2 * draw.many("echo", size) - 1) * (-math.log(1000) * times / seconds).exp()
    tail *= 10 ** (-draw.between("echo level", (0.0, 10.0)) / 20) / tail.norm().clamp(min=1e-9)
    tail[0] = 1.0
    length = len(x) + size
    wet = torch.fft.irfft(torch.fft.rfft(x, length) * torch.fft.rfft(tail, length), length)
    wet = wet[: len(x)]
    return wet * (x.norm() / wet.norm().clamp(min=1e-9))


def noisy(x: Tensor, snr: float, draw: _Draw) -> Tensor:
    """[S] with noise ``snr`` dB below its mean power; its spectrum falls by 0 to 6 dB an octave."""
    spectrum = torch.fft.rfft(2 * draw.many("noise samples", len(x)) - 1)
    steps = torch.arange(len(spectrum)).clamp(min=1).float()
    added = torch.fft.irfft(spectrum * steps ** -draw.one("color"), len(x))
    return x + added * (x.norm() / added.norm().clamp(min=1e-9) * 10 ** (-snr / 20))


def by_telephone(x: Tensor) -> Tensor:
    """[S] through a line: its band, and the steps of its mu-law."""
    low, high = LINE
    hertz = torch.fft.rfftfreq(len(x), 1 / RATE)
    inside = ((hertz - low) / FADE + 1).clamp(0, 1) * ((high - hertz) / FADE + 1).clamp(0, 1)
    band = torch.fft.irfft(torch.fft.rfft(x) * inside, len(x)).clamp(-1, 1)
    small = torch.log1p(MU * band.abs()) / math.log1p(MU)
    steps = (small * 127).round() / 127
    return band.sign() * torch.expm1(steps * math.log1p(MU)) / MU


def _between(name: str, ends: list[float]) -> tuple[float, float]:
    if len(ends) != 2 or ends[0] > ends[1]:
        raise ValueError(f"{name} is {ends}; give the lowest value and the highest")
    return ends[0], ends[1]
