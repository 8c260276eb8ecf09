"""The benchmark of the data side runs and prints its tables."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench" / "data.py"


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_bench(tmp_path: Path) -> None:
    options = ["--millions", "0.001", "--files", "20", "--seconds", "0.2", "--work_dir", tmp_path]
    command = [sys.executable, BENCH, *options]
    env = {**os.environ, "PYTHONPATH": str(BENCH.parents[1])}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=env)
    assert "| 0.001 M |" in done.stdout and "| padded with labels, 87.5 s | 2 |" in done.stdout
    assert list(tmp_path.iterdir()) == []
