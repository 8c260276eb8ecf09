"""Runs that are killed, stopped, extended or changed, and go on: whole runs of asr_train.py."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
import yaml
from outcomes import same
from tones import ctc_args

from asrkit.bin import asr_train
from asrkit.train import checkpoint
from asrkit.train.data import open_index, plan_of, source_of
from asrkit.train.length import with_length


def process(argv, **kwargs):
    command = [sys.executable, "-m", "asrkit.bin.asr_train", *argv]
    root = Path(asr_train.__file__).parents[2]
    # as many threads as here, since sums are rounded by how they are split
    env = os.environ | {"PYTHONPATH": str(root), "OMP_NUM_THREADS": str(torch.get_num_threads())}
    return subprocess.Popen(
        command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, **kwargs
    )


KEPT = "encoder_conf.feature_grad_mult=0.0", "objective_conf.feature_cache_gib=0.1"
BF16 = ("precision=bf16",)


@pytest.mark.parametrize("settings", [(), KEPT, BF16], ids=["plain", "feature cache", "bf16"])
def test_killed_at_any_moment_and_resumed_it_ends_the_same(tones, tmp_path, settings):
    more = ["--max_update", "40", "--save_interval", "7", "--log_interval", "10"]
    more += ["--num_workers", "1"]
    for setting in settings:
        more += ["--set", setting]
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert asr_train.main(ctc_args(tones, whole, *more)) == 0
    run = process(ctc_args(tones, parts, *more))
    deadline = time.monotonic() + 120
    while not (parts / "last.pt").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.2 * (os.getpid() % 5))
    run.send_signal(signal.SIGKILL)
    run.communicate()
    assert checkpoint.load(parts / "last.pt")["step"] % 7 in (0, 5)
    assert asr_train.main([*ctc_args(tones, parts, *more), "--resume", "true"]) == 0
    assert same(whole / "last.pt", parts / "last.pt")


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.slow  # on a busy machine threads wait for each other
@pytest.mark.parametrize("settings", [(), BF16], ids=["plain", "bf16"])
def test_killed_and_resumed_with_two_threads(tones, tmp_path, settings, two_threads):
    test_killed_at_any_moment_and_resumed_it_ends_the_same(tones, tmp_path, settings)


def test_activations_may_be_computed_again_from_any_update_on(tones, tmp_path):
    more = ["--schedule", "constant", "--max_update", "5"]
    more += ["--set", "encoder_conf.dropout=0.1", "--set", "encoder_conf.layerdrop=0.3"]
    plain, mixed = tmp_path / "plain", tmp_path / "mixed"
    assert asr_train.main(ctc_args(tones, plain, *more)) == 0
    again = [*ctc_args(tones, mixed, *more), "--checkpoint_activations", "true"]
    assert asr_train.main([*again, "--max_update", "3"]) == 0
    assert asr_train.main([*ctc_args(tones, mixed, *more), "--resume", "true"]) == 0
    assert same(plain / "last.pt", mixed / "last.pt")
    assert "checkpoint_activations: True -> False" in (mixed / "train.log").read_text()


def test_a_length_that_was_derived_is_that_of_the_run(tones, tmp_path):
    """Whatever the devices are when it goes on: another accumulation would give another number."""
    out = tmp_path / "out"
    more = ["--max_update", "0", "--passes", "0.3", "--set", "objective_conf.freeze_steps=0.5"]
    assert asr_train.main(ctc_args(tones, out, *more)) == 0
    saved = yaml.safe_load((out / "config.yaml").read_text())
    total = saved["max_update"]
    assert 2 <= total <= 20 and saved["objective_conf"]["freeze_steps"] == 0.5
    three = asr_train.options_of(
        [*ctc_args(tones, out, *more), "--accum_grad", "3", "--batch_shapes", "0"]
    )[0]
    source = source_of(three)
    plan = plan_of(source, open_index(source, three.train_data, "train_data"))
    assert with_length(three, plan, 1).max_update != total
    assert checkpoint.load(out / "last.pt")["step"] == total
    log = (out / "train.log").read_text()
    assert f"{total} updates, " in log and f"encoder frozen for {-(-total // 2)}" in log
    again = [*ctc_args(tones, out, *more), "--resume", "true", "--accum_grad", "3"]
    assert asr_train.main(again) == 0
    assert checkpoint.load(out / "last.pt")["step"] == total
    assert "max_update" not in (out / "train.log").read_text()  # nothing of it has changed
    assert asr_train.main([*again, "--max_update", str(total + 1)]) == 0
    assert checkpoint.load(out / "last.pt")["step"] == total + 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_terminate_saves_and_says_so(tones, tmp_path, number):
    """Slurm signals every process of a job, the readers of audio too."""
    out = tmp_path / "stopped"
    more = ["--max_update", "100000", "--log_interval", "1", "--num_workers", "1"]
    run = process(ctc_args(tones, out, *more), start_new_session=True)
    deadline = time.monotonic() + 120
    while not (out / "train.jsonl").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(run.pid, number)
    _, errors = run.communicate(timeout=120)
    assert run.returncode == 128 + number
    assert "--resume true goes on" in errors
    assert checkpoint.load(out / "last.pt")["step"] >= 1


def test_extending_a_run_goes_on_in_its_folder(tones, tmp_path):
    argv = ctc_args(tones, tmp_path / "x", "--max_update", "6")
    assert asr_train.main(argv) == 0
    assert asr_train.main([*argv[:-2], "--max_update", "9", "--resume", "true"]) == 0
    assert checkpoint.load(tmp_path / "x" / "last.pt")["step"] == 9


def test_another_number_of_threads_is_told(tones, tmp_path, monkeypatch):
    argv = ctc_args(tones, tmp_path / "x", "--resume", "true")
    for updates, threads in ((1, 3), (2, 3), (3, 5)):
        monkeypatch.setattr(torch, "get_num_threads", lambda number=threads: number)
        assert asr_train.main([*argv, "--max_update", str(updates)]) == 0
        log = (tmp_path / "x" / "train.log").read_text()
        assert ("with 5 threads, which rounds sums differently" in log) == (threads == 5)
