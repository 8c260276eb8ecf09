"""Disks of several sizes fill up while a run writes to them: it ends within seconds with the path,
and goes on to the same end once there is space."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from forker import Forker
from outcomes import left_over, same
from tones import corpus, ctc_args

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]
SIZES = [4, 8, 12, 16, 20, 60, 140, 200, 330, 400, 460, 520, 650, 900]  # KiB


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=100k", "tmpfs", str(folder)], capture_output=True
    )
    if done.returncode:
        pytest.skip("only root can make a small disk")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def resize(disk: Path, size: str) -> None:
    subprocess.run(["mount", "-o", f"remount,size={size}", str(disk)], check=True)


def test_a_training_on_a_full_disk(tmp_path: Path, disk: Path) -> None:
    tones, errors = corpus(tmp_path / "tones"), tmp_path / "errors"
    more = ["--max_update", "12", "--save_interval", "3", "--valid_interval", "4"]
    more += ["--log_interval", "2", "--num_workers", "1", "--resume", "true"]
    full = 0
    with Forker("asr_train") as forker:
        assert forker.run(errors, ctc_args(tones, tmp_path / "whole", *more)) == 0
        for size in SIZES:
            resize(disk, f"{size}k")
            out = disk / f"run_{size}"
            code = forker.run(errors, ctc_args(tones, out, *more), 60)
            said = errors.read_text()
            if code:
                full += 1
                assert f"error: {out}" in said and "No space left on device" in said, said
            assert code in (0, 1) and "Traceback" not in said, said
            assert not left_over(disk)
            resize(disk, "20m")
            assert forker.run(errors, ctc_args(tones, out, *more)) == 0, errors.read_text()
            assert same(out / "average.pt", tmp_path / "whole" / "average.pt")
            subprocess.run(["rm", "-r", str(out)], check=True)
    assert full >= len(SIZES) - 2
