"""Frozen weights stay as they are, bit for bit; Adam counts from where their learning starts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from train import shard_ranks

from asrkit.batch import Padded
from asrkit.data.sampler import EpochPlan
from asrkit.encoders.transformer import Transformer
from asrkit.options import Options
from asrkit.train import checkpoint
from asrkit.train.distributed import World
from asrkit.train.length import describe_length
from asrkit.train.optim import adamw
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


def test_a_layer_that_layerdrop_skips_has_a_gradient_of_zeros_that_adam_counts() -> None:
    """It learns, unlike what is frozen: zero is what this draw says of it, as in fairseq and on
    ranks that draw otherwise."""
    torch.manual_seed(0)
    options = {"heads": 2, "norm_first": True, "positional": [3, 2, 1], "layerdrop": 0.5}
    none = dict.fromkeys(("dropout", "attention_dropout", "activation_dropout"), 0.0)
    context = Transformer(8, layers=3, **options, **none)
    x = Padded(torch.randn(2, 5, 8), torch.tensor([5, 5]))
    twins = [torch.nn.Parameter(p.detach().clone()) for p in context.parameters()]
    optimizer = adamw(context.named_parameters(), lr=0.1, weight_decay=0.5)
    other = adamw(enumerate(twins), lr=0.1, weight_decay=0.5)
    skipped = 0
    for step in range(8):
        torch.manual_seed(step)
        kept = [draw >= 0.5 for draw in torch.rand(3).tolist()]
        torch.manual_seed(step)
        optimizer.zero_grad()
        context(x).output.data.square().sum().backward()
        resting = {p for layer, k in zip(context.layers, kept, strict=True) if not k
                   for p in layer.parameters()}  # fmt: skip
        skipped += len(resting)
        for mine, twin in zip(context.parameters(), twins, strict=True):
            twin.grad = torch.zeros_like(twin) if mine in resting else mine.grad
        optimizer.step()
        other.step()
        for mine, twin in zip(context.parameters(), twins, strict=True):
            assert torch.equal(mine, twin)
        assert {int(state["step"]) for state in optimizer.state.values()} == {step + 1}
    assert skipped


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
