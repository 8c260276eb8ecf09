"""A grouped convolution over time with a wide kernel, [B, T, D] to [B, T, D], by Fourier blocks.

Why: 128 taps on 48 channels a group are 5 million products a frame, and CPU libraries run grouped
kernels far below their speed. In blocks of twice the kernel each frequency needs one 48 x 48
product a group for 129 outputs. The transforms are products with a fixed matrix: they leave the
data frequency by frequency, as the products over channels need it, and the gain of weight
normalization scales that matrix instead of the kernel.
"""

from __future__ import annotations

import functools
import math

import torch
from torch import Tensor
from torch.nn import functional as F


@functools.lru_cache(maxsize=8)
@torch.inference_mode(False)  # whoever asks first: what is made in that mode no one can learn with
def _bases(kernel: int) -> tuple[Tensor, Tensor]:
    """Forward [2 * F, size] and inverse [hop, 2 * F] matrices of blocks of size 2 * kernel.

    Rows: real parts of F = kernel + 1 frequencies, then imaginary parts. hop: outputs of a block
    that see no wrap-around.
    """
    size, hop = 2 * kernel, kernel + 1
    time = torch.arange(size, dtype=torch.float64)
    angle = torch.arange(kernel + 1, dtype=torch.float64)[:, None] * time * (2 * math.pi / size)
    forward = torch.cat([angle.cos(), -angle.sin()])
    # Every frequency but the first and the last stands for its conjugate too.
    twice = torch.full((kernel + 1, 1), 2.0, dtype=torch.float64)
    twice[0] = twice[-1] = 1.0
    inverse = forward * torch.cat([twice, twice]) / size
    return forward.float(), inverse[:, :hop].t().contiguous().float()


def fft_filters(weight: Tensor, gain: Tensor | None, groups: int) -> Tensor:
    """weight [D, D / groups, k], gain [k] on its taps, to the filters of ``fft_conv``: real and
    imaginary parts, [2, (k + 1) * groups, D / groups, D / groups]."""
    width, kernel = weight.shape[1:]
    forward, _ = _bases(kernel)
    taps = forward[:, :kernel] if gain is None else forward[:, :kernel] * gain
    filters = (taps @ weight.view(-1, kernel).t()).view(2, (kernel + 1) * groups, width, width)
    return filters.transpose(2, 3)


def fft_conv(x: Tensor, filters: Tensor, groups: int) -> Tensor:
    """x [B, T, D], filters of ``fft_filters`` to [B, T, D]; float32 on the CPU.

    Output t sees inputs t - k // 2 on, zeros outside, as a convolution padded by k // 2.
    """
    rows, frames, size = x.shape
    width, hop = filters.shape[2], filters.shape[1] // groups
    kernel = hop - 1
    forward, inverse = _bases(kernel)
    blocks = -(-frames // hop)
    left = kernel // 2
    padded = F.pad(x, (0, 0, left, blocks * hop + kernel - 1 - left - frames))
    windows = padded.unfold(1, 2 * kernel, hop)  # [B, blocks, D, 2k]
    signal = forward @ windows.permute(3, 0, 1, 2).reshape(2 * kernel, -1)
    real, imag = (
        signal.view(2, hop, rows * blocks, groups, width)
        .transpose(2, 3)
        .reshape(2, hop * groups, rows * blocks, width)
    )
    filter_real, filter_imag = filters
    # A network's "convolution" correlates: the filter's conjugate times the signal.
    out_real = torch.baddbmm(torch.bmm(real, filter_real), imag, filter_imag)
    out_imag = torch.baddbmm(torch.bmm(imag, filter_real), real, filter_imag, alpha=-1)
    spectrum = (
        torch.stack([out_real, out_imag])
        .view(2, hop, groups, rows * blocks, width)
        .transpose(2, 3)
        .reshape(2 * hop, -1)
    )
    out = (inverse @ spectrum).view(hop, rows, blocks, size)
    return out.permute(1, 2, 0, 3).reshape(rows, blocks * hop, size)[:, :frames]
