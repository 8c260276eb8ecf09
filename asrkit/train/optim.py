"""Optimizers, built the way the papers' code uses them."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn

from asrkit.ranges import BelowOne, NotNegative


def _groups(
    parameters: Iterable[nn.Parameter], weight_decay: float, decay_1d: bool
) -> list[dict[str, object]]:
    rows = [p for p in parameters if p.requires_grad]
    if decay_1d:
        return [{"params": rows, "weight_decay": weight_decay}]
    wide = [p for p in rows if p.ndim > 1]
    thin = [p for p in rows if p.ndim <= 1]
    return [
        {"params": wide, "weight_decay": weight_decay},
        {"params": thin, "weight_decay": 0.0},
    ]


def _pair(betas: list[float]) -> tuple[float, float]:
    if len(betas) != 2:
        raise ValueError(f"optimizer_conf.betas: two numbers, not {betas}")
    return betas[0], betas[1]


def adamw(
    parameters: Iterable[nn.Parameter],
    *,
    lr: NotNegative,
    betas: list[BelowOne] = [0.9, 0.98],  # noqa: B006 (never changed)
    eps: NotNegative = 1e-6,
    weight_decay: NotNegative = 0.01,
    decay_1d: bool = True,
) -> torch.optim.Optimizer:
    """Adam with decoupled decay: what fairseq calls adam.

    decay_1d: decay biases, norms, codebook and mask vector too, as fairseq does.
    """
    groups = _groups(parameters, weight_decay, decay_1d)
    return torch.optim.AdamW(groups, lr=lr, betas=_pair(betas), eps=eps, fused=True)


def adam(
    parameters: Iterable[nn.Parameter],
    *,
    lr: NotNegative,
    betas: list[BelowOne] = [0.9, 0.98],  # noqa: B006 (never changed)
    eps: NotNegative = 1e-8,
) -> torch.optim.Optimizer:
    """Adam without weight decay: the fine-tuning setting (released code, fairseq)."""
    groups = _groups(parameters, 0.0, True)
    return torch.optim.Adam(groups, lr=lr, betas=_pair(betas), eps=eps, fused=True)
