"""Frames of a recognizer to rows of a Transcoder."""

import numpy as np
import pytest

from asrkit.tokens import TokenList
from asrkit.transcoder.posteriors import PhoneColumns, PosteriorError, check_rows

AM = TokenList.build(["a", "b", "<space>"])  # numbers 2, 3, 4
PHONES = TokenList.build(["b", "a", "x"])  # columns <unk> b a x


def frames(best: str, strength: float = 0.9) -> np.ndarray:
    """Log-probabilities [T, 5] with these best tokens: - is blank, _ is <space>."""
    numbers = ["-?ab_".index(symbol) for symbol in best]
    rest = (1 - strength) / 4
    out = np.full((len(best), 5), rest)
    out[np.arange(len(best)), numbers] = strength
    return np.log(out)


@pytest.mark.parametrize(
    ("best", "phones"),
    [
        ("--aa-bb-", "a b"),
        ("aab", "a b"),
        ("a-a", "a a"),  # a blank parts equal phones
        ("aa__-_bb", "a b"),  # word separators have no row
        ("a?b", "a <unk> b"),
        ("-----", ""),
        ("", ""),
    ],
)
def test_runs_of_frames_become_rows(best, phones):
    columns = PhoneColumns(AM, PHONES)
    rows = columns(frames(best))
    assert columns.names(rows) == phones.split()
    assert rows.shape == (len(phones.split()), 4)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(rows.sum(1), 1, rtol=1e-6)


def test_rows_are_means_without_blank_renormalized():
    scores = np.log(
        np.array([[0.3, 0.0001, 0.6, 0.0999, 0.0], [0.1, 0.0001, 0.8, 0.0999, 0.0]]) + 1e-9
    )
    (row,) = PhoneColumns(AM, PHONES)(scores)
    mean = np.array([0.0001, 0.0999, 0.7, 0.0])  # <unk> b a x
    np.testing.assert_allclose(row, mean / mean.sum(), atol=1e-5)
    (peak,) = PhoneColumns(AM, PHONES, pool="peak")(scores)
    best = np.array([0.0001, 0.0999, 0.8, 0.0])
    np.testing.assert_allclose(peak, best / best.sum(), atol=1e-5)


def test_a_phone_that_the_transcoder_does_not_know_is_unknown():
    columns = PhoneColumns(TokenList.build(["a", "b", "q"]), PHONES)
    assert columns.lost == ["q"]
    scores = np.log(np.array([[0.01, 0.01, 0.08, 0.1, 0.8]]))
    assert columns.names(columns(scores)) == ["<unk>"]


def test_a_recognizer_of_other_phones_is_refused():
    with pytest.raises(PosteriorError, match="3 phones and the Transcoder's 3 share 1"):
        PhoneColumns(TokenList.build(["a", "q", "r"]), PHONES)


def test_broken_scores_are_refused():
    columns = PhoneColumns(AM, PHONES)
    with pytest.raises(PosteriorError, match=r"scores are \[T, 5\]"):
        columns(np.zeros((3, 4)))
    with pytest.raises(PosteriorError, match="NaN"):
        columns(np.full((3, 5), np.nan))
    with pytest.raises(PosteriorError, match="pool is one of"):
        PhoneColumns(AM, PHONES, pool="max")
    with pytest.raises(PosteriorError, match="another phone list"):
        check_rows([np.zeros((2, 3), np.float32)], 4)
