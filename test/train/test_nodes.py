"""Several machines: here two launchers on one, which find each other over a port."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from ports import free_port
from tones import corpus, ctc_args

from asrkit.bin import asr_train
from asrkit.train import checkpoint

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_two_nodes_equal_one_process(tmp_path):
    tones = corpus(tmp_path / "tones")
    more = ["--max_update", "4", "--valid_interval", "2"]
    assert asr_train.main(ctc_args(tones, tmp_path / "one", *more, "--accum_grad", "2")) == 0
    command = [
        sys.executable, "-m", "torch.distributed.run", "--nnodes=2", "--nproc_per_node=1",
        "--rdzv_backend=c10d", f"--rdzv_endpoint=localhost:{free_port()}", "--rdzv_id=test",
        "-m", "asrkit.bin.asr_train", *ctc_args(tones, tmp_path / "two", *more),
    ]  # fmt: skip
    env = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": str(torch.get_num_threads())}
    nodes = [
        subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]
    for node in nodes:
        _, errors = node.communicate(timeout=800)
        assert node.returncode == 0, errors[-2000:]
    one, two = (checkpoint.load(tmp_path / name / "last.pt")["model"] for name in ("one", "two"))
    for name, value in one.items():
        torch.testing.assert_close(two[name], value, rtol=2e-4, atol=2e-5)
