"""Frozen weights stay as they are, bit for bit; Adam counts from where their learning starts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from train import shard_ranks

from asrkit.data.sampler import EpochPlan
from asrkit.options import Options
from asrkit.train import checkpoint
from asrkit.train.distributed import World
from asrkit.train.length import describe_length
from asrkit.train.schedule import Constant

FROZEN = 2  # updates in which the encoder of shard_ranks' "ctc" rests, under a decay of 0.01
HEAD = 2  # parameters that learn from the start: weight and bias


def run(folder: Path, updates: int) -> dict:
    """last.pt after ``updates``, gone on with from what is in ``folder``."""
    shard_ranks.train(World(ngpu=0), folder, "ctc", updates, "ddp")
    return checkpoint.load(folder / "last.pt")


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    """Update -> last.pt of a run that was stopped while frozen, at the border, and after it."""
    folder = tmp_path_factory.mktemp("frozen") / "run"
    return {updates: run(folder, updates) for updates in (1, FROZEN, 3, 5)}


def encoder_of(content: dict) -> dict:
    return {n: value for n, value in content["model"].items() if n.startswith("encoder.")}


def counts(content: dict) -> list[int]:
    return sorted(int(state["step"]) for state in content["optimizer"]["state"].values())


def assert_equal(one: dict, two: dict) -> None:
    assert one.keys() == two.keys()
    for name, value in one.items():
        assert torch.equal(value, two[name]), name


def test_a_frozen_encoder_is_neither_decayed_nor_counted(stopped):
    start, frozen, learned = stopped[1], stopped[FROZEN], stopped[5]
    assert_equal(encoder_of(start), encoder_of(frozen))
    assert not torch.equal(start["model"]["head.weight"], frozen["model"]["head.weight"])
    assert counts(frozen) == [FROZEN] * HEAD
    others = len(encoder_of(learned))
    assert counts(learned) == [5 - FROZEN] * others + [5] * HEAD
    for name, value in encoder_of(learned).items():
        assert not torch.equal(value, start["model"][name]), name


def test_resumed_while_frozen_and_after_it(stopped, tmp_path):
    whole, parts = run(tmp_path / "whole", 5), stopped[5]
    assert_equal(whole["model"], parts["model"])
    mine, other = whole["optimizer"]["state"], parts["optimizer"]["state"]
    assert mine.keys() == other.keys()
    for number, state in mine.items():
        assert_equal(state, other[number])


@pytest.mark.parametrize(("frozen", "updates", "warned"), [(10, 10, 1), (10, 11, 0), (0, 5, 0)])
def test_a_run_that_never_gets_to_the_encoder_says_so(
    frozen: int, updates: int, warned: int, caplog: pytest.LogCaptureFixture
) -> None:
    options = Options(objective_conf={"freeze_steps": frozen}, max_update=updates)
    plan = EpochPlan(np.array([16_000], np.int32), batch_bins=16_000)
    describe_length(options, Constant(), plan, 1, derived=False)
    said = {record.getMessage() for record in caplog.records}
    assert len(said) == warned
    assert all("only the head will be trained" in line for line in said)
