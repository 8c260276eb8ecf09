"""Changed training audio: what each change does, and that its key alone decides it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from asrkit.data.augment import Waveform, by_telephone
from asrkit.data.dataset import SpeechDataset
from asrkit.data.index import DataIndex
from asrkit.data.sampler import BatchSpec

RATE = 16_000
ALL = Waveform(
    speeds=[0.9, 1.0, 1.1], room_prob=0.5, noise_prob=0.5, telephone_prob=0.5, volume=[-6.0, 6.0]
)


def tone(hertz: float, seconds: float = 1.0) -> np.ndarray:
    return (0.3 * np.sin(2 * np.pi * hertz * np.arange(int(seconds * RATE)) / RATE)).astype(
        np.float32
    )


def power(samples: np.ndarray | torch.Tensor) -> float:
    return float((torch.as_tensor(samples).double() ** 2).mean())


def test_the_key_decides_and_the_samples_stay():
    given = tone(440)
    before = given.copy()
    first = [ALL(given, 0, epoch, "x", 0) for epoch in range(20)]
    again = [ALL(given, 0, epoch, "x", 0) for epoch in range(20)]
    assert all(np.array_equal(one, two) for one, two in zip(first, again, strict=True))
    assert len({one.tobytes() for one in first}) == 20
    assert ALL(given, 0, 0, "y", 0).tobytes() not in {one.tobytes() for one in first}
    assert all(one.dtype == np.float32 and np.isfinite(one).all() for one in first)
    np.testing.assert_array_equal(given, before)


def test_nothing_is_changed_unless_asked_for():
    given = tone(440)
    assert np.array_equal(Waveform()(given, 0, 0, "x", 0), given)
    assert Waveform().longest(np.array([5, 6])).tolist() == [5, 6]


def test_speeds_change_length_and_pitch_and_the_plan_knows_the_longest():
    change = Waveform(speeds=[0.9, 1.25])
    lengths = {len(change(tone(440), 0, n, "x", 0)) for n in range(30)}
    assert lengths == {17_778, 12_800} and max(lengths) <= change.longest(np.array([RATE]))[0]
    faster = next(w for n in range(30) if len(w := change(tone(440), 0, n, "x", 0)) == 12_800)
    spectrum = np.abs(np.fft.rfft(faster))
    assert np.argmax(spectrum) * RATE / len(faster) == pytest.approx(550, abs=2)


@pytest.mark.parametrize("snr", [0.0, 20.0])
def test_noise_is_as_loud_as_said(snr):
    given = tone(440)
    added = Waveform(noise_prob=1.0, noise_snr=[snr, snr])(given, 0, 0, "x", 0) - given
    assert 10 * np.log10(power(given) / power(added)) == pytest.approx(snr, abs=0.01)


def test_an_echo_goes_on_and_dies_away_and_is_no_louder():
    click = np.zeros(RATE, np.float32)
    click[1000:1100] = tone(800)[:100]
    heard = Waveform(room_prob=1.0, room_seconds=[0.2, 0.2])(click, 0, 0, "x", 0)
    assert power(heard) == pytest.approx(power(click), rel=1e-3)
    assert np.abs(heard[:1000]).max() < 1e-5 and power(heard[1200:2000]) > 1e-6
    assert power(heard[4000:4400]) < 0.01 * power(heard[1100:1500])
    assert np.abs(heard[4400:]).max() < 1e-5  # 0.2 s after the last of it


def test_a_room_of_less_than_a_sample_changes_nothing():
    clip = np.linspace(-0.5, 0.5, 100, dtype=np.float32)
    heard = Waveform(room_prob=1.0, room_seconds=[1e-5, 1e-5])(clip, 0, 0, "x", 0)
    assert heard == pytest.approx(clip, abs=1e-6)


def test_a_telephone_carries_its_band_in_few_steps():
    for hertz, share in ((100, 0.0), (1000, 1.0), (3000, 1.0), (5000, 0.0)):
        line = by_telephone(torch.from_numpy(tone(hertz)))
        assert power(line) / power(tone(hertz)) == pytest.approx(share, abs=0.02)
    line = by_telephone(torch.from_numpy(tone(1000)))
    assert len(line.unique()) < 256


def test_refusals():
    for options, said in (
        ({"speeds": []}, "speeds is empty"),
        ({"speeds": [3.0]}, "hundredths from 0.5 to 2"),
        ({"noise_snr": [9.0, 3.0]}, "noise_snr is"),
        ({"room_seconds": [0.1]}, "room_seconds is"),
    ):
        with pytest.raises(ValueError, match=said):
            Waveform(**options)


def test_a_batch_of_changed_audio(tmp_path: Path) -> None:
    """As long as it has become, and another in another epoch and copy."""
    for name, seconds in (("a", 0.5), ("b", 0.4)):
        soundfile.write(tmp_path / f"{name}.flac", tone(300, seconds), RATE)
    (tmp_path / "wav.scp").write_text("".join(f"{n} {tmp_path}/{n}.flac\n" for n in "ab"))
    (tmp_path / "utt2num_samples").write_text("a 8000\nb 6400\n")
    (tmp_path / "utt2lang").write_text("a it\nb it\n")
    index = DataIndex.open(tmp_path)
    made = SpeechDataset(index, augment=ALL, seed=3)

    def batch(epoch: int, copy: int = 0):
        return made[BatchSpec(epoch, np.array([0, 1]), np.array([copy, 0]))].speech

    first = batch(0)
    expected = ALL(
        SpeechDataset(index)[BatchSpec(0, np.array([0]), np.array([0]))].speech.data[0].numpy(),
        3,
        0,
        "a",
        0,
    )
    assert first.lengths[0] == len(expected)
    np.testing.assert_array_equal(first.data[0, : len(expected)], expected)
    assert torch.equal(batch(0).data, first.data)
    others = [batch(epoch).data for epoch in range(1, 4)] + [batch(0, copy=1).data]
    assert all(x.shape != first.data.shape or not torch.equal(x, first.data) for x in others)
