"""Samples that arrive as bytes."""

from __future__ import annotations

import io
import os
import struct
import threading

import numpy as np
import pytest
import soundfile

from asrkit.audio.pcm import Samples, arriving
from asrkit.audio.reading import AudioError

MONO = (np.sin(np.arange(1_000)) * 10_000).astype("<i2")


def wav(samples: np.ndarray = MONO, rate: int = 16_000, subtype: str = "PCM_16") -> bytes:
    made = io.BytesIO()
    soundfile.write(made, samples, rate, format="WAV", subtype=subtype)
    return made.getvalue()


def read(data: bytes, rate: int | None = None) -> tuple[int, np.ndarray]:
    sound = arriving(io.BytesIO(data), "pipe", rate)
    return sound.rate, np.concatenate(list(sound.parts), axis=1)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("sizes", [[1], [5, 2, 7], [10_000]])
def test_bytes_cut_anywhere(channels, sizes):
    whole = MONO[: 999 // channels * channels].reshape(-1, channels)
    data, samples, made = whole.tobytes(), Samples(channels), []
    while data:
        size = sizes[len(made) % len(sizes)]
        made.append(samples.add(data[:size]))
        data = data[size:]
    samples.check_end("x")
    assert np.array_equal(np.concatenate(made, axis=1), whole.T)
    samples.add(b"\0")
    with pytest.raises(AudioError, match=r"x: ends within a sample \(1 bytes too many\)"):
        samples.check_end("x")


def test_wav_and_raw():
    assert read(wav(rate=8_000))[0] == 8_000
    assert np.array_equal(read(wav())[1][0], MONO)
    stereo = MONO.reshape(-1, 2)
    assert np.array_equal(read(wav(stereo))[1], stereo.T)
    rate, samples = read(MONO.tobytes(), 44_100)
    assert rate == 44_100 and np.array_equal(samples[0], MONO)
    with pytest.raises(AudioError, match=r"pipe: is a WAV file, .* leave --rate out"):
        read(wav(), 16_000)


@pytest.mark.parametrize("size", [0, 0x7FFFFFFF, 0xFFFFFFFF])
def test_a_size_that_no_one_knew_lasts_until_the_end(size):
    data = wav()
    at = data.index(b"data") + 4
    assert np.array_equal(read(data[:at] + struct.pack("<I", size) + data[at + 4 :])[1][0], MONO)


def test_other_parts_of_a_file_are_no_sound():
    data = wav()
    at = data.index(b"data")
    note = b"LIST" + struct.pack("<I", 3) + b"abc\0"
    assert np.array_equal(read(data[:at] + note + data[at:] + note)[1][0], MONO)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "pipe: is empty"),
        (b"OggS" + bytes(100), r"is no WAV file; .* give --rate"),
        (b"RIFF" + bytes(100), "is no WAV file"),
        (wav()[:30], "ends within its header"),
        (wav()[:-10], "ends 10 bytes before its header says"),
        (wav()[:-9], r"ends within a sample \(1 bytes"),
        (wav(subtype="PCM_24"), "24 bits where a stream has 16-bit PCM"),
        (wav(subtype="FLOAT"), "format 3 and 32 bits"),
        (wav(rate=100), "a rate of 100 Hz"),
        (wav()[:12] + b"junk" + struct.pack("<I", 1 << 31) + bytes(99), "no samples in its first"),
        (wav()[:12] + b"data" + bytes(4), "does not say what the samples are"),
    ],
)
def test_what_is_none(data, message):
    with pytest.raises(AudioError, match=message):
        read(data)


def test_samples_are_there_as_soon_as_they_come_and_silence_is_no_end():
    out, into = os.pipe()
    with open(out, "rb", buffering=0) as stream:
        sound = arriving(stream, "pipe", 16_000)
        for size in (6, 2):
            os.write(into, MONO[:size].tobytes())
            assert next(sound.parts).shape == (1, size)
        assert next(sound.parts).shape == (1, 0)  # half a second without any
        threading.Timer(0.1, os.close, [into]).start()
        assert list(sound.parts) == []
