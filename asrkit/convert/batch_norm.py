"""Batch norms whose statistics rest, as the gain and bias that they are then.

A released network's running mean and variance are constants; training here leaves them as they are,
while transformers goes on counting.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from asrkit.convert.source import ConvertError

EPS = 1e-5  # PyTorch's default, which every published model has
_NORM = ("weight", "bias", "running_mean", "running_var")


def fold(state: Mapping[str, Tensor], name: str, where: str) -> dict[str, Tensor]:
    """``state`` with weight and bias of the batch norm ``name`` [C] applied to its statistics.

    Raises ConvertError if one of its tensors is missing.
    """
    folded = dict(state)
    folded.pop(f"{name}.num_batches_tracked", None)
    if missing := [key for part in _NORM if (key := f"{name}.{part}") not in folded]:
        raise ConvertError(f"{where}: has no {', '.join(missing)}")
    weight, bias, mean, variance = (folded.pop(f"{name}.{part}").double() for part in _NORM)
    gain = weight / (variance + EPS).sqrt()
    folded[f"{name}.weight"] = gain.float()
    folded[f"{name}.bias"] = (bias - mean * gain).float()
    return folded


def unfold(state: Mapping[str, Tensor], name: str) -> dict[str, Tensor]:
    """The reverse: a batch norm whose statistics are idle, mean 0 and variance 1 with eps."""
    size = state[f"{name}.weight"]
    return {
        **state,
        f"{name}.running_mean": torch.zeros_like(size),
        f"{name}.running_var": torch.full_like(size, 1 - EPS),
        f"{name}.num_batches_tracked": torch.tensor(0),
    }
