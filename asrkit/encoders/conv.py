"""The stack of strided convolutions that turns samples (or log-mel frames) into local features."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from asrkit.batch import Padded, valid_mask
from asrkit.encoders.kernels.conv_frames import conv_frames
from asrkit.encoders.kernels.group_norm import normalized_first_layer
from asrkit.encoders.kernels.tensor_cores import LayerNorm
from asrkit.encoders.touch_unused import touch_unused
from asrkit.plain import is_plain

EPS = 1e-5


class ConvLayer(nn.Module):
    """Convolution without padding, on [B, T, C_in]; the norm is the stack's business.

    weight: [C_out, C_in, k], Kaiming normal (fan-in, gain sqrt 2); bias: PyTorch's default.
    """

    def __init__(self, input_size: int, output_size: int, kernel: int, stride: int, bias: bool):
        super().__init__()
        self.kernel, self.stride = kernel, stride
        self.weight = nn.Parameter(torch.empty(output_size, input_size, kernel))
        nn.init.kaiming_normal_(self.weight)
        self.bias = nn.Parameter(torch.empty(output_size)) if bias else None
        if self.bias is not None:
            bound = 1 / math.sqrt(input_size * kernel)
            nn.init.uniform_(self.bias, -bound, bound)

    def lengths(self, lengths: Tensor) -> Tensor:
        frames = torch.div(lengths - self.kernel, self.stride, rounding_mode="floor") + 1
        return frames.clamp(min=0)

    def forward(self, x: Tensor) -> Tensor:
        return conv_frames(x, self.weight, self.bias, self.stride)


def at_least(x: Tensor, size: int) -> Tensor:
    """[B, T, C] with zeros after its end where T is less than ``size``, as in plain form it is
    not."""
    if is_plain() or x.shape[1] >= size:
        return x
    return F.pad(x, (0, 0, 0, size - x.shape[1]))


class ConvStack(nn.Module):
    """[B, T, C_in] to [B, T', F]: convolution, norm, GELU, as often as ``layers`` says.

    layers: [channels, kernel, stride] each.
    norm: ``group``: the first layer alone is normalized, every channel over the valid time of its
        utterance; ``layer``: every layer is normalized over channels, frame by frame.
    """

    def __init__(self, input_size: int, layers: list[list[int]], *, norm: str, bias: bool) -> None:
        super().__init__()
        if norm not in ("group", "layer"):
            raise ValueError(f"conv_norm is {norm!r}; it must be group or layer")
        if not layers or any(len(layer) != 3 or min(layer) < 1 for layer in layers):
            raise ValueError(
                f"conv_layers must be a list of [channels, kernel, stride] above 0, not {layers}"
            )
        sizes = [input_size, *(channels for channels, _, _ in layers)]
        convs = nn.ModuleList(
            ConvLayer(size, channels, kernel, stride, bias)
            for size, (channels, kernel, stride) in zip(sizes, layers, strict=False)
        )
        self.convs = cast(Sequence[ConvLayer], convs)
        normalized = sizes[1:2] if norm == "group" else sizes[1:]
        norms = nn.ModuleList(LayerNorm(size, eps=EPS) for size in normalized)
        self.norms = cast(Sequence[nn.LayerNorm], norms)
        self.grouped = norm == "group"
        self.input_size, self.output_size = input_size, sizes[-1]
        self.stride = math.prod(stride for _, _, stride in layers)

    def lengths(self, lengths: Tensor) -> Tensor:
        """Frames for inputs of ``lengths`` [B]; 0 for an input shorter than the receptive field."""
        for conv in self.convs:
            lengths = conv.lengths(lengths)
        return lengths

    @property
    def receptive_field(self) -> int:
        """Inputs that one output frame sees."""
        field = 1
        for conv in reversed(self.convs):
            field = (field - 1) * conv.stride + conv.kernel
        return field

    def forward(self, x: Padded) -> Padded:
        """x: [B, T, C_in]. An input shorter than the receptive field gives one frame, not valid."""
        frames, lengths = at_least(x.data, self.receptive_field), x.lengths
        for number, conv in enumerate(self.convs):
            lengths = conv.lengths(lengths)
            if self.grouped and number == 0:
                frames = normalized_first_layer(
                    frames, conv.weight, conv.stride, self.norms[0], lengths
                )
                if conv.bias is not None:  # the norm takes it out again
                    frames = touch_unused(frames, [conv.bias])
            else:
                frames = conv(frames)
                if not self.grouped:
                    frames = self.norms[number](frames)
            frames = F.gelu(frames)
        return Padded(frames, lengths)


def windows(x: Tensor, size: int, offset: int, count: int) -> Tensor:
    """[B, S, C] from ``offset`` on to [B, count, size * C]: windows side by side, zeros after S."""
    missing = offset + count * size - x.shape[1]
    if missing > 0:
        x = F.pad(x, (0, 0, 0, missing))
    return x[:, offset : offset + count * size].reshape(len(x), count, size * x.shape[2])


def frame_weights(lengths: Tensor, size: int, device: torch.device) -> Tensor | None:
    """float [B, size], 1 where a frame is valid; None if all are, which the host knows."""
    if int(lengths.min()) >= size:
        return None
    return valid_mask(lengths, size, device).float()
