"""Self-attention on a CPU: one utterance at a time, on views of the joint projection.

Why: the general routine falls back to plain matrix products when there is dropout, with copies of
queries, keys and values in a layout of its own, a mask as large as the scores for padding, and a
slow dropout. Here an utterance's valid frames are sliced, so padding costs nothing, the gradient
is written straight into that of the joint projection, and one tensor keeps both what the softmax
gave and what dropout left of it: dropped weights carry a minus sign.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from asrkit.encoders.kernels.dropout import draw_kept


def attend(qkv: Tensor, lengths: Tensor, heads: int, dropout: float) -> Tensor:
    """[B, T, 3 * D] queries, keys, values to [B, T, D]; frames from ``lengths`` [B] on give 0."""
    out: Tensor = _Attention.apply(qkv, lengths.tolist(), heads, dropout)
    return out


def _split(qkv: Tensor, heads: int) -> tuple[Tensor, Tensor, Tensor]:
    """[T, 3 * D] of one utterance to three views [H, T, D / H]."""
    query, key, value = qkv.view(qkv.shape[0], 3, heads, -1).permute(1, 2, 0, 3).unbind(0)
    return query, key, value


def _heads(x: Tensor, heads: int) -> Tensor:
    return x.view(x.shape[0], heads, -1).transpose(0, 1)


class _Attention(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, qkv: Tensor, lengths: list[int], heads: int, dropout: float) -> Tensor:
        rows, frames, triple = qkv.shape
        out = qkv.new_zeros(rows, frames, triple // 3)
        scale = (triple // 3 // heads) ** -0.5
        ctx.lengths, ctx.heads, ctx.scale, ctx.kept_scale = lengths, heads, scale, 1.0
        signed = []
        for row, length in enumerate(lengths):
            query, key, value = _split(qkv[row, :length], heads)
            weights = torch.bmm(query * scale, key.transpose(1, 2)).softmax(-1)
            used = weights
            if dropout > 0:
                kept, ctx.kept_scale = draw_kept(weights.shape, dropout)
                weights.mul_(kept.mul_(2).sub_(1).float())
                used = weights.clamp(min=0)
            mixed = torch.bmm(used, value)
            if dropout > 0:
                mixed.mul_(ctx.kept_scale)
            _heads(out[row, :length], heads).copy_(mixed)
            signed.append(weights)
        ctx.save_for_backward(qkv, out, *signed)
        return out

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None, None]:
        qkv, out, *signed = ctx.saved_tensors
        grad_qkv = torch.zeros_like(qkv)
        for row, length in enumerate(ctx.lengths):
            query, key, value = _split(qkv[row, :length], ctx.heads)
            grad_query, grad_key, grad_value = _split(grad_qkv[row, :length], ctx.heads)
            grad_out = _heads(grad[row, :length], ctx.heads)
            # sum_j of weight * gradient, which the softmax takes off, is out . grad_out.
            total = (grad_out * _heads(out[row, :length], ctx.heads)).sum(-1, keepdim=True)
            grad_out = grad_out * ctx.kept_scale
            used = signed[row].clamp(min=0)
            grad_value.copy_(torch.bmm(used.transpose(1, 2), grad_out))
            scores = torch.bmm(grad_out, value.transpose(1, 2)).mul_(used)
            scores.sub_(signed[row].abs().mul_(total)).mul_(ctx.scale)
            grad_query.copy_(torch.bmm(scores, key))
            grad_key.copy_(torch.bmm(scores.transpose(1, 2), query))
        return grad_qkv, None, None, None
