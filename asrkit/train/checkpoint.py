"""Checkpoints: written whole or not at all, read without running code, taken over strictly.

last.pt holds everything a run needs to go on; the other files hold the model alone.
"""

from __future__ import annotations

import os
import pickle
import shutil
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from asrkit.config import with_current_names
from asrkit.files import atomic, endless, refuse_pointer, writing
from asrkit.foreign import explained, next_command
from asrkit.train.base_model import check_base, completed, file_of
from asrkit.train.contents import REALS, check_model, refuse_other_zips
from asrkit.train.contents import CheckpointError as CheckpointError

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


def folder_of(file: Path) -> Path:
    """The experiment that a checkpoint belongs to: its folder, or the one above ``checkpoints``."""
    above = file.parent.parent
    inside = file.parent.name == "checkpoints" and (above / "config.yaml").is_file()
    return above if inside else file.parent


def load(path: str | Path, *, complete: bool = True) -> dict[str, Any]:
    """The content of a checkpoint, on the host; ``model``, ``config`` and ``step`` are there.

    Tensors and options have the names of this version, whichever wrote the file.
    complete: with what the file leaves to its base model (base_model.py).
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
    content["config"] = with_current_names(content["config"], str(path))
    if "base" in content:
        check_base(content["base"], str(path))
        if complete:
            file = file_of(content["base"], folder_of(Path(path)), str(path))
            return completed(content, load(file)["model"], str(path))
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
