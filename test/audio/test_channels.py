"""Several channels to one: the mean, but never what is left when they cancel."""

from __future__ import annotations

import numpy as np
import pytest

from asrkit.audio.channels import mono, silence


def noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(8000).astype(np.float32)


def frames(*rows: np.ndarray) -> np.ndarray:
    return np.stack(rows, axis=1)


X, Y = noise(1), noise(2)


@pytest.mark.parametrize(
    "rows",
    [(X,), (X, X), (X, Y), (X, 0 * X), (X, -0.5 * X + 0.5 * Y), (X, -0.4 * X), (0 * X, 0 * X),
     (X, *[0 * X] * 7), (X, -X, Y, noise(3))],
)  # fmt: skip
def test_the_mean_bit_for_bit(rows):
    found = mono(frames(*rows))
    assert found.remark == ""
    np.testing.assert_array_equal(found.samples, frames(*rows).mean(axis=1))


@pytest.mark.parametrize(
    ("rows", "best"),
    [((X, -X), 1), ((0.9 * X, -X), 2), ((X, -X + 0.1 * Y), 2), ((X, -X, 0 * X), 1)],
)
def test_channels_that_cancel(rows, best):
    found = mono(frames(*rows))
    assert f"number {best} is taken" in found.remark
    np.testing.assert_array_equal(found.samples, rows[best - 1])


def test_the_channel_that_is_asked_for():
    for rows in ((X, Y), (X, -X)):
        for number in (1, 2):
            found = mono(frames(*rows), number)
            assert found.remark == ""
            np.testing.assert_array_equal(found.samples, rows[number - 1])
    for wrong in (0, 3, -1):
        with pytest.raises(ValueError, match=rf"has 2 channel\(s\), and number {wrong} is asked"):
            mono(frames(X, Y), wrong)


def test_silence():
    assert silence(0 * X) and silence(X[:0]) and silence(np.array([0, 1e-6], np.float32))
    assert not silence(X) and not silence(np.array([0, -(2**-15)], np.float32))
