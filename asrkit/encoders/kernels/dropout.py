"""Dropout; on a CPU with cheap random bits.

Why: torch draws one 64-bit Mersenne number for every element, which costs more than the layer's
arithmetic. A fast generator, seeded from torch's, gives four 16-bit decisions a draw: p is rounded
to a multiple of 1 / 65536, and a run is still a function of torch's seed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

_HALF_WORDS = 1 << 16


class Dropout(nn.Module):
    """Zeroes a share ``p`` of the elements in training and scales the rest by 1 / (1 - p)."""

    def __init__(self, p: float) -> None:
        super().__init__()
        if not 0 <= p < 1:
            raise ValueError(f"a dropout of {p} is not in [0, 1)")
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.p == 0:
            return x
        if x.device.type != "cpu" or x.dtype != torch.float32:
            return F.dropout(x, self.p)
        out: Tensor = _Dropout.apply(x, self.p)
        return out

    def extra_repr(self) -> str:
        return f"p={self.p}"


def draw_kept(shape: torch.Size, p: float) -> tuple[Tensor, float]:
    """int16 tensor of 1 (kept) and 0 (dropped) on the CPU, and the scale for what is kept."""
    count = shape.numel()
    seed = int(torch.empty((), dtype=torch.int64).random_())
    words = np.random.SFC64(seed).random_raw(-(-count // 4))
    bits = torch.from_numpy(words.view(np.int16)[:count]).view(shape)
    dropped = round(p * _HALF_WORDS)
    torch.ge(bits, dropped - _HALF_WORDS // 2, out=bits)
    return bits, _HALF_WORDS / (_HALF_WORDS - dropped)


class _Dropout(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, p: float) -> Tensor:
        kept, ctx.scale = draw_kept(x.shape, p)
        ctx.save_for_backward(kept)
        return kept.float().mul_(ctx.scale).mul_(x)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        (kept,) = ctx.saved_tensors
        return kept.float().mul_(ctx.scale).mul_(grad), None
