"""What one model takes over from another, and what must agree in their configurations for it."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from torch import nn

from asrkit.encoders.base import Encoder
from asrkit.objectives.base import Objective
from asrkit.train.base_model import bare
from asrkit.train.checkpoint import load, load_weights
from asrkit.train.contents import CheckpointError
from asrkit.tuning.lora import folded
from asrkit.tuning.tuned import added_names, meaning


def refuse_other_encoder(
    encoder: type[Encoder], theirs: Mapping[str, Any], mine: Mapping[str, Any], where: str
) -> None:
    """Options of an encoder that no shape shows (heads, norm order, normalization) must agree in
    two configurations; its ``training_options`` need not. One that an earlier version did not have
    is as it is by default."""
    names = theirs.get("encoder"), mine.get("encoder")
    if names[0] != names[1]:  # they share no tensor: one message, not one for each key
        raise CheckpointError(
            f"{where}: has another encoder, {names[0]!r} in place of this configuration's "
            f"{names[1]!r}; take a configuration of that encoder, or another model"
        )
    one, other = theirs.get("encoder_conf"), mine["encoder_conf"]
    if not isinstance(one, dict):
        raise CheckpointError(f"{where}: its 'config' has no encoder_conf")
    signature = inspect.signature(encoder).parameters
    one, other = ({**{k: p.default for k, p in signature.items()}, **c} for c in (one, other))
    keys = (one.keys() | other.keys()) - encoder.training_options
    _refuse_others("encoder_conf", keys, one, other, where)


def refuse_other_objective(
    objective: type[Objective], theirs: Mapping[str, Any], mine: Mapping[str, Any], where: str
) -> None:
    """What no shape shows of an objective's own parts, its ``structure``, must agree; what another
    objective has no option for is as it is by default."""
    signature = inspect.signature(objective).parameters
    defaults = {key: signature[key].default for key in objective.structure}
    one, other = ({**defaults, **(conf.get("objective_conf") or {})} for conf in (theirs, mine))
    _refuse_others("objective_conf", objective.structure, one, other, where)


def refuse_other_tunings(theirs: Mapping[str, Any], mine: Mapping[str, Any], where: str) -> None:
    """What two configurations add to the encoder (``tuned.meaning``) must be the same."""
    for kind in sorted({*theirs, *mine}):
        if theirs.get(kind) != mine.get(kind):
            raise CheckpointError(
                f"{where}: was trained with tune.{kind} = {theirs.get(kind)!r}, not "
                f"{mine.get(kind)!r}"
            )


def _refuse_others(
    block: str, keys: Iterable[str], theirs: Mapping[str, Any], mine: Mapping[str, Any], where: str
) -> None:
    for key in sorted(keys):
        if (value := theirs.get(key)) != mine.get(key):
            raise CheckpointError(
                f"{where}: was trained with {block}.{key} = {value!r}, not {mine.get(key)!r}"
            )


def take_parts(
    objective: nn.Module, path: str, parts: Sequence[str], config: dict[str, Any]
) -> dict[str, int]:
    """Initializes the modules named ``parts`` from another run; returns tensors taken by part.

    A part must exist on both sides and agree in every name, shape and structural option. That of
    an objective's base is named without ``base.``, so that it fits with and without a phone head.
    What ``tune`` adds begins as new unless the other run had the same; its LoRA is else merged.
    """
    content = load(path)
    mine = meaning(config)
    if meaning(content["config"]) != mine:  # what it learned becomes part of the weights
        content = folded(content, path)
    theirs = meaning(content["config"])
    refuse_other_tunings(theirs, {kind: mine[kind] for kind in mine if kind in theirs}, path)
    taken = {}
    modules = {bare(name): module for name, module in objective.named_modules()}
    weights = {bare(name): value for name, value in content["model"].items()}
    for part in map(bare, parts):
        state = {
            name[len(part) + 1 :]: value
            for name, value in weights.items()
            if name.startswith(f"{part}.")
        }
        if part not in modules:
            raise CheckpointError(f"init_take: this objective has no part {part!r}")
        if not state:
            known = sorted({name.split(".")[0] for name in weights})
            raise CheckpointError(f"{path}: has no part {part!r}; it has {', '.join(known)}")
        module = modules[part]
        new, own = added_names(module, without=theirs), module.state_dict()
        state = {name: own[name] for name in new} | state
        if isinstance(module, Encoder):
            refuse_other_encoder(type(module), content["config"], config, path)
        elif isinstance(objective, Objective):
            refuse_other_objective(type(objective), content["config"], config, path)
        load_weights(module, state, f"{path}: {part}")
        taken[part] = len(state) - len(new)
    return taken
