"""Epoch plans: sampling ratios, batches, padding, ranks, resume."""

from itertools import islice

import numpy as np
import pytest

from asrkit.data import sampler
from asrkit.data.languages import size_ratios
from asrkit.data.sampler import BatchSpec, BatchStream, EpochPlan, EvalStream
from asrkit.files import DataError


def corpus(size: int = 4000, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (16000 * rng.lognormal(1.2, 0.6, size)).clip(3000, 400000).astype(np.int32)


def flat(epoch: sampler.Epoch) -> list[tuple[int, int]]:
    return list(zip(epoch.rows.tolist(), epoch.copies.tolist(), strict=True))


def test_epoch_holds_whole_copies_and_a_random_rest() -> None:
    langs = np.repeat(np.array([0, 1, 2], np.int16), [100, 1000, 4000])
    plan = EpochPlan(np.full(5100, 16000, np.int32), langs, batch_bins=160000, alpha=0.5)
    ratios = size_ratios(np.array([100, 1000, 4000.0]), 0.5)
    epochs = [plan.epoch(0), plan.epoch(1)]
    for epoch in epochs:
        assert len(set(flat(epoch))) == len(epoch.rows)  # no (utterance, copy) twice
        assert abs(len(epoch.rows) - 5100) <= 2  # the epoch stays N hours
        for lang, size in enumerate((100, 1000, 4000)):
            mine = epoch.rows[langs[epoch.rows] == lang]
            assert len(mine) == int(ratios[lang]) * size + round(ratios[lang] % 1 * size)
            heard = np.bincount(mine, minlength=5100)[langs == lang]
            assert set(heard) <= {int(ratios[lang]), int(ratios[lang]) + 1}
    assert set(flat(epochs[0])) != set(flat(epochs[1]))


def test_one_short_utterance_of_a_language_with_equal_shares() -> None:
    """A second of one language beside 20 hours of another: heard tens of thousands of times."""
    lengths = np.full(4801, 240_000, np.int32)
    lengths[0] = 16_000
    langs = (np.arange(4801) > 0).astype(np.int16)
    plan = EpochPlan(lengths, langs, batch_bins=960_000, max_batch_size=60, alpha=0.0)
    assert plan.ratios is not None and plan.ratios[0] > 2**15
    epoch = plan.epoch(0)
    copies = epoch.copies[epoch.rows == 0]
    assert sorted(copies.tolist()) == list(range(len(copies)))
    assert len(copies) == pytest.approx(plan.ratios[0], abs=1)
    assert plan.batch(epoch, 0, 0).copies.dtype.itemsize == 4


def test_without_alpha_each_utterance_once() -> None:
    plan = EpochPlan(corpus(), batch_bins=960000)
    assert sorted(plan.epoch(3).rows.tolist()) == list(range(4000))


def test_same_seed_and_epoch_same_plan() -> None:
    make = [EpochPlan(corpus(), batch_bins=960000, seed=s).epoch for s in (1, 1, 2)]
    one, two, other, later = make[0](5), make[1](5), make[2](5), make[0](6)
    assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))
    assert not np.array_equal(one.rows, other.rows) and not np.array_equal(one.rows, later.rows)


@pytest.mark.parametrize("most", [None, 7])
@pytest.mark.parametrize("train", [True, False])
def test_batches_stay_within_bins(train: bool, most: int | None) -> None:
    lengths = corpus()
    plan = EpochPlan(lengths, batch_bins=960000, max_batch_size=most, train=train)
    epoch = plan.epoch(0)
    batches = [plan.batch(epoch, 0, at).rows for at in range(len(epoch))]
    assert sorted(np.concatenate(batches).tolist()) == list(range(4000))
    for rows in batches:
        assert len(rows) * lengths[rows].max() <= 960000 and len(rows) <= (most or 10**9)


def test_padding_under_five_percent() -> None:
    lengths = corpus(20000)
    padded = EpochPlan(lengths, batch_bins=1_400_000)
    cropped = EpochPlan(lengths, batch_bins=1_400_000, crop=True, max_sample_size=250000)
    assert padded.padding(padded.epoch(0)) < 0.03
    assert cropped.padding(cropped.epoch(0)) < 0.03
    epoch = padded.epoch(0)
    sizes = np.diff(epoch.bounds) * np.maximum.reduceat(lengths[epoch.rows], epoch.bounds[:-1])
    assert sizes.mean() > 0.9 * 1_400_000  # and batches are full


def test_batches_are_shuffled_again_each_epoch() -> None:
    plan = EpochPlan(corpus(20000), batch_bins=1_400_000)
    first, second = (
        {frozenset(plan.batch(e, 0, at).rows.tolist()) for at in range(len(e))}
        for e in (plan.epoch(0), plan.epoch(1))
    )
    assert len(first & second) < 0.05 * len(first)


def test_a_language_of_which_nothing_is_left() -> None:
    lengths, langs = np.array([100, 200, 9000], np.int32), np.array([0, 1, 2], np.int16)
    plan = EpochPlan(lengths, langs, batch_bins=1000, max_sample_size=500, alpha=0.5)
    assert plan.ratios is not None
    np.testing.assert_allclose(plan.ratios, [1.242641, 0.878680, 0], atol=1e-6)
    assert sorted(plan.epoch(0).rows) == [0, 1]


def test_what_is_left_out_is_counted() -> None:
    lengths = np.array([10, 20, 30, 40, 50], np.int32)
    plan = EpochPlan(lengths, batch_bins=100, min_sample_size=20, max_sample_size=40)
    assert (plan.short, plan.long) == (1, 1) and sorted(plan.epoch(0).rows) == [1, 2, 3]
    plan = EpochPlan(lengths, batch_bins=100, min_sample_size=20, max_sample_size=40, crop=True)
    assert (plan.short, plan.long) == (1, 0) and sorted(plan.epoch(0).rows) == [1, 2, 3, 4]
    plan = EpochPlan(lengths, batch_bins=45, min_sample_size=20, max_sample_size=40, train=False)
    assert (plan.short, plan.long) == (0, 0) and sorted(plan.epoch(0).rows) == [0, 1, 2, 3, 4]


def test_utterance_beyond_batch_bins_is_named() -> None:
    with pytest.raises(DataError, match="utterance u1 has 50 samples, more than batch_bins=40"):
        EpochPlan(np.array([10, 50], np.int32), batch_bins=40, ids="u{}".format)


def test_nothing_left_says_why() -> None:
    with pytest.raises(DataError, match="no utterance is left of 2: 2 shorter than min_sample"):
        EpochPlan(np.array([10, 50], np.int32), batch_bins=40, min_sample_size=60)


def same(a: BatchSpec, b: BatchSpec) -> bool:
    return a.epoch == b.epoch and all(map(np.array_equal, a[1:], b[1:]))


def stream(world: int, rank: int, start: tuple[int, int] = (0, 0)) -> BatchStream:
    langs = (np.arange(300) % 3).astype(np.int16)
    plan = EpochPlan(corpus(300), langs, batch_bins=960000, alpha=0.5, seed=7)
    return BatchStream(plan, rank=rank, world_size=world, start=start)


@pytest.mark.parametrize("world", [2, 3])
def test_ranks_see_the_one_sequence(world: int) -> None:
    single = list(islice(stream(1, 0), 6 * 30))
    assert single[-1].epoch > 1
    for rank in range(world):
        mine = islice(stream(world, rank), len(single) // world)
        for a, b in zip(single[rank::world], mine, strict=True):
            assert same(a, b)


def test_resume_anywhere_equals_uninterrupted() -> None:
    source = stream(1, 0)
    whole = list(islice(source, 150))
    assert source.state(0) == (0, 0)
    for consumed in range(0, 120, 7):
        state = stream(1, 0).state(consumed)  # a loader may not have come so far yet
        assert state == source.state(consumed)
        resumed = list(islice(stream(1, 0, state), 30))
        assert all(map(same, whole[consumed : consumed + 30], resumed))
        second = stream(1, 0, state)
        assert second.state(11) == source.state(consumed + 11)


@pytest.mark.parametrize("world", [1, 2, 5])
def test_fewer_batches_than_ranks(world: int) -> None:
    plan = EpochPlan(np.array([5, 5, 9], np.int32), batch_bins=18)
    assert len(plan.epoch(0)) == 2
    streams = [iter(BatchStream(plan, rank=r, world_size=world)) for r in range(world)]
    dealt = [next(one).epoch for _ in range(10) for one in streams]
    assert dealt == [position // 2 for position in range(10 * world)]


def test_evaluation_once_over_all_ranks() -> None:
    plan = EpochPlan(corpus(101), batch_bins=960000, train=False)
    parts = [list(EvalStream(plan, rank=r, world_size=3)) for r in range(3)]
    rows = np.concatenate([spec.rows for part in parts for spec in part])
    assert sorted(rows.tolist()) == list(range(101))
    assert [len(part) for part in parts] == [
        len(EvalStream(plan, rank=r, world_size=3)) for r in range(3)
    ]


def test_batches_of_one_speaker_meet_at_the_seams_only() -> None:
    speakers = np.arange(4000, dtype=np.int32) * 7 % 10
    windows = EpochPlan(np.full(4000, 20480, np.int32), batch_bins=8 * 20480, speakers=speakers)
    epoch = windows.epoch(0)
    heard = [windows.batch(epoch, 0, at).rows for at in range(len(epoch))]
    assert sorted(np.concatenate(heard).tolist()) == list(range(4000))
    assert all(len(rows) == 8 for rows in heard)
    assert sum(len(set(speakers[rows])) > 1 for rows in heard) <= 9
    assert [set(speakers[rows]) for rows in heard[:20]] != [{0}] * 20  # in random order


def test_speakers_of_unequal_lengths_stay_within_bins() -> None:
    lengths = corpus()
    speakers = np.random.default_rng(0).integers(0, 50, 4000).astype(np.int32)
    plan = EpochPlan(lengths, batch_bins=960000, speakers=speakers)
    epoch = plan.epoch(0)
    batches = [plan.batch(epoch, 0, at).rows for at in range(len(epoch))]
    assert sorted(np.concatenate(batches).tolist()) == list(range(4000))
    assert max(len(rows) * lengths[rows].max() for rows in batches) <= 960000
    assert np.mean([len(set(speakers[rows])) for rows in batches]) < 1.5


def test_what_the_first_epoch_holds_is_found_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = EpochPlan(np.arange(100, 200, dtype=np.int32), batch_bins=1000)
    epoch = plan.epoch(0)
    assert plan.first == (len(epoch), plan.lengths[epoch.rows].sum(), plan.padding(epoch))
    monkeypatch.setattr(plan, "epoch", None)
    assert plan.first.batches == len(epoch)
