"""FSDP computes what DDP does, holds a part of it, and writes the same files."""

import json

import pytest
import torch
import torch.multiprocessing as mp
from ports import free_port
from train import shard_ranks

from asrkit.bin import asr_train
from asrkit.train import checkpoint
from asrkit.train.distributed import World


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    out = tmp_path_factory.mktemp("runs")
    mp.spawn(shard_ranks.rank, (str(out), free_port()), nprocs=2)
    return out


def rows(folder):
    lines = (folder / "train.jsonl").read_text().splitlines()
    return [{**json.loads(line), "audio_seconds_per_second": 0} for line in lines]


def assert_same(one, two):
    a, b = checkpoint.load(one / "last.pt"), checkpoint.load(two / "last.pt")
    assert a["model"].keys() == b["model"].keys()
    for name, value in a["model"].items():
        torch.testing.assert_close(b["model"][name], value, rtol=1e-4, atol=1e-6, msg=name)
    assert a["optimizer"]["param_groups"] == b["optimizer"]["param_groups"]
    assert a["optimizer"]["state"].keys() == b["optimizer"]["state"].keys()
    for number, state in a["optimizer"]["state"].items():
        for name, value in state.items():
            other = b["optimizer"]["state"][number][name]
            torch.testing.assert_close(other, value, rtol=1e-3, atol=1e-6)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("method", shard_ranks.METHODS)
def test_sharded_equals_whole(runs, method):
    """With layerdrop, frozen updates, clipping, unequal validation and an EMA teacher."""
    assert_same(runs / f"{method}_ddp", runs / f"{method}_fsdp")
    for mine, other in zip(
        rows(runs / f"{method}_ddp"), rows(runs / f"{method}_fsdp"), strict=True
    ):
        assert mine.pop("split") == other.pop("split")
        assert mine == pytest.approx(other, rel=1e-3, abs=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("method", shard_ranks.METHODS)
def test_each_rank_holds_half(runs, method):
    held = [int((runs / f"{method}_held_{rank}").read_text()) for rank in (0, 1)]
    model = checkpoint.load(runs / f"{method}_ddp" / "last.pt")["model"]
    total = sum(value.numel() for name, value in model.items())
    assert sum(held) == total
    assert max(held) < 0.6 * total


@pytest.mark.slow
@pytest.mark.parametrize("parallel", ["ddp", "fsdp"])
def test_blocks_computed_again_change_no_bit(runs, parallel):
    one, two = (
        checkpoint.load(runs / f"{name}_{parallel}" / "last.pt")["model"]
        for name in ("ctc", "again")
    )
    assert one.keys() == two.keys()
    assert all(torch.equal(one[name], two[name]) for name in one)


@pytest.mark.slow
@pytest.mark.parametrize("parallel", ["ddp", "fsdp"])
def test_files_of_what_learns_alone_are_the_whole_ones(runs, parallel):
    """Of a run that went on from such a file, too."""
    names = torch.load(runs / f"small_{parallel}/last.pt", weights_only=True)["model"].keys()
    assert not any("fc1.weight" in name for name in names)
    assert any("lora" in name for name in names)
    small, whole = (runs / f"{name}_{parallel}" for name in ("small", "tuned"))
    assert_same(whole, small)


@pytest.mark.slow
@pytest.mark.parametrize("kinds", ["ddp_fsdp", "fsdp_ddp"])
def test_runs_go_on_either_way(runs, kinds):
    assert_same(runs / "ctc_ddp", runs / kinds)


@pytest.mark.slow
@pytest.mark.parametrize("parallel", ["ddp", "fsdp"])
def test_frozen_weights_stay_as_they_are(runs, parallel):
    before = checkpoint.load(runs / f"frozen_{parallel}" / "before.pt")["model"]
    for name, value in checkpoint.load(runs / f"frozen_{parallel}" / "last.pt")["model"].items():
        assert torch.equal(value, before[name]) == name.startswith("encoder."), name


@pytest.mark.slow
@pytest.mark.parametrize("method", ["ctc", "tuned"])
def test_two_ranks_freeze_as_one_does(runs, tmp_path, method):
    shard_ranks.train(World(ngpu=0), tmp_path / "one", method, 6, "ddp")
    assert_same(tmp_path / "one", runs / f"{method}_ddp")


@pytest.mark.slow
def test_one_process_reads_what_two_wrote(runs, tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "last.pt").write_bytes((runs / "ddp_fsdp" / "last.pt").read_bytes())
    objective = shard_ranks.train(World(ngpu=0), tmp_path / "one", "ctc", 8, "fsdp")
    assert all(p.isfinite().all() for p in objective.parameters())
    assert checkpoint.load(tmp_path / "one" / "last.pt")["step"] == 8


def test_unknown_kind(tmp_path, capsys):
    argv = [
        "--output_dir",
        str(tmp_path / "x"),
        "--parallel",
        "zero",
        "--optimizer_conf",
        "{lr: 1}",
    ]
    assert asr_train.main(argv) == 1
    assert "parallel is 'zero'; it must be ddp or fsdp" in capsys.readouterr().err
