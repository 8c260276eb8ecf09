"""Mel energies as two products, for graphs: no complex numbers, nothing that few runtimes have.

A window's spectrum is a product with cosines and sines, which are computed, not stored: a runtime
does so once, when it loads the graph, and a file of them would be as large as a small network.
"""

from __future__ import annotations

import math

import torch
import torchaudio
from torch import Tensor
from torch.nn import functional as F


def spectral_waves(window: int, size: int) -> Tensor:
    """float64 [2 * (size / 2 + 1), window]: the cosines of a Fourier transform of ``size`` samples,
    then its sines, over the first ``window`` of them."""
    time = torch.arange(window, dtype=torch.float64)
    angle = torch.arange(size // 2 + 1, dtype=torch.float64)[:, None] * time * (2 * math.pi / size)
    # cosines by the sine: onnxruntime for WebAssembly has no cosine of float64
    return torch.cat([angle + math.pi / 2, angle]).sin()


def mel_energies(samples: Tensor, mel: torchaudio.transforms.MelSpectrogram) -> Tensor:
    """[B, S], at least one window long, to [B, T, mels]: the power of every whole window."""
    spectrum = mel.spectrogram
    window, size = spectrum.window, spectrum.n_fft
    waves = spectral_waves(len(window), size) * window.double()
    parts = F.conv1d(samples[:, None], waves.float()[:, None], stride=spectrum.hop_length)
    real, imaginary = parts.transpose(1, 2).square().chunk(2, -1)
    energies: Tensor = (real + imaginary) @ mel.mel_scale.fb
    return energies
