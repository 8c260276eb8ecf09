"""Which of a model's parameters learn."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from asrkit.encoders.base import Encoder
from asrkit.patterns import fitting
from asrkit.tuning.tuned import added_names


def learn_only(model: nn.Module, patterns: Sequence[str]) -> None:
    """What tunings have added learns, and of the model's own parameters those in whose names one
    of ``patterns`` is found: if there are none, all without a tuning, and with one all outside of
    encoders.

    What does not learn requires no gradient. Raises ValueError for a pattern that fits nothing
    that could learn, and for a tuning that the model's options freeze.
    """
    added = added_names(model)
    if not patterns and not added:
        return
    own = [name for name, _ in model.named_parameters() if name not in added]
    able = {name for name, value in model.named_parameters() if value.requires_grad}
    if added and not added & able:
        raise ValueError("tune: the objective freezes the encoder (freeze_encoder); leave one out")
    chosen = set() if patterns else set(own) - _inside_encoders(model)
    for pattern in patterns:
        found = fitting(pattern, own, "trainable", "a parameter")
        if not able.intersection(found):
            raise ValueError(
                f"trainable: {pattern!r} fits only what other options freeze, such as {found[0]} "
                "(feature_grad_mult, freeze_encoder)"
            )
        chosen.update(found)
    for name, value in model.named_parameters():
        if name not in added and name not in chosen:
            value.requires_grad_(False)


def _inside_encoders(model: nn.Module) -> set[str]:
    return {
        f"{prefix}.{name}"
        for prefix, module in model.named_modules()
        if isinstance(module, Encoder)
        for name, _ in module.named_parameters()
    }
