"""Runs that tune: what does not learn stays as it was, and going on changes nothing.

test/train/test_fsdp.py has the same with two ranks.
"""

from __future__ import annotations

import pytest
import torch
from tones import ctc_args, write_dump, write_tokens
from train import shard_ranks

from asrkit.bin import asr_infer, asr_train, pack
from asrkit.train import checkpoint
from asrkit.train.distributed import World

LEARNS = ("lora", "adapter", "head", "feature_norm")


def run(folder, updates):
    shard_ranks.train(World(ngpu=0), folder, "tuned", updates, "ddp")
    return checkpoint.load(folder / "last.pt")


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A run, and the same stopped while the encoder rests, at the border, and after it."""
    folder = tmp_path_factory.mktemp("tuned")
    return run(folder / "whole", 5), {n: run(folder / "parts", n) for n in (1, 2, 3, 5)}


def test_resumed_is_uninterrupted(runs):
    whole, parts = runs[0], runs[1][5]
    for name, value in whole["model"].items():
        assert torch.equal(value, parts["model"][name]), name
    mine, other = (content["optimizer"]["state"] for content in (whole, parts))
    assert mine.keys() == other.keys()
    assert all(torch.equal(v, other[n][k]) for n, state in mine.items() for k, v in state.items())


def test_what_does_not_learn_has_no_state_and_stays(runs):
    before, after = runs[1][1], runs[1][5]
    learns = [name for name in after["model"] if any(part in name for part in LEARNS)]
    for name, value in after["model"].items():
        if name not in learns:
            assert torch.equal(value, before["model"][name]), name
    assert not torch.equal(*(c["model"]["head.bias"] for c in (before, after)))
    assert len(after["optimizer"]["state"]) == len(learns)
    counts = sorted(int(state["step"]) for state in after["optimizer"]["state"].values())
    assert counts == [3] * (len(learns) - 2) + [5] * 2  # the head learns from the start


def test_train_average_pack_recognize(tmp_path, capsys):
    """From a model of all to one of LoRA, with the programs."""
    for name, count in (("train", 8), ("valid", 2)):
        write_dump(tmp_path / name, count)
    write_tokens(tmp_path / "tokens.txt")
    steps = ["--max_update", "4", "--valid_interval", "2", "--save_interval", "2"]
    assert asr_train.main(ctc_args(tmp_path, tmp_path / "exp/base", *steps)) == 0
    tuned = [*steps, "--init", str(tmp_path / "exp/base/last.pt"), "--init_take", "encoder", "head",
             "--tune", "{lora: {rank: 2}}", "--log_interval", "2"]  # fmt: skip
    assert asr_train.main(ctc_args(tmp_path, tmp_path / "exp/asr", *tuned)) == 0
    again = [*tuned, "--resume", "true", "--max_update", "6"]
    assert asr_train.main(ctc_args(tmp_path, tmp_path / "exp/asr", *again)) == 0
    log = (tmp_path / "exp/asr/train.log").read_text()
    assert "of which" in log and "going on at update 4" in log
    config = checkpoint.load(tmp_path / "exp/asr/average.pt")["config"]
    assert config["tune"]["lora"]["rank"] == 2 * 3
    out = tmp_path / "asr.zip"
    assert pack.main(["--model", str(tmp_path / "exp/asr"), "--out", str(out)]) == 0
    audio = str(next((tmp_path / "valid/audio").iterdir()))
    heard = []
    for model in (tmp_path / "exp/asr", out):
        capsys.readouterr()
        assert asr_infer.main(["--model", str(model), audio]) == 0
        heard.append(capsys.readouterr().out)
    assert heard[0] == heard[1]
