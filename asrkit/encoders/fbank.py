"""Kaldi's log-mel filter banks: what w2v-BERT 2.0 reads, as its feature extractor computes them."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from asrkit.encoders.kernels.mel_products import spectral_waves
from asrkit.encoders.logmel import FFT, HOP, WINDOW
from asrkit.plain import is_plain
from asrkit.rate import RATE

PREEMPHASIS = 0.97
LOWEST = 20.0  # Hz
SCALE = 2.0**15  # samples of 16 bits
FLOOR = 1.192092955078125e-07  # the least energy, before its logarithm


def _mel(hertz: Tensor) -> Tensor:
    return 1127 * torch.log1p(hertz / 700)


def mel_filters(bins: int) -> Tensor:
    """float64 [FFT / 2 + 1, bins]: triangles of equal width on the mel scale, of height 1."""
    ends = _mel(torch.tensor([LOWEST, RATE / 2], dtype=torch.float64))
    edges = torch.linspace(float(ends[0]), float(ends[1]), bins + 2, dtype=torch.float64)
    at = _mel(torch.arange(FFT // 2 + 1, dtype=torch.float64)[:, None] * RATE / FFT)
    rising = (at - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - at) / (edges[2:] - edges[1:-1])
    return torch.minimum(rising, falling).clamp(min=0)


def povey() -> Tensor:
    """float64 [WINDOW - 1]: Povey's window without its first sample, which is 0."""
    return torch.hann_window(WINDOW, periodic=False, dtype=torch.float64)[1:] ** 0.85


class Fbank(nn.Module):
    """[B, S] samples, at least one window long, to log-mel energies [B, T, bins]; frame i sees the
    samples 160 i ... 160 i + 399, without their mean and with pre-emphasis.

    In float64: of speech, float32 loses three digits of the weak channels beside the strong ones.
    """

    def __init__(self, bins: int) -> None:
        super().__init__()
        self.filters: Tensor
        self.window: Tensor
        with torch.device("cpu"):  # also where a model is built without memory
            self.register_buffer("filters", mel_filters(bins), persistent=False)
            self.register_buffer("window", povey(), persistent=False)

    def forward(self, samples: Tensor) -> Tensor:
        with torch.autocast(samples.device.type, enabled=False):
            windows = _windows((samples * SCALE).double())
            windows = windows - windows.mean(-1, keepdim=True)
            emphasized = windows[..., 1:] - PREEMPHASIS * windows[..., :-1]
            energies = _power(emphasized * self.window) @ self.filters
            return energies.clamp(min=FLOOR).log().float()


def _windows(samples: Tensor) -> Tensor:
    """[B, S] to every whole window [B, T, WINDOW]."""
    if not is_plain():
        return samples.unfold(1, WINDOW, HOP)
    starts = torch.arange((samples.shape[1] - WINDOW) // HOP + 1, device=samples.device) * HOP
    return samples[:, starts[:, None] + torch.arange(WINDOW, device=samples.device)]


def _power(windows: Tensor) -> Tensor:
    """[B, T, WINDOW - 1] to their power at each frequency [B, T, FFT / 2 + 1]."""
    if not is_plain():
        return torch.fft.rfft(windows, FFT).abs().square()
    waves = spectral_waves(WINDOW - 1, FFT)
    real, imaginary = (windows @ waves.t()).square().chunk(2, -1)
    return real + imaginary
