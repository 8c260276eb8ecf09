"""Frames of a recording that is not over: all of it, in time, in bounded memory."""

from __future__ import annotations

import math

import pytest
import torch

from asrkit.decode.live import Live, LiveError, Windowed
from asrkit.decode.timing import Clock

CLOCK = Clock(hop=320, seen=400)
RATE = 16_000


class Numbering:
    """A network that sees no context: each frame tells its first sample, which the samples say."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def __call__(self, waves):
        for wave in waves:
            self.sizes.append(len(wave))
            count = max(0, (len(wave) - CLOCK.seen) // CLOCK.hop + 1)
            frames = torch.full((count, 3), -50.0, dtype=torch.float64)
            frames[:, 1] = wave[torch.arange(count) * CLOCK.hop]
            yield frames


def fed(source: Windowed, samples: torch.Tensor, step: int):
    """(samples there are, frames that have come) for each part, then the rest."""
    for start in range(0, len(samples), step):
        part = samples[start : start + step]
        yield start + len(part), torch.cat([torch.zeros(0, 3).double(), *source.add(part)])
    yield len(samples), source.rest()


@pytest.mark.parametrize(
    ("chunk", "left", "right"),
    [(0.02, 0.0, 0.0), (0.3, 1.0, 0.0), (0.64, 2.0, 0.5), (0.1, 0.0, 1.0), (1.0, 0.5, math.inf)],
)
@pytest.mark.parametrize("step", [160, 7_777, 100_000])
def test_every_frame_once_and_in_time(chunk, left, right, step):
    samples = torch.arange(83_217, dtype=torch.float64)
    network = Numbering()
    live = Live(chunk, left, right)
    source = Windowed(network, CLOCK, live, 60.0)
    found = []
    for there, frames in fed(source, samples, step):
        for first in frames[:, 1].tolist():
            if there < len(samples):
                late = there - (first + CLOCK.seen)
                assert late <= live.latency * RATE + step
            found.append(first)
    frames = (len(samples) - CLOCK.seen) // CLOCK.hop + 1
    assert found == [320 * number for number in range(frames)]
    if right == math.inf:
        assert network.sizes == [len(samples)]
    else:
        assert max(network.sizes) <= (live.window + 0.1) * RATE


def test_the_latency_is_the_one_that_is_promised():
    """Of single samples: a chunk is there with the sample that completes it and what is behind."""
    source = Windowed(Numbering(), CLOCK, Live(0.1, 0.2, 0.05), 60.0)
    assert source.due == 4 * 320 + 400 + 800
    assert not list(source.add(torch.zeros(int(source.due) - 1)))
    (frames,) = source.add(torch.zeros(1))
    assert len(frames) == 5


def test_windows_do_not_depend_on_how_samples_come():
    sizes = []
    for step in (1_000, 16_000, 200_000):
        network = Numbering()
        list(fed(Windowed(network, CLOCK, Live(0.5, 1.0, 0.2), 60.0), torch.zeros(150_000), step))
        sizes.append(network.sizes)
    assert sizes[0] == sizes[1] == sizes[2] and len(sizes[0]) > 15


@pytest.mark.parametrize("length", [0, 1, 399, 400, 700])
def test_short_recordings(length):
    source = Windowed(Numbering(), CLOCK, Live(0.5, 1.0, 0.2), 60.0)
    ((_, frames),) = list(fed(source, torch.zeros(length), 1_000))[-1:]
    assert len(frames) == max(0, (length - 400) // 320 + 1)


@pytest.mark.parametrize(
    ("conf", "message"),
    [
        ({"chunk": 0.0}, "chunk is above 0 seconds, not 0"),
        ({"chunk": math.inf}, "chunk is above 0 seconds, not inf"),
        ({"left": -1.0}, "left is at least 0 seconds, not -1"),
        ({"left": math.nan}, "left is at least 0"),
        ({"right": -0.5}, r"right is at least 0 seconds, or infinite, not -0\.5"),
        ({"right": math.nan}, "right is at least 0"),
        ({"endpoint": 0.0}, "endpoint is above 0"),
    ],
)
def test_seconds_that_cannot_be(conf, message):
    with pytest.raises(LiveError, match=message):
        Live(**conf)


def test_windows_are_not_larger_than_the_network_may_be_given():
    with pytest.raises(LiveError, match=r"are 12 seconds, and .* at most 10 at once"):
        Windowed(Numbering(), CLOCK, Live(1.0, 10.0, 1.0), 10.0)
