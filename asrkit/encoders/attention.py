"""Multi-head self-attention with key padding."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F


class SelfAttention(nn.Module):
    """[B, T, D] to [B, T, D]. One matrix holds the query, key and value projections, in that order.

    dropout: on the attention weights.
    """

    def __init__(self, size: int, *, heads: int, dropout: float) -> None:
        super().__init__()
        if size % heads:
            raise ValueError(f"width {size} is not a multiple of {heads} heads")
        self.heads, self.dropout = heads, dropout
        self.qkv = nn.Linear(size, 3 * size)
        self.out = nn.Linear(size, size)

    def forward(self, x: Tensor, valid: Tensor | None) -> Tensor:
        """valid: bool [B, T], false keys are not attended to; None if all are valid."""
        rows, frames, size = x.shape
        qkv = self.qkv(x).view(rows, frames, 3, self.heads, size // self.heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(
            query,
            key,
            value,
            attn_mask=None if valid is None else valid[:, None, None],
            dropout_p=self.dropout if self.training else 0.0,
        )
        return self.out(mixed.transpose(1, 2).reshape(rows, frames, size))
