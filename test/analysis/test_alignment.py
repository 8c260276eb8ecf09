"""Phones of frames, and codebook use."""

import numpy as np
import pytest
import torch

from asrkit.analysis.alignment import NOTHING, align, spread
from asrkit.analysis.plots import divergence, usage


def scores(best, size=5):
    """Log-probabilities whose best path is ``best``."""
    logits = torch.full((len(best), size), -4.0)
    logits[torch.arange(len(best)), torch.tensor(best)] = 4.0
    return logits.log_softmax(-1)


@pytest.mark.parametrize(
    ("path", "reach", "wanted"),
    [
        ([0, 2, 0, 0, 3, 0], 5, [2, 2, 2, 3, 3, 3]),
        ([0, 2, 0, 3, 0], 5, [2, 2, 2, 3, 3]),  # a tie goes to the earlier one
        ([0, 0, 2, 0, 0, 0, 0], 1, [-1, 2, 2, 2, -1, -1, -1]),
        ([2, 2, 0, 2], 0, [2, 2, -1, 2]),
        ([0, 0], 5, [-1, -1]),
        ([], 5, []),
    ],
)
def test_blanks_go_to_the_nearest_label(path, reach, wanted):
    assert spread(np.array(path, dtype=np.int64), reach).tolist() == wanted


def test_alignment_follows_the_recognizer():
    best = [0, 0, 2, 2, 0, 3, 0, 0, 3, 0]
    assert align(scores(best), [2, 3, 3], reach=1).tolist() == [
        NOTHING, 2, 2, 2, 2, 3, 3, 3, 3, 3,
    ]  # fmt: skip


def test_a_label_the_recognizer_missed_is_placed_all_the_same():
    found = align(scores([0, 2, 0, 0, 4, 0]), [2, 3, 4], reach=0).tolist()
    assert [label for label in found if label != NOTHING] == [2, 3, 4]


def test_no_labels_or_too_many_cannot_be_aligned():
    assert align(scores([0, 2]), []) is None
    assert align(scores([0, 2]), [2, 3, 4]) is None
    assert align(scores([2, 2]), [2, 2]) is None  # a repeat needs a blank between


def test_a_label_that_no_frame_allows_cannot_be_aligned():
    log_probs = torch.full((9, 4), 0.25).log()
    assert align(log_probs, [1, 1, 3]) is not None
    log_probs[:, 2] = -torch.inf
    assert align(log_probs, [1, 2, 3]) is None


def test_use_of_codes():
    codes = np.array([[0, 1], [0, 0], [2, 1], [0, 1]])
    assert usage(codes, 3).tolist() == [3 / 8, 0, 1 / 8, 1 / 8, 3 / 8, 0]


@pytest.mark.parametrize(
    ("p", "q", "bits"),
    [([0.5, 0.5], [0.5, 0.5], 0.0), ([1, 0], [0, 1], 1.0), ([1, 0], [0.5, 0.5], 0.31128)],
)
def test_divergence(p, q, bits):
    p, q = np.array(p, float), np.array(q, float)
    assert divergence(p, q) == pytest.approx(bits, abs=1e-5)
    assert divergence(q, p) == pytest.approx(bits, abs=1e-5)
