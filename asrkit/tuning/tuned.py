"""What a tuning adds to a network, and how two tunings compare."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from torch import nn

TRAINING_OPTIONS = frozenset({"dropout"})  # all other options are part of what the weights mean


class Tuned(nn.Module):
    """A module that a tuning has put into a trained network, which is as before without it.

    kind: its name in choices.py. A new one changes nothing that the network computes.
    """

    kind: str


def added_names(model: nn.Module, *, without: Collection[str] = ()) -> set[str]:
    """The parameters that tunings have added to ``model``, but for those of kinds ``without``."""
    return {
        f"{prefix}.{name}" if prefix else name
        for prefix, module in model.named_modules()
        if isinstance(module, Tuned) and module.kind not in without
        for name, _ in module.named_parameters()
    }


def meaning(config: Mapping[str, Any]) -> dict[str, Any]:
    """``tune`` of a configuration, without what only training needs; older ones have none."""
    tune = config.get("tune") or {}
    return {
        kind: {name: value for name, value in conf.items() if name not in TRAINING_OPTIONS}
        for kind, conf in tune.items()
    }
