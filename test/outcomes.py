"""What a run that was interrupted has to leave: the model of one that was not, and nothing else."""

from __future__ import annotations

from pathlib import Path

import torch

from asrkit.train import checkpoint


def left_over(folder: Path) -> list[Path]:
    """Temporary files below ``folder``."""
    return [path for path in folder.rglob("*") if path.name.endswith(".tmp")]


def same(a: Path, b: Path) -> bool:
    """Whether two checkpoints hold the same weights, bit for bit."""
    one, two = (checkpoint.load(path)["model"] for path in (a, b))
    return one.keys() == two.keys() and all(torch.equal(one[name], two[name]) for name in one)
