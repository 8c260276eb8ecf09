"""Layers behind an encoder that halve its frames, for recognition (transformers calls w2v-BERT's
adapters)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from asrkit.batch import Padded
from asrkit.encoders.attention import SelfAttention
from asrkit.encoders.block import Block
from asrkit.encoders.conformer import FeedForward
from asrkit.encoders.kernels.dropout import Dropout
from asrkit.encoders.kernels.tensor_cores import LayerNorm

KERNEL, STRIDE = 3, 2


class PoolingConv(nn.Module):
    """[B, T, D] to [B, (T + 1) // 2, D]: norm, gated convolution."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.norm = LayerNorm(size)
        self.conv = nn.Conv1d(size, 2 * size, KERNEL, STRIDE, padding=KERNEL // 2)

    def forward(self, x: Tensor, valid: Tensor | None) -> Tensor:
        """valid: bool [B, T]; frames outside are zeros to the convolution."""
        x = self.norm(x)
        if valid is not None:
            x = x * valid[..., None]
        return F.glu(self.conv(x.transpose(1, 2)), 1).transpose(1, 2)


class PoolingLayer(Block):
    """Attention over half the frames, around which the other halving goes as residual, and a
    feed-forward with ReLU.

    dropout: after attention and feed-forward.
    """

    def __init__(
        self,
        size: int,
        *,
        heads: int,
        dropout: float,
        attention_dropout: float,
        activation_dropout: float,
    ) -> None:
        super().__init__()
        self.residual = PoolingConv(size)
        self.enter = PoolingConv(size)
        self.attention = SelfAttention(size, heads=heads, dropout=attention_dropout)
        self.ffn = FeedForward(size, dropout=activation_dropout, activation=F.relu)
        self.dropout = Dropout(dropout)

    def forward(self, frames: Tensor, lengths: Tensor) -> Tensor:
        """frames: [B, T, D], of which ``lengths`` [B] (on the host) are valid, at least 1."""
        before = Padded(frames, lengths)
        valid = before.valid() if before.has_padding() else None
        rest, x = self.residual(frames, valid), self.enter(frames, valid)
        after = Padded(x, halved(lengths))
        valid = after.valid() if after.has_padding() else None
        x = rest + self.dropout(self.attention(x, after.lengths, valid))
        return self.adapted(x + self.dropout(self.ffn(x)))


def halved(lengths: Tensor) -> Tensor:
    """Frames that PoolingConv makes of so many."""
    return torch.div(lengths + 1, STRIDE, rounding_mode="floor")
