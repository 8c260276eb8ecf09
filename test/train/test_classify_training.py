"""Whole runs of a classifier of languages: learned, resumed, on two ranks, its head alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from languages_toy import classify_args, corpus

from asrkit.bin import asr_train, average_checkpoints
from asrkit.model_io import TrainedModel
from asrkit.train import checkpoint

EVERY = ["--valid_interval", "10", "--log_interval", "10", "--save_interval", "10"]


@pytest.fixture(scope="module")
def langs(tmp_path_factory):
    return corpus(tmp_path_factory.mktemp("languages"))


@pytest.fixture(scope="module")
def trained(langs, tmp_path_factory):
    out = tmp_path_factory.mktemp("exp") / "language"
    assert asr_train.main(classify_args(langs, out, *EVERY, "--max_update", "40")) == 0
    return out


def weights(folder: Path) -> dict[str, torch.Tensor]:
    found: dict[str, torch.Tensor] = checkpoint.load(folder / "last.pt")["model"]
    return found


def test_languages_are_learned_and_validation_tells_each(trained):
    rows = [json.loads(line) for line in (trained / "train.jsonl").open()]
    last = [row for row in rows if row["split"] == "valid"][-1]
    assert last["accuracy"] == last["accuracy_xx"] == last["accuracy_yy"] == 1
    assert last["xx_as_yy"] == 0 and last["loss"] < 0.3
    assert not [name for row in rows if row["split"] == "train" for name in row if "_xx" in name]


def test_the_classes_are_kept_with_the_model_and_it_averages(trained, tmp_path):
    assert (trained / "tokens.txt").read_text().split() == ["<blank>", "<unk>", "xx", "yy"]
    files = sorted(map(str, (trained / "checkpoints").iterdir()))
    out = tmp_path / "mean.pt"
    assert average_checkpoints.main([*files, "--out", str(out)]) == 0
    assert checkpoint.load(out)["model"].keys() == weights(trained).keys()
    assert TrainedModel.open(trained).objective().classes == ["xx", "yy"]


def test_stopped_and_resumed_it_ends_the_same(langs, tmp_path):
    steady = ["--schedule", "constant", "--schedule_conf", "{}", "--max_update"]
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert asr_train.main(classify_args(langs, whole, *steady, "4")) == 0
    assert asr_train.main(classify_args(langs, parts, *steady, "2")) == 0
    again = classify_args(langs, parts, *steady, "4", "--resume", "true")
    assert asr_train.main(again) == 0
    other = weights(parts)
    assert all(torch.equal(value, other[name]) for name, value in weights(whole).items())


def test_the_head_alone_of_another_model_is_a_small_file(langs, trained, tmp_path):
    out = tmp_path / "head"
    more = ["--init", str(trained / "last.pt"), "--trainable", "^head", "--save_base", "false"]
    assert asr_train.main(classify_args(langs, out, *more, "--max_update", "3")) == 0
    held = checkpoint.load(out / "average.pt", complete=False)["model"]
    name = "encoder.context.norm.weight"
    assert "head.output.weight" in held and name not in held
    whole, before = weights(out), weights(trained)
    assert torch.equal(whole[name], before[name])
    assert not torch.equal(whole["head.output.weight"], before["head.output.weight"])


def test_an_utterance_of_a_language_that_the_list_has_not_is_named(langs, tmp_path, capsys):
    listed = tmp_path / "languages.txt"
    listed.write_text("<blank>\n<unk>\nxx\nzz\n")
    argv = classify_args(langs, tmp_path / "x", "--token_list", str(listed), "--max_update", "40")
    assert asr_train.main(argv) == 1
    assert "symbol 'yy' of utt2lang is not in the token list" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_two_ranks_learn_what_one_does(langs, tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    more = ["--max_update", "4"]
    assert asr_train.main(classify_args(langs, one, *more, "--accum_grad", "2")) == 0
    launcher = [
        sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2",
        "-m", "asrkit.bin.asr_train", *classify_args(langs, two, *more),
    ]  # fmt: skip
    root = Path(asr_train.__file__).parents[2]
    env = os.environ | {"PYTHONPATH": str(root), "OMP_NUM_THREADS": str(torch.get_num_threads())}
    done = subprocess.run(launcher, env=env, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-2000:]
    other = weights(two)
    for name, value in weights(one).items():
        torch.testing.assert_close(value, other[name], rtol=1e-4, atol=1e-5)
