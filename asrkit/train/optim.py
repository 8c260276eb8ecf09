"""Optimizers, built the way the papers' code uses them.

Each takes the model's named parameters. ``groups`` gives some of them a learning rate or weight
decay of their own: [{match: REGEX, lr: FACTOR, weight_decay: NUMBER}, ...], searched in the
parameter's name; the first that matches counts.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn

from asrkit.patterns import fitting
from asrkit.ranges import BelowOne, NotNegative

Named = Iterable[tuple[str, nn.Parameter]]
RATE = "lr_factor"  # key of a group: what the schedule's rate is multiplied with for it
_KEYS = {"match", "lr", "weight_decay"}


def group_parameters(
    named: Named,
    weight_decay: float,
    groups: list[dict[str, Any]] = [],  # noqa: B006 (never changed)
    *,
    decay_1d: bool = True,
) -> list[dict[str, Any]]:
    """torch's parameter groups of what learns, in the order of ``groups``, then the rest.

    Raises ValueError for a group that nothing belongs to, or with an unknown key.
    """
    learning = [(name, p) for name, p in named if p.requires_grad]
    found = []
    for number, rule in enumerate(groups):
        where = f"optimizer_conf.groups[{number}]"
        pattern = _pattern(rule, where)
        names = set(fitting(pattern, [n for n, _ in learning], f"{where}: match", "a parameter"))
        taken = [(name, p) for name, p in learning if name in names]
        learning = [(name, p) for name, p in learning if name not in names]
        group: dict[str, Any] = {
            "params": [p for _, p in taken],
            "weight_decay": _number(rule, "weight_decay", weight_decay, where),
        }
        if "lr" in rule:
            group[RATE] = _number(rule, "lr", 1.0, where)
        found.append(group)
    rest = [p for _, p in learning]
    if decay_1d:
        return [*found, {"params": rest, "weight_decay": weight_decay}]
    wide = [p for p in rest if p.ndim > 1]
    thin = [p for p in rest if p.ndim <= 1]
    return [
        *found,
        {"params": wide, "weight_decay": weight_decay},
        {"params": thin, "weight_decay": 0.0},
    ]


def _pattern(rule: dict[str, Any], where: str) -> object:
    if unknown := sorted(rule.keys() - _KEYS):
        raise ValueError(f"{where}: unknown key {unknown[0]!r}; known: {', '.join(sorted(_KEYS))}")
    if "match" not in rule:
        raise ValueError(f"{where}: match, a regular expression, is missing")
    return rule["match"]


def _number(rule: dict[str, Any], key: str, default: float, where: str) -> float:
    value = rule.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        raise ValueError(f"{where}: {key} is a number of 0 or more, not {value!r}")
    return float(value)


def pair(betas: list[float]) -> tuple[float, float]:
    if len(betas) != 2:
        raise ValueError(f"optimizer_conf.betas: two numbers, not {betas}")
    return betas[0], betas[1]


def adamw(
    named: Named,
    *,
    lr: NotNegative,
    betas: list[BelowOne] = [0.9, 0.98],  # noqa: B006 (never changed)
    eps: NotNegative = 1e-6,
    weight_decay: NotNegative = 0.01,
    decay_1d: bool = True,
    groups: list[dict[str, Any]] = [],  # noqa: B006 (never changed)
) -> torch.optim.Optimizer:
    """Adam with decoupled decay: what fairseq calls adam.

    decay_1d: decay biases, norms, codebook and mask embedding too, as fairseq does.
    """
    made = group_parameters(named, weight_decay, groups, decay_1d=decay_1d)
    return torch.optim.AdamW(made, lr=lr, betas=pair(betas), eps=eps, fused=True)


def adam(
    named: Named,
    *,
    lr: NotNegative,
    betas: list[BelowOne] = [0.9, 0.98],  # noqa: B006 (never changed)
    eps: NotNegative = 1e-8,
    groups: list[dict[str, Any]] = [],  # noqa: B006 (never changed)
) -> torch.optim.Optimizer:
    """Adam without weight decay: the fine-tuning setting (released code, fairseq)."""
    made = group_parameters(named, 0.0, groups)
    return torch.optim.Adam(made, lr=lr, betas=pair(betas), eps=eps, fused=True)
