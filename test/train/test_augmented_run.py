"""Runs on changed audio: resumed or on two ranks they see the same; what cannot be is refused."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from tones import ctc_args

from asrkit.bin import asr_train
from asrkit.train import checkpoint

WAVEFORM = (
    "{speeds: [0.9, 1.0, 1.1], room_prob: 0.3, noise_prob: 0.5, telephone_prob: 0.3, "
    "volume: [-6.0, 6.0]}"
)
CHANGED = ["--augment", "waveform", "--augment_conf", WAVEFORM]


def weights(folder: Path) -> dict[str, torch.Tensor]:
    found: dict[str, torch.Tensor] = checkpoint.load(folder / "last.pt")["model"]
    return found


def same(one: Path, two: Path) -> bool:
    other = weights(two)
    return all(torch.equal(value, other[name]) for name, value in weights(one).items())


def test_stopped_and_resumed_it_ends_the_same_and_otherwise_than_on_audio_as_it_is(tones, tmp_path):
    more = ["--schedule", "constant", "--schedule_conf", "{}", "--max_update"]
    whole, parts, plain = tmp_path / "whole", tmp_path / "parts", tmp_path / "plain"
    assert asr_train.main([*ctc_args(tones, whole), *CHANGED, *more, "4"]) == 0
    assert asr_train.main([*ctc_args(tones, parts), *CHANGED, *more, "2"]) == 0
    again = [*ctc_args(tones, parts), *CHANGED, *more, "4", "--resume", "true"]
    assert asr_train.main(again) == 0
    assert same(whole, parts)
    assert asr_train.main([*ctc_args(tones, plain), *more, "4"]) == 0
    assert not same(whole, plain)


def test_a_run_does_not_go_on_with_another_change(tones, tmp_path, capsys):
    argv = [*ctc_args(tones, tmp_path / "x"), "--max_update", "1"]
    assert asr_train.main(argv) == 0
    assert asr_train.main([*argv, *CHANGED, "--resume", "true"]) == 1
    assert "augment: None -> 'waveform'" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_two_ranks_are_given_what_one_is(tones, tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    more = [*CHANGED, "--max_update", "6"]
    assert asr_train.main([*ctc_args(tones, one), *more, "--accum_grad", "2"]) == 0
    launcher = [
        sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2",
        "-m", "asrkit.bin.asr_train", *ctc_args(tones, two), *more,
    ]  # fmt: skip
    root = Path(asr_train.__file__).parents[2]
    env = os.environ | {"PYTHONPATH": str(root), "OMP_NUM_THREADS": str(torch.get_num_threads())}
    done = subprocess.run(launcher, env=env, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-2000:]
    for name, value in weights(one).items():
        torch.testing.assert_close(weights(two)[name], value, rtol=2e-4, atol=2e-5)


def test_refusals(tones, tmp_path, capsys):
    argv = ctc_args(tones, tmp_path / "x")
    for more, said in (
        (["--augment", "waveform", "--augment_conf", "{speeds: [9.0]}"], "augment_conf: speeds: "),
        (["--augment", "waveform", "--augment_conf", "{loud: 1}"], "unknown key 'loud'"),
        (["--augment", "wavefrom"], "augment: unknown name 'wavefrom'"),
        (["--augment_conf", "{noise_prob: 0.5}"], "augment_conf: given without augment"),
        ([*CHANGED, "--crop", "true"], "augment_conf.speeds: not with crop"),
        (
            [*CHANGED, "--set", "objective_conf.feature_cache_gib=1.0"],
            "augment: given, but features are kept",
        ),
    ):
        assert asr_train.main([*argv, *more]) == 1
        assert said in capsys.readouterr().err
    assert not (tmp_path / "x" / "last.pt").exists()
