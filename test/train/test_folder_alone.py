"""Two runs never write one experiment at the same time."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from asrkit.train.folder import alone


def test_the_second_run_waits_for_the_first(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder, inside = tmp_path / "exp/x", threading.Event()

    def second() -> None:
        with alone(folder):
            inside.set()

    with alone(folder):
        (folder / "last.pt").touch()
        other = threading.Thread(target=second)
        other.start()
        assert not inside.wait(0.3)
    other.join(10)
    assert inside.is_set()
    assert "another process trains here" in caplog.text


def test_a_run_that_ends_before_it_writes_leaves_no_folder(tmp_path: Path) -> None:
    with pytest.raises(ValueError), alone(tmp_path / "x"):
        raise ValueError
    assert not (tmp_path / "x").exists()
    (tmp_path / "kept").mkdir()
    with alone(tmp_path / "kept"):
        pass
    assert (tmp_path / "kept").exists()
