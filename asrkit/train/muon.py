"""Muon for the hidden matrices, AdamW for all else (Jordan et al. 2024; torch.optim.Muon)."""

from __future__ import annotations

import re
from typing import Any

import torch
from torch import nn

from asrkit.ranges import BelowOne, Count, NotNegative
from asrkit.train.optim import Named, group_parameters, pair


class MuonAndAdamW(torch.optim.Optimizer):
    """Two optimizers as one: groups and states of both, in this order, for the schedule and for
    checkpoints.

    matrices: of two dimensions each. rest: groups as torch takes them.
    """

    def __init__(
        self,
        matrices: list[nn.Parameter],
        rest: list[dict[str, Any]],
        muon: dict[str, Any],
        adamw: dict[str, Any],
    ) -> None:
        self.parts: list[torch.optim.Optimizer] = [
            torch.optim.Muon(matrices, **muon),
            torch.optim.AdamW(rest, **adamw),
        ]
        super().__init__([group for part in self.parts for group in part.param_groups], {})
        self._join()

    def _join(self) -> None:
        """Groups and states are the parts' own, so that each sees a change of the other's."""
        first = len(self.parts[0].param_groups)
        self.parts[0].param_groups = self.param_groups[:first]
        self.parts[1].param_groups = self.param_groups[first:]
        for part in self.parts:
            part.state = self.state

    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """closure: not used here."""
        for part in self.parts:
            part.step()

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        super().load_state_dict(state_dict)
        self._join()


def muon(
    named: Named,
    *,
    lr: NotNegative,
    hidden: str = r"\.layers\.\d+\.",
    momentum: BelowOne = 0.95,
    nesterov: bool = True,
    steps: Count = 5,
    weight_decay: NotNegative = 0.1,
    betas: list[BelowOne] = [0.9, 0.98],  # noqa: B006 (never changed)
    eps: NotNegative = 1e-8,
    groups: list[dict[str, Any]] = [],  # noqa: B006 (never changed)
) -> torch.optim.Optimizer:
    """An update of each matrix is made orthogonal, and as large as AdamW's at the same rate
    (Moonshot AI 2025), so that one ``lr`` serves both.

    hidden: regular expression in the names of the matrices; ``groups``, betas and eps are for the
    rest. momentum, nesterov, steps (of Newton and Schulz): Muon's. Raises ValueError where nothing
    matches, and for a matrix that is spread over ranks.
    """
    if not hasattr(torch.optim, "Muon"):
        raise ValueError(f"optimizer muon: torch {torch.__version__} has none; it came with 2.9")
    learning = [(name, p) for name, p in named if p.requires_grad]
    matrices = {name for name, p in learning if p.ndim == 2 and re.search(hidden, name)}
    chosen = [p for name, p in learning if name in matrices]
    if not chosen:
        raise ValueError(f"optimizer_conf.hidden: {hidden!r} fits no name of a matrix that learns")
    if any(type(p.data) is not torch.Tensor for p in chosen):
        raise ValueError("optimizer muon: needs whole matrices; leave parallel fsdp out")
    rest = [(name, p) for name, p in learning if name not in matrices]
    return MuonAndAdamW(
        chosen,
        group_parameters(rest, weight_decay, groups),
        {
            "lr": lr,
            "weight_decay": weight_decay,
            "momentum": momentum,
            "nesterov": nesterov,
            "ns_steps": steps,
            "adjust_lr_fn": "match_rms_adamw",
        },
        {"lr": lr, "betas": pair(betas), "eps": eps, "fused": True},
    )
