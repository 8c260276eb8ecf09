"""Layouts that a GPU's tensor cores take without copies, for products in half precision.

Why: cuDNN runs a convolution of [B, C, T] views with copies to its own layout and back around it;
groups of 48 channels fall to a kernel without tensor cores, as do products whose rows are no
multiple of 16 bytes. The arithmetic is that of the plain operation. Measured in docs/gpu.md.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

FEW_TAPS = 32  # a filter of so few weights is one small product a frame
TILE = 64  # channels of a group that tensor cores take whole
ROW = 8  # half-precision numbers in 16 bytes


def on_tensor_cores(x: Tensor) -> bool:
    """Whether autocast multiplies x in half precision on a GPU."""
    return x.device.type == "cuda" and torch.is_autocast_enabled("cuda")


def _kind(x: Tensor) -> torch.dtype:
    """The type that products of x are computed in."""
    return torch.get_autocast_dtype("cuda") if on_tensor_cores(x) else x.dtype


def conv_channels_last(x: Tensor, weight: Tensor, bias: Tensor | None, stride: int) -> Tensor:
    """x [B, T, C], weight [O, C, k] to [B, (T - k) // stride + 1, O]; no padding.

    [B, T, C] is the channels-last layout of an image one pixel high.
    """
    size, channels, kernel = weight.shape
    if channels * kernel <= FEW_TAPS:
        windows = x.unfold(1, kernel, stride).flatten(2)  # [B, T', C * k]
        filters = weight.view(size, -1).t().expand(len(x), -1, -1)
        return windows_times(windows, filters, bias)
    image = x.transpose(1, 2).unsqueeze(2)
    filters = weight.unsqueeze(2).contiguous(memory_format=torch.channels_last)
    return F.conv2d(image, filters, bias, (1, stride)).squeeze(2).transpose(1, 2)


def windows_times(windows: Tensor, filters: Tensor, shift: Tensor | None) -> Tensor:
    """windows [B, T, K] @ filters [B, K, O] + shift ([O] or [B, 1, O]), in autocast's type.

    A product for each row of the batch: the filters' gradient sums over T within a row, in
    parallel over the rows.
    """
    kind = _kind(windows)
    more = -windows.shape[2] % ROW
    windows = F.pad(windows.to(kind), (0, more))
    filters = F.pad(filters.to(kind), (0, 0, 0, more))
    if shift is None:
        return torch.bmm(windows, filters)
    return torch.baddbmm(shift.to(kind), windows, filters)


def conv_padded_groups(x: Tensor, weight: Tensor, bias: Tensor | None, groups: int) -> Tensor:
    """x [B, T, D], weight [D, D / groups, k], padding k // 2 to [B, T or T + 1, D].

    Groups that are no multiple of TILE channels get channels of zeros, which leave again; not if
    that would more than double the work.
    """
    rows, frames, size = x.shape
    width, kernel = weight.shape[1:]
    more = -width % TILE
    if 2 * more > width:
        more = 0
    wide = width + more
    if more:
        x = F.pad(x.reshape(rows, frames, groups, width), (0, more)).flatten(2)
        weight = F.pad(weight.view(groups, width, width, kernel), (0, 0, 0, more, 0, more))
        weight = weight.flatten(0, 1)
    out = F.conv1d(x.transpose(1, 2), weight, padding=kernel // 2, groups=groups).transpose(1, 2)
    if more:
        out = out.reshape(rows, -1, groups, wide)[..., :width].reshape(rows, -1, size)
    return out if bias is None else out + bias.to(out.dtype)


def layer_norm(
    x: Tensor, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5
) -> Tensor:
    """Over the last axis; under autocast on a GPU it reads and writes half precision.

    Its sums are float32 all the same. Autocast would write float32, which the next product casts
    again: three times the memory traffic.
    """
    if not on_tensor_cores(x):
        return F.layer_norm(x, x.shape[-1:], weight, bias, eps)
    kind = _kind(x)
    weight, bias = (None if part is None else part.to(kind) for part in (weight, bias))
    with torch.autocast("cuda", enabled=False):
        return F.layer_norm(x.to(kind), x.shape[-1:], weight, bias, eps)


class LayerNorm(nn.LayerNorm):
    """torch's, by ``layer_norm``."""

    def forward(self, x: Tensor) -> Tensor:
        return layer_norm(x, self.weight, self.bias, self.eps)
