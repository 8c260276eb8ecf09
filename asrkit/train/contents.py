"""What the file of a checkpoint may hold, looked at before anything is built of it.

torch reads no code with ``weights_only``, but takes any structure: tensors of other kinds, small
storages spread over endless shapes, records that unfold, values of other types under known names.
"""

from __future__ import annotations

import pickle
import zipfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

_TENSORS = (Tensor, nn.Parameter)
REALS = (torch.float32, torch.float16, torch.bfloat16, torch.float64)
_MOST_STEPS = 2**53


class CheckpointError(ValueError):
    """A checkpoint that is damaged, or does not fit the model."""


def refuse_other_zips(path: str | Path) -> None:
    """Raises CheckpointError unless the file is a zip that unfolds to no more than its size;
    UnpicklingError for what is not a zip at all, such as the older format of torch."""
    with open(path, "rb") as stream:
        if stream.read(2) not in (b"PK", b""):
            raise pickle.UnpicklingError("no zip")
        try:
            with zipfile.ZipFile(stream) as archive:
                entries = archive.infolist()
        except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError, LookupError):
            raise CheckpointError("it was cut short") from None
        size = stream.seek(0, 2)
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
        raise CheckpointError("its records are compressed, which torch does not do")
    if sum(entry.file_size for entry in entries) > size:
        raise CheckpointError("its records claim to be larger than the file")


def check_tensors(tensors: Mapping[Any, Any], where: str) -> None:
    """Every value is a dense tensor, and no storage stands for more numbers than it has.

    Views of parts of one storage may be (cuDNN keeps an LSTM so); expanded tensors, and one storage
    under two names, would be copied to more memory than the file's. Raises CheckpointError.
    """
    used: Counter[int] = Counter()
    for name, value in tensors.items():
        if not isinstance(name, str):
            raise CheckpointError(f"{where}: {name!r:.80} is not a name of a tensor")
        if type(value) not in _TENSORS:
            kind = type(value).__name__
        elif value.layout is not torch.strided or value.is_nested:
            kind = "sparse or nested tensor"
        elif value.is_quantized or value.device.type != "cpu":
            kind = f"{'quantized' if value.is_quantized else value.device.type} tensor"
        else:
            storage = value.untyped_storage()
            used[storage.data_ptr()] += value.numel() * value.element_size()
            if used[storage.data_ptr()] <= storage.nbytes():
                continue
            kind = "tensor that repeats its numbers, or those of another"
        raise CheckpointError(f"{where}: {name:.80} is a {kind}, not a tensor of its own numbers")


def refuse_broken(tensors: Mapping[str, Tensor], where: str) -> None:
    """Raises CheckpointError for NaN and infinite weights: the model would answer nothing."""
    for name, value in tensors.items():
        if value.dtype in REALS and value.numel() and not value.is_meta:
            least, most = value.aminmax()
            if not (torch.isfinite(least) and torch.isfinite(most)):
                raise CheckpointError(
                    f"{where}: {name:.80} holds NaN or infinite numbers: its training broke, or "
                    "the file is damaged; take another, such as an earlier checkpoints/step_*.pt"
                )


def check_model(content: Mapping[str, Any], where: str) -> None:
    """``model``, ``config`` and ``step`` are there, and what they should be."""
    for name, kind, shown in (
        ("model", dict, "tensors by name"),
        ("config", dict, "options by name"),
        ("step", int, "a number of updates"),
    ):
        if name not in content:
            raise CheckpointError(f"{where}: has no {name!r}; take another file of the folder")
        if not isinstance(content[name], kind) or isinstance(content[name], bool):
            found = type(content[name]).__name__
            raise CheckpointError(f"{where}: {name!r} is {found}, not {shown}")
    if not 0 <= content["step"] <= _MOST_STEPS:
        raise CheckpointError(f"{where}: 'step' is {content['step']}, no number of updates")
    check_tensors(content["model"], f"{where}: model")
    refuse_broken(content["model"], f"{where}: model")


def check_run(content: Mapping[str, Any], optimizer: torch.optim.Optimizer, where: str) -> None:
    """What a run goes on with besides the model: optimizer, place in the data, scale, best models.

    optimizer: that of the run that goes on. Raises CheckpointError.
    """
    if "optimizer" not in content:
        raise CheckpointError(f"{where}: holds a model only; resume takes last.pt")
    best = content.get("best")
    fits = {
        "stream": _numbers(content.get("stream")),
        "precision": _numbers(content.get("precision")),
        "best": isinstance(best, list) and all(map(_numbers, best)),
        "optimizer": _optimizer_fits(content["optimizer"], optimizer, where),
    }
    if wrong := [name for name, right in fits.items() if not right]:
        raise CheckpointError(f"{where}: {wrong[0]!r} is not what a run of this model saves there")


def _numbers(value: Any) -> bool:
    """Whether ``value`` is a list of two numbers, and the second a whole one."""
    return (
        isinstance(value, list | tuple)
        and len(value) == 2
        and all(type(number) in (int, float) for number in value)
        and 0 <= value[1] <= _MOST_STEPS
        and value[1] == int(value[1])
    )


def _optimizer_fits(saved: Any, mine: torch.optim.Optimizer, where: str) -> bool:
    """Whether a saved optimizer has the groups of this one, and states of its shapes."""
    if not isinstance(saved, dict):
        return False
    groups, states = saved.get("param_groups"), saved.get("state")
    if not isinstance(groups, list) or len(groups) != len(mine.param_groups):
        return False
    for theirs, own in zip(groups, mine.param_groups, strict=True):
        if not isinstance(theirs, dict) or not isinstance(theirs.get("params"), list):
            return False
        if len(theirs["params"]) != len(own["params"]):
            return False
        if any(_kind(theirs.get(key)) is not _kind(value) for key, value in own.items()):
            return False
    parameters = [parameter for group in mine.param_groups for parameter in group["params"]]
    return isinstance(states, dict) and all(
        _state_fits(number, state, parameters, where) for number, state in states.items()
    )


def _kind(value: Any) -> type:
    return float if type(value) is int else type(value)


def _state_fits(number: Any, state: Any, parameters: list[Tensor], where: str) -> bool:
    if type(number) is not int or not 0 <= number < len(parameters) or not isinstance(state, dict):
        return False
    tensors = {name: value for name, value in state.items() if isinstance(value, Tensor)}
    check_tensors(tensors, f"{where}: optimizer: {number}")
    return all(not v.dim() or v.shape == parameters[number].shape for v in tensors.values())
