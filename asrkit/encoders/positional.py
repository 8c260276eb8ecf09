"""Relative positions by convolution: a wide grouped convolution whose output is added."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from asrkit.encoders.affine import ChannelAffine
from asrkit.encoders.kernels.fft_conv import fft_conv, fft_filters
from asrkit.encoders.kernels.tensor_cores import (
    conv_padded_groups,
    layer_norm,
    on_tensor_cores,
)
from asrkit.plain import is_plain

FFT_KERNEL = 64  # from here on Fourier blocks are faster on a CPU


class WeightNormConv(nn.Module):
    """Conv1d whose kernel has one gain for every tap (weight normalization over dim 2)."""

    def __init__(self, size: int, kernel: int, groups: int) -> None:
        super().__init__()
        self.groups, self.kernel = groups, kernel
        direction = torch.randn(size, size // groups, kernel) * math.sqrt(4 / (kernel * size))
        self.weight_v = nn.Parameter(direction)
        self.weight_g = nn.Parameter(direction.norm(dim=(0, 1), keepdim=True))
        self.bias = nn.Parameter(torch.zeros(size))

    def forward(self, x: Tensor) -> Tensor:
        gain = self.gain()
        blocks = self.kernel >= FFT_KERNEL and x.device.type == "cpu" and not is_plain()
        if blocks and x.dtype == torch.float32:
            filters = fft_filters(self.weight_v, gain.flatten(), self.groups)
            return fft_conv(x, filters, self.groups) + self.bias
        return grouped_conv(x, self.weight_v * gain, self.bias, self.groups)

    def gain(self) -> Tensor:
        """[1, 1, k], on the taps of ``weight_v``."""
        return self.weight_g / self.weight_v.norm(dim=(0, 1), keepdim=True)


class _PlainConv(nn.Conv1d):
    """One of several stacked blocks, as in data2vec: no weight norm, PyTorch's default init."""

    def forward(self, x: Tensor) -> Tensor:
        return grouped_conv(x, self.weight, self.bias, self.groups)


def grouped_conv(x: Tensor, weight: Tensor, bias: Tensor | None, groups: int) -> Tensor:
    """x [B, T, D], weight [D, D / groups, k] to [B, T, D]; the last frame is cut if k is even."""
    frames, kernel = x.shape[1], weight.shape[2]
    if on_tensor_cores(x):
        return conv_padded_groups(x, weight, bias, groups)[:, :frames]
    out = F.conv1d(x.transpose(1, 2), weight, bias, padding=kernel // 2, groups=groups)
    return out[:, :, :frames].transpose(1, 2)


class ConvPosition(nn.Module):
    """[B, T, D] to [B, T, D], to be added to the input.

    depth 1: one weight-normalized convolution, GELU (wav2vec 2.0). depth d > 1: d blocks of
    convolution with kernel max(3, kernel // d), norm without affine, GELU (data2vec).
    affine: a gain and a bias for each channel before it all (HuBERT with batch norm).
    """

    def __init__(
        self, size: int, *, kernel: int, groups: int, depth: int, affine: bool = False
    ) -> None:
        super().__init__()
        if size % groups:
            raise ValueError(f"width {size} is not a multiple of the {groups} position groups")
        self.depth = depth
        if depth == 1:
            blocks: list[nn.Module] = [WeightNormConv(size, kernel, groups)]
        else:
            kernel = max(3, kernel // depth)
            blocks = [
                _PlainConv(size, size, kernel, padding=kernel // 2, groups=groups)
                for _ in range(depth)
            ]
        self.blocks = nn.ModuleList(blocks)
        self.affine = ChannelAffine(size) if affine else None

    def forward(self, x: Tensor, valid: Tensor | None = None) -> Tensor:
        """valid: bool [B, T]; frames outside are zeros to every block, so padding has no effect."""
        if self.affine is not None:
            x = self.affine(x)
        for block in self.blocks:
            x = block(x if valid is None else x * valid[..., None])
            if self.depth > 1:
                x = layer_norm(x)
            x = F.gelu(x)
        return x
