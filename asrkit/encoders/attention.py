"""Multi-head self-attention with key padding."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from asrkit.encoders.kernels.attention_cpu import attend


class SelfAttention(nn.Module):
    """[B, T, D] to [B, T, D]. One matrix holds the query, key and value projections, in that order.

    dropout: on the attention weights. position: see relative.py.
    """

    def __init__(
        self, size: int, *, heads: int, dropout: float, position: nn.Module | None = None
    ) -> None:
        super().__init__()
        if size % heads:
            raise ValueError(f"width {size} is not a multiple of {heads} heads")
        self.heads, self.dropout = heads, dropout
        self.qkv = nn.Linear(size, 3 * size)
        self.out = nn.Linear(size, size)
        self.position = position

    def projected(self, x: Tensor, *shared: Tensor) -> Tensor:
        """Queries, keys and values side by side, [B, T, 3 * D]."""
        qkv: Tensor = self.qkv(x)
        return qkv

    def forward(self, x: Tensor, lengths: Tensor, valid: Tensor | None, *shared: Tensor) -> Tensor:
        """lengths: [B] on the host. valid: the same as bool [B, T], false keys are not attended
        to; None if all are valid. shared: what ``position`` is given of all layers."""
        rows, frames, size = x.shape
        qkv = self.projected(x, *shared)
        dropout = self.dropout if self.training else 0.0
        bare = self.position is None
        if bare and dropout > 0 and qkv.device.type == "cpu" and qkv.dtype == torch.float32:
            out: Tensor = self.out(attend(qkv, lengths, self.heads, dropout))
            return out
        query, key, value = qkv.view(rows, frames, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        mask = None if valid is None else valid[:, None, None]
        if self.position is not None:
            query, scores = self.position(x, query, *shared)
            mask = scores if mask is None else scores.masked_fill(~mask, -torch.inf)
        mixed = F.scaled_dot_product_attention(query, key, value, mask, dropout)
        out = self.out(mixed.transpose(1, 2).reshape(rows, frames, size))
        return out
