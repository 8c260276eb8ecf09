"""Sound that comes in parts is that of the whole."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from asrkit.audio.incoming import Incoming
from asrkit.audio.reading import AudioError, from_samples

DRAW = np.random.default_rng(0)


def parts_of(incoming: Incoming, samples: np.ndarray, sizes: list[int]) -> np.ndarray:
    made, at = [], 0
    while at < samples.shape[-1]:
        size = sizes[len(made) % len(sizes)]
        made.append(incoming.add(samples[..., at : at + size]))
        at += size
    return np.concatenate([*made, incoming.rest()])


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 44_100, 48_000])
@pytest.mark.parametrize("length", [0, 1, 500, 30_011])
def test_parts_are_resampled_as_the_whole(rate, length):
    samples = DRAW.uniform(-0.5, 0.5, length).astype(np.float32)
    whole = from_samples(samples, rate).samples
    found = [parts_of(Incoming(rate), samples, sizes) for sizes in ([100_000], [1], [160, 3, 999])]
    for one in found:
        assert np.array_equal(one, found[0])
    assert found[0].dtype == np.float32 and found[0].shape == whole.shape
    np.testing.assert_allclose(found[0], whole, atol=2e-6)


@pytest.mark.parametrize("rate", [8_000, 44_100, 48_000])
def test_samples_come_no_later_than_the_delay(rate):
    incoming = Incoming(rate)
    assert 0 < incoming.delay < 0.04
    came = 0
    for number in range(1, 300):
        came += len(incoming.add(np.zeros(97, np.float32)))
        assert came / 16_000 >= number * 97 / rate - incoming.delay - 1e-9


def test_forms_of_samples():
    stereo = DRAW.uniform(-0.5, 0.5, (2, 480)).astype(np.float32)
    mean = Incoming(16_000).add(stereo)
    np.testing.assert_array_equal(mean, stereo.mean(0))
    np.testing.assert_array_equal(Incoming(16_000, 2).add(torch.from_numpy(stereo)), stereo[1])
    whole = np.array([0, 16384, -32768], np.int16)
    np.testing.assert_array_equal(Incoming(16_000).add(whole), [0, 0.5, -1])


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (np.zeros(5, np.int32), "int32"),
        (np.zeros((1, 2, 3), np.float32), "float32"),
        (np.zeros((160, 2), np.float32), "160 channels where 1 to 64 can be"),
        (np.zeros((0, 5), np.float32), "0 channels"),
        (np.array([0, np.nan]), "sample 1 is not a finite number"),
        (np.array([0.0, 300.0]), "samples up to 300"),
    ],
)
def test_what_is_no_sound(samples, message):
    with pytest.raises(AudioError, match=message):
        Incoming(16_000).add(samples)


def test_rates_and_channels_that_are_none():
    with pytest.raises(AudioError, match="rate of 100 Hz"):
        Incoming(100)
    with pytest.raises(AudioError, match="unusable rate of 16001"):
        Incoming(16_001)
    with pytest.raises(AudioError, match=r"has 1 channel\(s\), and number 2"):
        Incoming(16_000, 2).add(np.zeros(5))
