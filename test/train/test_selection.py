"""The best of several runs gets the name."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from asrkit.bin import select_model
from asrkit.files import DataError
from asrkit.train.selection import select_best


def run(
    folder: Path, lr: float, values: list[float], *, total: int = 0, metric: str = "per"
) -> Path:
    """A finished run with one validation every ten updates."""
    folder.mkdir()
    total = total or 10 * len(values)
    content = f"optimizer_conf: {{lr: {lr}}}\nbest_metric: {metric}\nmax_update: {total}\n"
    (folder / "config.yaml").write_text(content)
    rows = [{"step": 10 * n, "split": "valid", metric: v} for n, v in enumerate(values, 1)]
    rows.append({"step": 10 * len(values), "split": "train", "loss": 0.0})
    (folder / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def test_the_lowest_validation_of_all_updates_wins(tmp_path: Path) -> None:
    slow = run(tmp_path / "x_lr2e-5", 2e-5, [0.5, 0.4])
    fast = run(tmp_path / "x_lr6e-5", 6e-5, [0.3, 0.9])
    ranked = select_best([slow, fast], tmp_path / "x")
    assert [(c.lr, c.value, c.step) for c in ranked] == [(6e-5, 0.3, 10), (2e-5, 0.4, 20)]
    assert (tmp_path / "x").resolve() == fast
    assert str((tmp_path / "x").readlink()) == "x_lr6e-5"
    table = json.loads((tmp_path / "x_sweep.json").read_text())
    assert table["chosen"] == str(fast)
    assert [row["lr"] for row in table["runs"]] == [6e-5, 2e-5]


def test_again_with_another_winner_moves_the_link(tmp_path: Path) -> None:
    first, second = run(tmp_path / "a", 1e-5, [0.5]), run(tmp_path / "b", 2e-5, [0.4])
    select_best([first], tmp_path / "x")
    select_best([first, second], tmp_path / "x")
    assert (tmp_path / "x").resolve() == second


def test_ties_go_to_the_first(tmp_path: Path) -> None:
    runs = [run(tmp_path / name, 1e-5, [0.4]) for name in "ba"]
    assert select_best(runs, tmp_path / "x")[0].folder == runs[0]


def test_what_is_no_number_never_wins(tmp_path: Path) -> None:
    sick, sound = run(tmp_path / "a", 1e-5, [math.nan, 0.6]), run(tmp_path / "b", 2e-5, [0.7])
    ranked = select_best([sick, sound], tmp_path / "x")
    assert [(c.value, c.step) for c in ranked] == [(0.6, 20), (0.7, 10)]
    lost = run(tmp_path / "c", 1e-5, [math.nan])
    with pytest.raises(DataError, match="never a number"):
        select_best([lost, sound], tmp_path / "x")


def test_an_unfinished_run_is_refused(tmp_path: Path) -> None:
    part = run(tmp_path / "a", 1e-5, [0.4], total=30)
    with pytest.raises(DataError, match="ended at update 10 of 30"):
        select_best([part], tmp_path / "x")
    assert not (tmp_path / "x").is_symlink()


def test_a_run_without_validation_is_refused(tmp_path: Path) -> None:
    bare = run(tmp_path / "a", 1e-5, [0.4])
    (bare / "train.jsonl").write_text('{"step": 10, "split": "train", "loss": 1.0}\n')
    with pytest.raises(DataError, match="no validation has per"):
        select_best([bare], tmp_path / "x")


def test_different_metrics_are_not_compared(tmp_path: Path) -> None:
    one = run(tmp_path / "a", 1e-5, [0.4])
    other = run(tmp_path / "b", 1e-5, [0.4], metric="loss")
    with pytest.raises(DataError, match="different best_metric"):
        select_best([one, other], tmp_path / "x")


def test_a_run_of_that_name_is_kept(tmp_path: Path) -> None:
    own, other = run(tmp_path / "x", 1e-5, [0.4]), run(tmp_path / "a", 1e-5, [0.4])
    with pytest.raises(DataError, match="is a run of its own"):
        select_best([other], own)
    assert not own.is_symlink()


def test_program(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    slow = run(tmp_path / "x_lr2e-5", 2e-5, [0.4])
    assert select_model.main([str(slow), "--out", str(tmp_path / "x")]) == 0
    assert "learning rate 2e-05, per 0.4 at update 10" in capsys.readouterr().out
    assert select_model.main([str(tmp_path / "none"), "--out", str(tmp_path / "y")]) == 1
    assert "no run" in capsys.readouterr().err
