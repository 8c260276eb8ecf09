"""Where somebody may be speaking."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from asrkit.audio.activity import STEP, Activity, active
from asrkit.audio.reading import decode

CLIPS = Path(__file__).parents[1] / "corpora" / "clips"
NOISE = np.random.default_rng(0).standard_normal(20 * 16_000).astype(np.float32)
TIME = np.arange(len(NOISE), dtype=np.float32) / 16_000


@pytest.mark.parametrize(
    "sound",
    [
        0 * NOISE,
        1e-4 * NOISE,
        0.005 * NOISE,
        0.2 * NOISE,
        np.cumsum(NOISE, dtype=np.float32) * 1e-3,
        0.1 * np.sin(2 * np.pi * 50 * TIME),
        np.where(TIME % 0.2 < 0.1, 0.1, -0.1),
    ],
    ids=["silence", "dither", "faint", "loud", "brown", "hum", "buzz"],
)
def test_silence_and_steady_noise_are_no_speech(sound):
    assert not active(sound.astype(np.float32)).any()


def test_speech_between_noise():
    speech = decode(CLIPS / "it" / "02.opus").samples
    sound = NOISE * np.abs(speech).max() / 100
    sound[80_000 : 80_000 + len(speech)] += speech
    found = np.flatnonzero(active(sound))
    first, last = 80_000 // STEP, (80_000 + len(speech)) // STEP
    assert first - 20 <= found[0] <= first + 15 and last - 25 <= found[-1] <= last + 20
    inside = active(sound)[first + 15 : last - 25]
    assert inside.mean() > 0.95


def test_clips_stay_whole():
    kept = [active(decode(path).samples).mean() for path in sorted(CLIPS.glob("*/*.opus"))[::6]]
    assert min(kept) > 0.9


@pytest.mark.parametrize("size", [0, 1, 319, 320, 321, 5000])
def test_a_flag_for_every_20_ms(size):
    assert len(active(NOISE[:size])) == -(-size // STEP)


def test_what_comes_in_parts_is_as_active_as_the_whole():
    parts = [NOISE[:50_000] * 1e-3, NOISE[:20_000] * 0.1, NOISE * 1e-3, NOISE[:9_999] * 0.2]
    sound = np.concatenate([*parts, *parts])
    whole = active(sound)
    assert 0.05 < whole.mean() < 0.95
    so_far, at = Activity(), 0
    for size in (1, 319, 320, 321, 5_000, 100_000, len(sound)):
        so_far.add(sound[at : at + size])
        at += size
    assert np.array_equal(so_far.found(), whole)
    # what lies half a minute back is let go
    so_far.forget(len(whole) - 200)
    assert so_far.first > 0
    assert np.array_equal(so_far.found()[-200:], whole[-200:])
    so_far.add(sound)
    both = active(np.concatenate([sound, sound]))
    assert np.array_equal(so_far.found()[-len(whole) :], both[-len(whole) :])
