"""Checkpoints that hold what a run has learned alone, and name the model that has all the rest.

A tuned Large is a few megabytes so, and 1.2 GB whole. What is left out are parameters that do not
learn and are, bit for bit, those of the checkpoint that the run began with (``init``).
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from asrkit.files import sha256
from asrkit.objectives.ema import EmaTeacher
from asrkit.train.contents import CheckpointError

BESIDE = "base.pt"  # in the folder of an experiment, whose base is not where it was


def base_of(
    model: nn.Module, path: str, weights: Mapping[str, Tensor], parts: Sequence[str]
) -> dict[str, Any]:
    """What a checkpoint of ``model`` says of its base: path, SHA-256, and under which name it has
    which parameter.

    weights: of the checkpoint at ``path``, of which ``parts`` were taken over. A teacher is no part
    of its base: it moves, though it has no gradient. Raises CheckpointError where nothing is left
    out.
    """
    moving = {id(p) for m in model.modules() if isinstance(m, EmaTeacher) for p in m.parameters()}
    theirs = {bare(name): name for name in weights}
    names = {}
    for name, value in model.named_parameters():
        other = theirs.get(bare(name))
        inside = any(bare(name).startswith(f"{bare(part)}.") for part in parts)
        if other is None or not inside or value.requires_grad or id(value) in moving:
            continue
        if torch.equal(value, weights[other]):
            names[name] = other
    if not names:
        raise CheckpointError(
            f"save_base: false, but nothing of {path} stays as it is: give tune or trainable, or "
            "leave save_base out"
        )
    return {"path": os.path.abspath(path), "sha256": sha256(path), "names": names}


def bare(name: str) -> str:
    """A part of an objective's base has the name that it has without a phone head."""
    return name.removeprefix("base.")


def check_base(base: Any, where: str) -> None:
    """Raises CheckpointError unless ``base`` is what ``base_of`` gives."""
    right = (
        isinstance(base, dict)
        and base.keys() == {"path", "sha256", "names"}
        and all(isinstance(base[key], str) for key in ("path", "sha256"))
        and isinstance(base["names"], dict)
        and all(isinstance(n, str) for pair in base["names"].items() for n in pair)
    )
    if not right:
        raise CheckpointError(f"{where}: 'base' is not what a run saves there")


def file_of(base: Mapping[str, Any], folder: Path, where: str) -> Path:
    """The base model's file: ``base.pt`` in ``folder``, else where the run found it.

    A ``base.pt`` that has a base itself lies where that one is looked for, and is not taken for it.
    Raises CheckpointError if it is not there, or is another.
    """
    beside, found = folder / BESIDE, Path(base["path"])
    there = [file for file in (beside, found) if file.is_file()]
    if right := next((file for file in there if sha256(file) == base["sha256"]), None):
        return right
    file = there[0] if there else found
    mark = f"SHA-256 {base['sha256'][:12]}..."
    advice = f"put that file there, or a copy of it (or a link) to {folder / BESIDE}"
    if not there:
        raise CheckpointError(
            f"{where}: holds what was tuned alone, and its base model {file} ({mark}) is missing; "
            f"{advice}"
        )
    raise CheckpointError(
        f"{where}: holds what was tuned alone, and {file} is not its base model ({mark}): it "
        f"was changed, or is another; {advice}"
    )


def completed(
    content: Mapping[str, Any], weights: Mapping[str, Tensor], where: str
) -> dict[str, Any]:
    """The content of a checkpoint with all parameters; ``weights``: of its base."""
    names = content["base"]["names"]
    if missing := [theirs for theirs in names.values() if theirs not in weights]:
        raise CheckpointError(f"{where}: its base model has no {missing[0]}")
    return {**content, "model": {n: weights[theirs] for n, theirs in names.items()}
            | content["model"]}  # fmt: skip
