"""Low-rank adaptation (Hu et al. 2021, equation 3): W x + alpha / rank * B A x, of which A and B
learn."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from asrkit.encoders.base import Encoder
from asrkit.encoders.kernels.dropout import Dropout
from asrkit.patterns import fitting
from asrkit.ranges import BelowOne, Count, Positive
from asrkit.tuning.tuned import Tuned

DOWN, UP = ".lora.down", ".lora.up"  # ends of the names of A [rank, I] and B [O, rank]


class Lora(Tuned):
    """[..., I] to [..., O]: ``scale`` times a product of two matrices, 0 at first."""

    kind = "lora"

    def __init__(self, linear: nn.Linear, *, rank: int, scale: float, dropout: float) -> None:
        super().__init__()
        self.scale = scale
        self.dropout = Dropout(dropout)
        self.down = nn.Parameter(torch.empty(rank, linear.in_features))
        self.up = nn.Parameter(torch.zeros(linear.out_features, rank))
        nn.init.kaiming_uniform_(self.down, a=math.sqrt(5))

    def forward(self, x: Tensor) -> Tensor:
        return self.scale * F.linear(F.linear(self.dropout(x), self.down), self.up)


class LoraLinear(nn.Linear):
    """A linear layer, its weights under their names, and ``lora`` beside it."""

    def __init__(self, linear: nn.Linear, lora: Lora) -> None:
        nn.Module.__init__(self)  # the weights are there
        self.in_features, self.out_features = linear.in_features, linear.out_features
        self.weight, self.bias = linear.weight, linear.bias
        self.lora = lora

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = super().forward(x) + self.lora(x)
        return out


def lora(
    encoder: Encoder,
    *,
    rank: Count = 8,
    alpha: Positive = 16.0,
    dropout: BelowOne = 0.0,
    targets: list[str] = [],  # noqa: B006 (read only)
) -> None:
    """Puts matrices of rank ``rank`` beside linear layers of ``encoder``, in place.

    targets: regular expressions in their names, ``attention.qkv``; all of the encoder's blocks if
    there are none. dropout: on what the low-rank matrices see. Raises ValueError for an expression
    that fits no linear layer.
    """
    there = _linear_layers(encoder)
    names = list(there)
    if targets:
        lists = [fitting(target, names, "targets", "a linear layer") for target in targets]
        chosen = {name for fit in lists for name in fit}
    else:
        inside = {id(part) for block in encoder.blocks() for part in block.modules()}
        chosen = {name for name in names if id(there[name]) in inside}
        if not chosen:
            raise ValueError(f"this encoder has no blocks; give targets, of {names or 'none'}")
    for name in names:
        if name in chosen:
            linear, (parent, _, last) = there[name], name.rpartition(".")
            beside = Lora(linear, rank=rank, scale=alpha / rank, dropout=dropout)
            encoder.get_submodule(parent).register_module(last, LoraLinear(linear, beside))


def _linear_layers(encoder: nn.Module) -> dict[str, nn.Linear]:
    """By name; not those that others have added. Subclasses may be used without a call, as
    torch's attention uses its own."""
    added = {id(p) for m in encoder.modules() if isinstance(m, Tuned) for p in m.modules()}
    return {
        name: module
        for name, module in encoder.named_modules()
        if type(module) is nn.Linear and id(module) not in added
    }


def is_factor(name: str) -> bool:
    """Whether a tensor of a state dict is one of the low-rank matrices."""
    return name.endswith((DOWN, UP))


def folded(content: Mapping[str, Any], where: str) -> dict[str, Any]:
    """A checkpoint's content with B A added to the weights, and no ``lora`` in its configuration;
    as it is where there is none.

    Raises ValueError for matrices that belong to no weight, or not to this one.
    """
    tune = dict(content["config"].get("tune") or {})
    if (conf := tune.pop(Lora.kind, None)) is None:
        return dict(content)
    model = dict(content["model"])
    for stem in [name.removesuffix(UP) for name in model if name.endswith(UP)]:
        up, down = model.pop(stem + UP), model.pop(stem + DOWN, None)
        weight = model.get(f"{stem}.weight")
        if down is None or weight is None or up.ndim != 2 or up.shape[1] != len(down):
            raise ValueError(f"{where}: {stem}{UP} has no weight or no {DOWN} of its rank")
        if weight.shape != (up.shape[0], down.shape[-1]):
            raise ValueError(f"{where}: {stem}{UP} is not of the shape of its weight")
        model[f"{stem}.weight"] = weight + float(conf["alpha"]) / len(down) * (up @ down)
    return {**content, "model": model, "config": {**content["config"], "tune": tune}}


def mean_of_products(factors: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """Matrices whose product is the mean of the products of ``factors``: side by side, so that the
    rank is the sum of theirs."""
    number = len(factors)
    return {
        name: torch.cat([each[name] for each in factors], 1) / number
        if name.endswith(UP)
        else torch.cat([each[name] for each in factors])
        for name in factors[0]
    }


def of_sum(config: Mapping[str, Any], number: int) -> dict[str, Any]:
    """The configuration that goes with ``mean_of_products`` of so many."""
    conf = config["tune"][Lora.kind]
    joined = {**conf, "rank": number * conf["rank"], "alpha": number * conf["alpha"]}
    return {**config, "tune": {**config["tune"], Lora.kind: joined}}
