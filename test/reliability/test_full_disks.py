"""Disks of several sizes fill up while a run writes to them: it ends within seconds with the path,
and goes on to the same end once there is space."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from forker import Forker
from outcomes import left_over, resize, same, small_disk
from tones import corpus, ctc_args

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]
SIZES = [4, 8, 12, 16, 20, 60, 140, 200, 330, 400, 460, 520, 650, 900]  # KiB


def test_a_training_on_a_full_disk(tmp_path: Path) -> None:
    tones, errors = corpus(tmp_path / "tones"), tmp_path / "errors"
    more = ["--max_update", "12", "--save_interval", "3", "--valid_interval", "4"]
    more += ["--log_interval", "2", "--num_workers", "1", "--resume", "true"]
    full = 0
    with small_disk(tmp_path / "disk") as disk, Forker("asr_train") as forker:
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
