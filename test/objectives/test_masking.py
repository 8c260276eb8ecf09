"""Span masks against the rules of the released code (fairseq)."""

import numpy as np
import pytest
import torch

from asrkit import noise
from asrkit.objectives.masking import SpanMask, draw_mask

PRETRAIN = SpanMask(0.65, 10, 2)


def draw(spans, lengths, step=0, keys=None):
    keys = torch.arange(len(lengths)) if keys is None else keys
    return draw_mask(spans, keys, lengths, max(lengths), 0, step, "mask").numpy()


@pytest.mark.parametrize(("frames", "share"), [(99, 0.42), (499, 0.462), (781, 0.465)])
def test_published_coverage(frames, share):
    """Measured for batches of 4 in the released code."""
    masks = [draw(PRETRAIN, [frames] * 4, step).mean() for step in range(150)]
    assert np.mean(masks) == pytest.approx(share, abs=0.012)


@pytest.mark.parametrize("lengths", [[200, 60], [500, 499, 30, 120], [99] * 7])
def test_counts_are_equal(lengths):
    for step in range(20):
        counts = draw(PRETRAIN, lengths, step).sum(1)
        assert len(set(counts.tolist())) == 1 and counts[0] >= 2


def test_counts_differ_if_asked():
    spans = SpanMask(0.65, 10, 2, same_counts=False)
    counts = draw(spans, [200, 60], 1).sum(1)
    assert counts[0] > counts[1]


def test_last_frame_is_never_masked_and_the_first_is():
    spans = SpanMask(0.65, 10, 2, same_counts=False)
    masks = np.concatenate([draw(spans, [100] * 50, step) for step in range(40)])
    assert not masks[:, -1].any()
    assert masks[:, 0].mean() == pytest.approx(0.065, abs=0.02)


def test_masks_stay_inside_the_rows():
    lengths = [90, 41, 13, 25]
    for step in range(30):
        mask = draw(PRETRAIN, lengths, step)
        assert all(not mask[row, length - 1 :].any() for row, length in enumerate(lengths))


@pytest.mark.parametrize("frames", range(0, 14))
def test_short_rows_keep_a_frame(frames):
    for step in range(30):
        mask = draw(PRETRAIN, [frames, 100], step)
        assert mask[0, :frames].sum() <= max(frames - 1, 0)
        assert not mask[0, frames:].any()
        assert mask[1].sum() >= 2  # the short row does not empty the long one


def test_spans_have_their_length():
    spans = SpanMask(0.05, 10, 1, same_counts=False)
    mask = draw(spans, [400] * 30)
    edges = np.diff(np.pad(mask, ((0, 0), (1, 1))).astype(int), axis=1)
    runs = np.flatnonzero(edges.ravel() == -1) - np.flatnonzero(edges.ravel() == 1)
    assert runs.min() == 10


def test_one_rounding_a_batch():
    """Without overlap of spans the count of masked frames tells the number of spans."""
    spans = SpanMask(0.005, 1, 0, same_counts=False, rounding="batch")
    counts = [draw(spans, [300] * 8, step).sum(1) for step in range(40)]
    assert all(len(set(count.tolist())) == 1 for count in counts)
    assert {int(count[0]) for count in counts} == {1, 2}
    own = SpanMask(0.005, 1, 0, same_counts=False)
    assert any(len(set(draw(own, [300] * 8, step).sum(1).tolist())) > 1 for step in range(5))


def test_a_row_draws_the_same_in_any_batch():
    spans = SpanMask(0.65, 10, 2, same_counts=False)
    both = draw(spans, [120, 90], keys=torch.tensor([7, 8]))
    alone = draw(spans, [90], keys=torch.tensor([8]))
    assert np.array_equal(both[1, :90], alone[0])
    assert not np.array_equal(draw(spans, [90], 1, keys=torch.tensor([8])), alone)


@pytest.mark.parametrize(("width", "prob", "share"), [(1024, 0.25, 0.23), (768, 0.5, 0.35)])
def test_published_channel_coverage(width, prob, share):
    spans = SpanMask(prob, 64, 0)
    masks = [draw(spans, [width] * 2, step).mean() for step in range(200)]
    assert np.mean(masks) == pytest.approx(share, abs=0.025)


def test_probability_zero_masks_nothing():
    assert not draw(SpanMask(0.0, 10, 2), [50, 60]).any()


@pytest.mark.parametrize(
    "options",
    [{"prob": 1.2, "length": 10}, {"prob": 0.5, "length": 0}],
)
def test_bad_options(options):
    with pytest.raises(ValueError, match="a mask needs"):
        SpanMask(**options)


def test_bad_rounding():
    with pytest.raises(ValueError, match="mask_rounding is 'rank'"):
        SpanMask(0.5, 10, rounding="rank")


def test_keys_of_different_steps_differ():
    keys = torch.arange(3)
    one, two = noise.row_keys(keys, 0, 1, "mask"), noise.row_keys(keys, 0, 2, "mask")
    assert not (one == two).any()
