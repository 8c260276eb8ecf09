"""A strided convolution on frames, [B, T, C] to [B, T', O], as matrix products without copies.

Why: a frame's neighbors lie next to it in memory, so the ``stride`` taps from s*j on, for all
output frames at once, are one matrix with rows ``stride * C`` apart: kernel 2 stride 2 is a single
product on a plain view, kernel 3 stride 2 is two. On a CPU this saves the layout changes around
oneDNN's convolution and keeps features frame by frame, as the norms and the transformer want them.
On other devices the library's convolution is used, on a GPU in a layout of its own
(tensor_cores.py).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from asrkit.encoders.kernels.tensor_cores import conv_channels_last, on_tensor_cores
from asrkit.plain import is_plain


def conv_frames(x: Tensor, weight: Tensor, bias: Tensor | None, stride: int) -> Tensor:
    """x [B, T, C], weight [O, C, k] to [B, (T - k) // stride + 1, O]; no padding."""
    if on_tensor_cores(x):
        return conv_channels_last(x, weight, bias, stride)
    other = x.device.type != "cpu" or x.dtype != weight.dtype or torch.is_autocast_enabled("cpu")
    if other or is_plain():
        return F.conv1d(x.transpose(1, 2), weight, bias, stride).transpose(1, 2)
    out = _ConvFrames.apply(x, weight, stride)
    return out if bias is None else out + bias


def _rows(x: Tensor, stride: int, first: int, taps: int, frames: int) -> Tensor:
    """[frames, taps * C]: taps ``first .. first + taps - 1`` of every frame, a view of x [T, C]."""
    channels = x.shape[1]
    offset = x.storage_offset() + first * channels
    return x.as_strided((frames, taps * channels), (stride * channels, 1), offset)


class _ConvFrames(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, stride: int) -> Tensor:
        x = x.contiguous()
        taps_first = weight.permute(2, 1, 0).contiguous()  # [k, C, O]
        ctx.save_for_backward(x, taps_first)
        ctx.stride = stride
        kernel, channels, size = taps_first.shape
        frames = (x.shape[1] - kernel) // stride + 1
        out = x.new_empty(x.shape[0], frames, size)
        for first in range(0, kernel, stride):
            taps = min(stride, kernel - first)
            part = taps_first[first : first + taps].reshape(taps * channels, size)
            for row in range(x.shape[0]):
                seen = _rows(x[row], stride, first, taps, frames)
                out[row].addmm_(seen, part, beta=1 if first else 0)
        return out

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, Tensor, None]:
        x, taps_first = ctx.saved_tensors
        grad, stride, frames = grad.contiguous(), ctx.stride, grad.shape[1]
        kernel, channels, size = taps_first.shape
        grad_x = torch.zeros_like(x) if ctx.needs_input_grad[0] else None
        grad_weight = torch.zeros_like(taps_first)
        for first in range(0, kernel, stride):
            taps = min(stride, kernel - first)
            part = taps_first[first : first + taps].reshape(taps * channels, size)
            grad_part = grad_weight[first : first + taps].view(taps * channels, size)
            for row in range(x.shape[0]):
                grad_part.addmm_(_rows(x[row], stride, first, taps, frames).t(), grad[row])
                if grad_x is not None:
                    _rows(grad_x[row], stride, first, taps, frames).addmm_(grad[row], part.t())
        return grad_x, grad_weight.permute(2, 1, 0), None
