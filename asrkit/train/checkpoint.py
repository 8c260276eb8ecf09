"""Checkpoints: written whole or not at all, read without running code, taken over strictly.

last.pt holds everything a run needs to go on; the other files hold the model alone.
"""

from __future__ import annotations

import inspect
import os
import pickle
import shutil
import struct
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from asrkit.encoders.base import Encoder
from asrkit.files import atomic, endless, refuse_pointer, writing
from asrkit.foreign import explained, next_command
from asrkit.objectives.base import Objective
from asrkit.train.contents import REALS, check_model, refuse_other_zips
from asrkit.train.contents import CheckpointError as CheckpointError
from asrkit.tuning.lora import folded
from asrkit.tuning.tuned import added_names, meaning

FORMAT = 1


def save(path: Path, content: dict[str, Any]) -> None:
    """Writes atomically: a full disk or a kill leaves the previous file as it was."""
    with atomic(path, "wb") as file:
        try:
            torch.save({"format": FORMAT, **content}, file)
        except RuntimeError as error:  # torch hides the system's reason, such as a full disk
            if isinstance(error.__context__, OSError):
                raise error.__context__ from None
            raise


# What torch.load raises on files that are not checkpoints: other pickles and plain text, too.
UNREADABLE = (
    RuntimeError, EOFError, OSError, pickle.UnpicklingError, ValueError, TypeError, AttributeError,
    LookupError, AssertionError, ImportError, struct.error, ArithmeticError, MemoryError,
)  # fmt: skip


def why_unreadable(error: Exception) -> str:
    """The reason in one line, without torch's advice to read the file by running code in it."""
    if isinstance(error, pickle.UnpicklingError | LookupError | AssertionError | struct.error):
        return "it holds something else than tensors and plain values"
    if isinstance(error, MemoryError | ArithmeticError):
        return "it asks for more than the memory there is"
    reason = (str(error) or type(error).__name__).splitlines()[0]
    return "it is not a checkpoint of weights" if "weights_only" in reason else reason


# The last part of a tensor's name in files of earlier versions, and what it is called today.
_RENAMED = {"mask_vector": "mask_embedding"}


def _current(name: str) -> str:
    stem, dot, last = name.rpartition(".")
    return f"{stem}{dot}{_RENAMED.get(last, last)}"


def load(path: str | Path) -> dict[str, Any]:
    """The content of a checkpoint, on the host; ``model``, ``config`` and ``step`` are there.

    Tensors have the names of this version, whichever wrote the file.
    """
    if fault := endless(path):
        raise CheckpointError(f"{path}: {fault}")
    try:
        refuse_other_zips(path)
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise CheckpointError(explained(f"{path}: no such checkpoint", path)) from None
    except IsADirectoryError:
        known = next_command(Path(path)) or "name a file in it, such as best.pt"
        raise CheckpointError(f"{path}: is a folder; {known}") from None
    except UNREADABLE as error:
        refuse_pointer(path)
        message = (
            f"{path}: damaged or no checkpoint ({why_unreadable(error)}); "
            "take another file of the folder, such as checkpoints/step_*.pt"
        )
        other = isinstance(error, pickle.UnpicklingError)  # objects, such as fairseq's settings
        raise CheckpointError(explained(message, path) if other else message) from None
    mark = content.get("format") if isinstance(content, dict) else None
    if type(mark) is not int or mark != FORMAT:
        raise CheckpointError(
            explained(f"{path}: not a checkpoint of this program (no format {FORMAT} mark)", path)
        )
    check_model(content, str(path))
    content["model"] = {_current(name): value for name, value in content["model"].items()}
    return content


def link(source: Path, target: Path) -> None:
    """``target`` becomes another name of ``source``, or a copy where a file has one name only;
    atomically."""
    temporary = target.with_name(f".{target.name}.tmp")
    temporary.unlink(missing_ok=True)
    try:
        os.link(source, temporary)
    except OSError:  # FAT, and some network file systems
        with writing(target):
            shutil.copyfile(source, temporary)
    os.replace(temporary, target)
    temporary.unlink(missing_ok=True)  # a rename to another name of the same file does nothing


def _kind(value: Tensor) -> str:
    """What a value may be turned into without losing what it is: reals of any precision are one."""
    return "real" if value.dtype in REALS else str(value.dtype).removeprefix("torch.")


def refuse_other_tensors(
    state: Mapping[str, Tensor], own: Mapping[str, Tensor], where: str
) -> None:
    """Names, shapes and kinds of numbers must agree; the message lists what does not."""
    missing = sorted(own.keys() - state.keys())
    extra = sorted(state.keys() - own.keys())
    shapes = [
        f"{name} {tuple(state[name].shape)} instead of {tuple(own[name].shape)}"
        for name in sorted(own.keys() & state.keys())
        if own[name].shape != state[name].shape
    ]
    kinds = [
        f"{name} {_kind(state[name])} instead of {_kind(own[name])}"
        for name in sorted(own.keys() & state.keys())
        if _kind(own[name]) != _kind(state[name])
    ]
    for what, names in (
        ("has no", missing),
        ("has unknown", extra),
        ("has other shapes:", shapes),
        ("has other kinds of numbers:", kinds),
    ):
        if names:
            more = f" and {len(names) - 5} more" if len(names) > 5 else ""
            raise CheckpointError(f"{where}: {what} {', '.join(names[:5])}{more}")


def load_weights(module: nn.Module, state: dict[str, Tensor], where: str) -> None:
    """Strict: raises CheckpointError if any name, shape or kind of number differs."""
    refuse_other_tensors(state, module.state_dict(), where)
    module.load_state_dict(state)


def refuse_other_encoder(
    encoder: type[Encoder], theirs: Mapping[str, Any], mine: Mapping[str, Any], where: str
) -> None:
    """Options of an encoder that no shape shows (heads, norm order, normalization) must agree in
    two configurations; its ``training_options`` need not. One that an earlier version did not have
    is as it is by default."""
    names = theirs.get("encoder"), mine.get("encoder")
    if names[0] != names[1]:  # they share no tensor: told once, not key by key
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


def _bare(name: str) -> str:
    return name.removeprefix("base.")


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
    modules = {_bare(name): module for name, module in objective.named_modules()}
    weights = {_bare(name): value for name, value in content["model"].items()}
    for part in map(_bare, parts):
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
