"""Which models of a run are kept."""

from __future__ import annotations

import math
from pathlib import Path

import torch

from asrkit.train import checkpoint
from asrkit.train.distributed import World
from asrkit.train.models import BestCheckpoints


def test_a_validation_that_is_no_number_never_wins(tmp_path: Path) -> None:
    best = BestCheckpoints(tmp_path, 2, active=True)
    for step, value in enumerate([math.nan, 0.5, math.nan, 0.4], 1):
        best.add(
            value, step, {"model": {"w": torch.tensor(float(step))}, "step": step, "config": {}}
        )
    assert best.state() == [[0.4, 4.0], [0.5, 2.0]]
    assert checkpoint.load(tmp_path / "best.pt")["step"] == 4
    kept = sorted(path.name for path in (tmp_path / "checkpoints").iterdir())
    assert kept == ["step_2.pt", "step_4.pt"]
    again = BestCheckpoints(tmp_path, 2, active=True)
    again.restore(best.state(), World(ngpu=0))
    average = again.average()
    assert average is not None and checkpoint.load(average)["model"]["w"] == 3.0


def test_a_model_that_is_gone_is_not_averaged(tmp_path: Path) -> None:
    """Killed between a validation and the next save, a run goes on from before the validation."""
    best = BestCheckpoints(tmp_path, 1, active=True)
    best.add(0.5, 1, {"model": {"w": torch.tensor(1.0)}, "step": 1, "config": {}})
    saved = best.state()
    best.add(0.4, 2, {"model": {"w": torch.tensor(2.0)}, "step": 2, "config": {}})
    again = BestCheckpoints(tmp_path, 1, active=True)
    again.restore(saved, World(ngpu=0))
    again.add(0.6, 2, {"model": {"w": torch.tensor(3.0)}, "step": 2, "config": {}})
    average = again.average()
    assert average is not None and checkpoint.load(average)["model"]["w"] == 3.0
