"""A transformer layer that sees no future, with learned relative positions (Shaw et al. 2018)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from asrkit.encoders.kernels.dropout import Dropout


class CausalAttention(nn.Module):
    """[B, T, D] to [B, T, D]; frame i attends to frames j <= i by q_i . (k_j + r_(i - j)).

    distances: so many vectors r of size D / heads, shared by the heads; farther frames use the last
    of them. No biases. dropout: on the attention weights.
    """

    def __init__(self, size: int, *, heads: int, distances: int, dropout: float) -> None:
        super().__init__()
        if size % heads:
            raise ValueError(f"width {size} is not a multiple of {heads} heads")
        self.heads, self.dropout = heads, dropout
        self.qkv = nn.Linear(size, 3 * size, bias=False)
        self.out = nn.Linear(size, size, bias=False)
        width = size // heads
        self.positions = nn.Parameter(torch.empty(distances, width).uniform_(-1, 1) / width**0.5)

    def forward(self, x: Tensor) -> Tensor:
        rows, frames, size = x.shape
        query, key, value = self.qkv(x).view(rows, frames, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        time = torch.arange(frames, device=x.device)
        distance = time[:, None] - time  # i - j
        by_distance = query @ self.positions.to(query.dtype).t() / math.sqrt(query.shape[-1])
        at = distance.clamp(0, self.positions.shape[0] - 1).expand(rows, self.heads, -1, -1)
        bias = by_distance.gather(-1, at).masked_fill(distance < 0, -torch.inf)
        dropout = self.dropout if self.training else 0.0
        mixed = F.scaled_dot_product_attention(query, key, value, bias, dropout)
        out: Tensor = self.out(mixed.transpose(1, 2).reshape(rows, frames, size))
        return out


class CausalLayer(nn.Module):
    """Attention and a ReLU feed-forward block, each with residual and a norm after it.

    dropout: on attention weights and in the feed-forward block.
    """

    def __init__(
        self, size: int, *, heads: int, ffn_size: int, distances: int, dropout: float
    ) -> None:
        super().__init__()
        self.attention = CausalAttention(size, heads=heads, distances=distances, dropout=dropout)
        self.attention_norm = nn.LayerNorm(size)
        self.fc1 = nn.Linear(size, ffn_size)
        self.fc2 = nn.Linear(ffn_size, size)
        self.ffn_norm = nn.LayerNorm(size)
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        x = self.attention_norm(x + self.attention(x))
        out: Tensor = self.ffn_norm(x + self.fc2(self.dropout(F.relu(self.fc1(x)))))
        return out
