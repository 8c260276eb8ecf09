"""Classifiers over the encoder's frames: one product a frame, or a strided convolution."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from asrkit.batch import Padded
from asrkit.plain import is_plain


class LinearHead(nn.Linear):
    """[B, T, D] to scores [B, T, classes]. seen: frames of each, and from one to the next."""

    seen = (1, 1)

    def forward(self, x: Padded) -> Padded:  # type: ignore[override]
        return Padded(super().forward(x.data), x.lengths)

    def output_lengths(self, lengths: Tensor) -> Tensor:
        return lengths


class ConvHead(nn.Conv1d):
    """[B, T, D] to scores [B, T // stride, classes]: one convolution, zeros after the last frame.

    A row's scores are the same alone and padded in a batch. seen: as of LinearHead.
    """

    @property
    def seen(self) -> tuple[int, int]:
        return self.kernel_size[0], self.stride[0]

    def forward(self, x: Padded) -> Padded:  # type: ignore[override]
        kernel, stride = self.kernel_size[0], self.stride[0]
        frames = x.data
        if x.has_padding():
            frames = frames * x.valid()[..., None]
        after = kernel - stride
        if not is_plain():  # where there is a frame to come out
            after = max(kernel - frames.shape[1], after)
        scores: Tensor = super().forward(F.pad(frames, (0, 0, 0, after)).transpose(1, 2))
        return Padded(scores.transpose(1, 2), self.output_lengths(x.lengths))

    def output_lengths(self, lengths: Tensor) -> Tensor:
        return torch.div(lengths, self.stride[0], rounding_mode="floor")


def ctc_head(size: int, classes: int, *, kernel: int = 1, stride: int = 1) -> LinearHead | ConvHead:
    """Kernel 1: Xavier weights, zero bias (released code, fairseq); else PyTorch's defaults."""
    if not 1 <= stride <= kernel:
        raise ValueError(f"head_stride ({stride}) lies between 1 and head_kernel ({kernel})")
    if kernel > 1:
        return ConvHead(size, classes, kernel, stride)
    head = LinearHead(size, classes)
    nn.init.xavier_uniform_(head.weight)
    nn.init.zeros_(head.bias)
    return head
