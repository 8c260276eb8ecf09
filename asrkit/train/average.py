"""The mean of the weights of several checkpoints of one model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from asrkit.build import choose
from asrkit.tokens import TokenList
from asrkit.train import checkpoint, parts
from asrkit.train.checkpoint import CheckpointError, folder_of
from asrkit.train.folder import same_lists
from asrkit.tuning.lora import is_factor, mean_of_products, of_sum
from asrkit.tuning.tuned import meaning

_BLOCKS = ("objective", "base", "encoder", "quantizer")


def average(paths: Sequence[Path]) -> dict[str, Any]:
    """The content of the first checkpoint, with the mean of all models' weights (in float64).

    Of LoRA it is the mean of what the models compute: of a rank that is the sum of theirs. The rest
    must agree: names, shapes and whole numbers, and what no shape shows: symbols, blocks, options
    of their structure. Raises CheckpointError, and ConfigError for other symbols.
    """
    content = checkpoint.load(paths[0], complete=False)
    folder = folder_of(paths[0])
    total: dict[str, Tensor] = {}
    factors: list[dict[str, Tensor]] = []  # LoRA's: the mean of products is no product of means
    for path in paths:
        other = checkpoint.load(path, complete=False)
        where = f"{path}: no average with {paths[0]}"
        if _left_out(other) != _left_out(content):
            raise CheckpointError(f"{where}: it leaves out other weights, or is of another base")
        if path != paths[0]:
            same_lists(folder_of(path), *_lists(folder), than=f"those of {folder}")
            _refuse_another_model(other["config"], content["config"], where)
        state = other["model"]
        factors.append({name: state.pop(name) for name in list(state) if is_factor(name)})
        checkpoint.refuse_other_tensors(factors[-1], factors[0], where)
        _add(total, state, where)
    content["model"] = {
        name: (value / len(paths)).float() if value.is_floating_point() else value
        for name, value in total.items()
    }
    if factors[0]:
        content["model"] |= mean_of_products(factors)
        content["config"] = of_sum(content["config"], len(paths))
    return content


def _left_out(content: Mapping[str, Any]) -> tuple[str, Mapping[str, str]] | None:
    """Which weights of which base model a checkpoint leaves out, wherever that lies."""
    base = content.get("base")
    return None if base is None else (base["sha256"], base["names"])


def _lists(folder: Path) -> list[TokenList | None]:
    files = [folder / "tokens.txt", folder / "phones.txt"]
    return [TokenList.read(file) if file.is_file() else None for file in files]


def _refuse_another_model(theirs: Mapping[str, Any], mine: Mapping[str, Any], where: str) -> None:
    """Blocks, and those of their options that no shape shows (heads, normalization), must agree."""
    for block in _BLOCKS:
        if theirs.get(block) != mine.get(block):
            raise CheckpointError(
                f"{where}: its {block} is {theirs.get(block)!r}, not {mine.get(block)!r}"
            )
    parts.refuse_other_tunings(meaning(theirs), meaning(mine), where)
    if theirs.get("encoder_conf") != mine.get("encoder_conf"):
        parts.refuse_other_encoder(_class("encoder", mine), theirs, mine, where)
    if theirs.get("objective_conf") != mine.get("objective_conf"):
        parts.refuse_other_objective(_class("objective", mine), theirs, mine, where)


def _class(block: str, config: Mapping[str, Any]) -> Any:
    return choose(block, config.get(block))


def _add(total: dict[str, Tensor], state: Mapping[str, Tensor], where: str) -> None:
    """Adds the weights of one model up in ``total``, which is empty before the first."""
    if total:
        checkpoint.refuse_other_tensors(state, total, where)
    for name, value in state.items():
        if value.is_floating_point():
            total[name] = total[name] + value.double() if name in total else value.double()
        elif not torch.equal(total.setdefault(name, value), value):
            raise CheckpointError(f"{where}: {name} holds whole numbers that differ")
