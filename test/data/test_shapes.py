"""Few lengths for micro-batches: the best there are, and what they cost on lengths of corpora."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from asrkit.data.sampler import Epoch, EpochPlan
from asrkit.data.shapes import REST, STEP, choose_lengths

GPU_BINS, SHAPES = 800 * 16_000, 32


def lengths_like(corpus: str, size: int = 60_000) -> np.ndarray:
    """Samples of clips: sentences of 5 s, book passages of 10 to 20 s, and turns of a dialogue."""
    rng = np.random.default_rng(1)
    seconds = {
        "commonvoice": lambda: rng.gamma(9, 0.56, size).clip(1, 20),
        "mls": lambda: rng.uniform(10, 20, size),
        "babel": lambda: rng.gamma(1.6, 2.9, size).clip(0.5, 20),
    }[corpus]()
    return (16_000 * seconds).astype(np.int32)


def cost(lengths: np.ndarray, points: np.ndarray, crop: bool) -> int:
    if crop:
        found = points[np.searchsorted(points, lengths, side="right") - 1]
        return int((lengths - found).sum())
    return int((points[np.searchsorted(points, lengths)] - lengths).sum())


@pytest.mark.parametrize("crop", [True, False])
@pytest.mark.parametrize("number", [1, 2, 3])
def test_no_choice_is_better(number: int, crop: bool) -> None:
    lengths = np.random.default_rng(number).integers(100, 30_000, 50)
    points = choose_lengths(lengths, number, crop=crop, longest=10**6)
    assert len(points) <= number and (np.diff(points) > 0).all()
    assert (points[0] <= lengths.min()) if crop else (points[-1] >= lengths.max())
    grid = set(np.arange(0, 13) * STEP + REST) | ({lengths.min()} if crop else set())
    others = itertools.combinations(sorted(grid), len(points))
    fit = [
        np.array(other)
        for other in others
        if (other[0] <= lengths.min() if crop else other[-1] >= lengths.max())
    ]
    assert cost(lengths, points, crop) == min(cost(lengths, other, crop) for other in fit)


def test_edges() -> None:
    one = np.array([7, 7, 7])
    assert choose_lengths(one, 4, crop=True, longest=100).tolist() == [7]
    assert choose_lengths(one, 4, crop=False, longest=100).tolist() == [REST]
    assert choose_lengths(one, 4, crop=False, longest=50).tolist() == [50]


def shapes_of(plan: EpochPlan, epochs: int) -> tuple[set[tuple[int, int]], list[Epoch]]:
    found, plans = set(), [plan.epoch(number) for number in range(epochs)]
    for epoch in plans:
        found |= set(zip(np.diff(epoch.bounds).tolist(), epoch.sizes.tolist(), strict=True))
    return found, plans


@pytest.mark.parametrize("corpus", ["commonvoice", "mls", "babel"])
@pytest.mark.parametrize("crop", [True, False])
def test_few_shapes_cost_little(corpus: str, crop: bool) -> None:
    """Pre-training samples languages, and crops; fine-tuning takes all as they are, and pads."""
    lengths = lengths_like(corpus)
    langs = (np.arange(len(lengths)) % 7 == 0).astype(np.int16)
    plan = EpochPlan(
        lengths, langs, batch_bins=GPU_BINS, shapes=SHAPES, crop=crop,
        alpha=0.5 if crop else None, max_sample_size=250_000 if crop else None,
        min_sample_size=32_000 if crop else 0,
    )  # fmt: skip
    found, epochs = shapes_of(plan, 6)
    assert len(found) <= SHAPES
    assert all(rows * size <= GPU_BINS for rows, size in found)
    for epoch in epochs:
        assert plan.padding(epoch) < (0.055 if corpus == "babel" and not crop else 0.04)
        pairs = list(zip(epoch.rows.tolist(), epoch.copies.tolist(), strict=True))
        assert len(set(pairs)) == len(pairs)
        sizes = np.repeat(epoch.sizes, np.diff(epoch.bounds))
        short = plan.lengths[epoch.rows] - sizes
        assert (short >= 0).all() if crop else (short <= 0).all()
        full = np.diff(epoch.bounds) * epoch.sizes > 0.9 * GPU_BINS
        assert full.mean() > 0.9
    if not crop:
        assert sorted(epochs[1].rows.tolist()) == list(range(len(lengths)))


def test_validation_takes_every_clip_once_the_longest_first() -> None:
    lengths = lengths_like("babel", 500)
    lengths[3] = 2 * 480_000  # more than a micro-batch may hold
    plan = EpochPlan(lengths, batch_bins=480_000, shapes=8, train=False)
    epoch = plan.epoch(0)
    specs = [plan.batch(epoch, 0, at) for at in range(len(epoch))]
    assert sorted(row for spec in specs for row in spec.rows) == list(range(500))
    assert len({(len(spec.rows), spec.size) for spec in specs}) <= 8
    assert [spec.size for spec in specs] == sorted((s.size for s in specs), reverse=True)
    assert all(lengths[spec.rows].max() <= spec.size for spec in specs)


def test_shapes_are_not_for_micro_batches_of_one_speaker() -> None:
    lengths = lengths_like("mls", 100)
    speakers = np.arange(100) // 10
    plan = EpochPlan(lengths, batch_bins=1_400_000, speakers=speakers, shapes=4)
    assert plan.shapes == [] and not plan.epoch(0).sizes.any()
