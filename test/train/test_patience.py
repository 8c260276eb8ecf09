"""A run that gets no better ends early, after the same update whoever runs it and however often."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.multiprocessing as mp
import toy
from ports import free_port

from asrkit.files import DataError
from asrkit.options import Options
from asrkit.train.patience import why_end
from asrkit.train.schedule import Constant, TriStage
from asrkit.train.selection import best_of

OPTIONS = Options(max_update=1000, valid_interval=50, patience=3, best_metric="loss")


@pytest.mark.parametrize(
    ("best", "step", "ends"),
    [
        (600, 700, False),  # two validations since
        (600, 750, True),
        (600, 749, False),
        (300, 650, True),  # the rate falls from 500 on: 550, 600, 650
        (300, 600, False),
        (50, 450, False),
        (None, 900, False),  # never validated
    ],
)
def test_validations_count_once_the_rate_falls(best: int | None, step: int, ends: bool) -> None:
    found = why_end(None if best is None else (0.25, best), step, TriStage(), OPTIONS)
    assert (found is not None) == ends
    if found is not None:
        assert f"ends at update {step} of 1000: loss was 0.25 at update {best}" in found


def test_zero_waits_to_the_end() -> None:
    options = Options(max_update=1000, valid_interval=1)
    assert why_end((0.0, 1), 999, Constant(), options) is None


PATIENT: dict[str, Any] = {
    "kind": toy.Worsens, "max_update": 40, "valid_interval": 2, "save_interval": 3, "patience": 4,
    "keep_nbest_models": 2,
}  # fmt: skip


def rows(folder: Path) -> list[dict[str, Any]]:
    lines = (folder / "train.jsonl").read_text().splitlines()
    found = [json.loads(line) for line in lines]
    return [{**row, "audio_seconds_per_second": 0} for row in found]


def test_it_ends_and_stays_so_unless_it_is_to_wait_longer(tmp_path: Path) -> None:
    trainer, _ = toy.make(tmp_path, **PATIENT)
    toy.run(trainer)
    assert trainer.best.best is not None
    best = trainer.best.best[1]
    assert trainer.step == best + 8
    assert torch.load(tmp_path / "last.pt", weights_only=True)["step"] == trainer.step
    assert rows(tmp_path)[-1]["split"] == "stopped"
    assert trainer.best.average() is not None
    # started once more it has nothing to do
    again, _ = toy.make(tmp_path, **PATIENT)
    again.restore(tmp_path / "last.pt")
    before = rows(tmp_path)
    toy.run(again)
    assert again.step == trainer.step and rows(tmp_path) == before
    # unless it is to wait longer
    more, _ = toy.make(tmp_path, **{**PATIENT, "patience": 6})
    more.restore(tmp_path / "last.pt")
    toy.run(more)
    assert more.step == best + 12
    assert [row["split"] for row in rows(tmp_path)].count("stopped") == 1


@pytest.mark.parametrize("at", [5, 9, 13])
def test_a_resumed_run_ends_after_the_same_update(tmp_path: Path, at: int) -> None:
    whole, one = toy.make(tmp_path / "whole", **PATIENT)
    toy.run(whole)
    parts, _ = toy.make(tmp_path / "parts", **PATIENT)

    class Killed(Exception):
        pass

    def tick(*_: object) -> None:
        if parts.step == at:
            raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("asrkit.train.log.MetricsLogger.tick", tick)
        with pytest.raises(Killed):
            toy.run(parts)
    second, two = toy.make(tmp_path / "parts", **PATIENT)
    second.restore(tmp_path / "parts" / "last.pt")
    assert second.step < at
    toy.run(second)
    assert second.step == whole.step
    assert torch.equal(toy.weights(one), toy.weights(two))
    assert rows(tmp_path / "whole")[-1] == rows(tmp_path / "parts")[-1]
    assert second.best.state() == whole.best.state()


def test_two_ranks_end_together(tmp_path: Path) -> None:
    mp.spawn(toy.one_rank, (str(tmp_path), free_port(), PATIENT), nprocs=2)
    assert rows(tmp_path)[-1]["split"] == "stopped"
    first, second = (torch.load(tmp_path / f"rank{n}", weights_only=True) for n in (0, 1))
    assert torch.equal(first, second)


def test_a_run_that_ended_early_has_ended_for_the_sweep(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("max_update: 100\nbest_metric: loss\n")
    lines = [{"step": 40, "split": "valid", "loss": 0.5}, {"step": 60, "split": "stopped"}]
    path = tmp_path / "train.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert best_of(tmp_path).step == 40
    path.write_text(json.dumps(lines[0]) + "\n")
    with pytest.raises(DataError, match="ended at update 40 of 100"):
        best_of(tmp_path)
