"""Neighboring frames as one, in a stack of convolutions' place; nothing in it learns."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from asrkit.batch import Padded
from asrkit.encoders.conv import at_least


class SideBySide(nn.Module):
    """[B, T, C] to [B, T // count, count * C]; see ConvStack, whose place it takes."""

    def __init__(self, input_size: int, count: int) -> None:
        super().__init__()
        self.input_size, self.output_size = input_size, input_size * count
        self.stride = self.receptive_field = count

    def lengths(self, lengths: Tensor) -> Tensor:
        return torch.div(lengths, self.stride, rounding_mode="floor")

    def forward(self, x: Padded) -> Padded:
        frames = at_least(x.data, self.stride)
        # by index, not as a slice: a graph that is traced cannot tell that its end lies within
        starts = torch.arange(frames.shape[1] // self.stride, device=frames.device) * self.stride
        at = starts[:, None] + torch.arange(self.stride, device=frames.device)
        return Padded(frames[:, at].flatten(2), self.lengths(x.lengths))
