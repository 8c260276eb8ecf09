"""A signal ends a run between two micro-batches; gone on with, it comes to the same weights."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest
import torch
import torch.multiprocessing as mp
from ports import free_port
from toy import Mean, make, run, weights
from train import stop_ranks

from asrkit.train import checkpoint
from asrkit.train.trainer import Stopped, Trainer


class Counted(Mean):
    """Sends SIGTERM after so many of its forward passes."""

    until = -1
    training_only = True

    def forward(self, batch):
        output = super().forward(batch)
        if self.training == self.training_only:
            self.until -= 1
            if self.until == 0:
                os.kill(os.getpid(), signal.SIGTERM)
        return output


def stopped(folder: Path, until: int, *, training: bool = True) -> Trainer:
    trainer, objective = make(folder, kind=Counted, dropout=0.5, accum_grad=3)
    objective.until, objective.training_only = until, training
    with pytest.raises(Stopped):
        run(trainer)
    return trainer


def gone_on(folder: Path) -> torch.Tensor:
    trainer, objective = make(folder, dropout=0.5, accum_grad=3)
    trainer.restore(folder / "last.pt")
    run(trainer)
    return weights(objective)


def rows(folder: Path) -> list[tuple[int, str, float]]:
    lines = (folder / "train.jsonl").read_text().splitlines()
    found = [json.loads(line) for line in lines]
    return [(row["step"], row["split"], row["loss"]) for row in found]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[torch.Tensor, list]:
    folder = tmp_path_factory.mktemp("whole")
    trainer, objective = make(folder, dropout=0.5, accum_grad=3)
    run(trainer)
    return weights(objective), rows(folder)


@pytest.mark.parametrize(("until", "step"), [(1, 0), (2, 0), (3, 1), (16, 5), (17, 5), (18, 6)])
def test_within_an_update(tmp_path, whole, until: int, step: int) -> None:
    trainer = stopped(tmp_path, until)
    assert checkpoint.load(tmp_path / "last.pt")["step"] == step == trainer.step
    assert -trainer.objective.until <= 1  # not one micro-batch more
    assert torch.equal(gone_on(tmp_path), whole[0])


@pytest.mark.parametrize(("until", "step"), [(1, 4), (2, 4), (4, 8), (7, 12), (8, 12)])
def test_within_a_validation(tmp_path, whole, until: int, step: int) -> None:
    """Three batches each: what is cut short is done again, and chooses the same best models."""
    trainer = stopped(tmp_path, until, training=False)
    assert trainer.step == step
    before = [row[:2] for row in rows(tmp_path)]
    assert (step, "train") in before
    assert (step, "valid") not in before
    assert torch.equal(gone_on(tmp_path), whole[0])
    after = rows(tmp_path)
    assert [row[:2] for row in after] == [row[:2] for row in whole[1]]
    valid = [row for row in after if row[1] == "valid"]
    assert valid == [row for row in whole[1] if row[1] == "valid"]


def test_a_validation_that_is_stopped_twice(tmp_path, whole) -> None:
    stopped(tmp_path, 4, training=False)
    trainer, objective = make(tmp_path, kind=Counted, dropout=0.5, accum_grad=3)
    trainer.restore(tmp_path / "last.pt")
    objective.until, objective.training_only = 1, False
    with pytest.raises(Stopped):
        run(trainer)
    assert torch.equal(gone_on(tmp_path), whole[0])


@pytest.fixture(scope="module")
def of_two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("two")
    ports = [free_port() for _ in range(1 + 2 * len(stop_ranks.CASES))]
    mp.spawn(stop_ranks.process, (str(folder), ports), nprocs=2)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("kind", stop_ranks.CASES)
def test_a_signal_to_one_of_two_processes(of_two: Path, kind: str) -> None:
    """It stops after its micro-batch, the other a few later, and long before the update ends; both
    are at the same update. They go on to the weights of a run that was not stopped."""
    folder = of_two / kind
    other, one = (json.loads((folder / f"stopped{rank}.json").read_text()) for rank in (0, 1))
    step = {"training": 1, "validation": 2}[kind]
    assert one["stopped"] and other["stopped"] and one["step"] == other["step"] == step
    assert one["seen"][kind] == stop_ranks.CASES[kind]
    if kind == "training":
        assert 0 < other["seen"][kind] < stop_ranks.MICRO_BATCHES + 20
    for rank in (0, 1):
        done = json.loads((folder / f"done{rank}.json").read_text())
        assert not done["stopped"] and done["step"] == 3
        whole = torch.load(of_two / "whole" / f"rank{rank}")
        assert torch.equal(torch.load(folder / f"rank{rank}"), whole)
    assert rows(folder)[-2:] == rows(of_two / "whole")[-2:]
