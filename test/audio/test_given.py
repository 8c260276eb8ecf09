"""Audio that a user names: files, standard input; what is odd about it is reported."""

from __future__ import annotations

import io
import os
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
import torch
from make_audio import flac, tone

from asrkit.audio import given
from asrkit.audio.reading import AudioError, load


@pytest.fixture
def send(monkeypatch):
    with tempfile.TemporaryFile() as file:

        def sent(data: bytes, *, terminal: bool = False) -> None:
            os.pwrite(file.fileno(), data, 0)
            stream = SimpleNamespace(fileno=file.fileno, isatty=lambda: terminal)
            monkeypatch.setattr(sys, "stdin", stream)

        yield sent


@pytest.mark.parametrize("name", ["-", "/dev/stdin"])
def test_standard_input(tmp_path, send, name):
    path = flac(tmp_path / "x.flac", tone(1))
    send((tmp_path / "x.flac").read_bytes())
    np.testing.assert_array_equal(given.read_file(name).samples, load(path))
    with pytest.raises(AudioError, match=rf"{name}: is empty"):  # it was read to its end
        given.read_file(name)


def test_standard_input_that_says_nothing_or_does_not_end(send, monkeypatch):
    send(b"", terminal=True)
    with pytest.raises(AudioError, match="is a terminal"):
        given.read_file("-")
    monkeypatch.setattr(given, "MOST_BYTES", 1000)
    send(b"x" * 2000)
    with pytest.raises(AudioError, match="-: more than"):
        given.read_file("-")


def test_a_name_that_no_transcript_could_have(tmp_path):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.wav"))
    path.write_bytes(b"RIFF")
    with pytest.raises(AudioError, match=r"caf\\udce9\.wav': its name is not valid UTF-8"):
        given.read_file(str(path))


def test_silence_and_channels_that_cancel_are_told(tmp_path, capsys):
    silent, swapped = flac(tmp_path / "s.flac", 0 * tone(1)), str(tmp_path / "x.wav")
    soundfile.write(swapped, np.stack([tone(1), -tone(1)], 1), 16000, subtype="FLOAT")
    for found in (given.read_file(silent), given.read_dumped(silent)):
        assert not found.samples.any()
        found.tell(silent)
    said = f"warning: {silent}: all samples are 0\n"
    assert capsys.readouterr().err == 2 * said
    found = given.read_file(swapped)
    np.testing.assert_array_equal(found.samples, tone(1))
    found.tell(swapped)
    said = f"warning: {swapped}: channels cancel out, number 1 is taken\n"
    assert capsys.readouterr().err == said
    np.testing.assert_array_equal(given.read_file(swapped, 2).samples, -tone(1))
    given.read_file(flac(tmp_path / "t.flac", tone(1))).tell("t")
    assert capsys.readouterr().err == ""
    with pytest.raises(AudioError, match=r"x\.wav: has 2 channel\(s\), and number 3"):
        given.read_file(swapped, 3)


def test_objects_of_one_recording(tmp_path):
    path = Path(flac(tmp_path / "x.flac", tone(1)))
    data, wanted = path.read_bytes(), load(str(path))
    whole = np.round(wanted * 32768).astype(np.int16)
    for one in (str(path), path, data, memoryview(data), io.BytesIO(data), path.open("rb")):
        np.testing.assert_array_equal(given.read_object(one).samples, wanted)
    for one in (wanted, torch.from_numpy(wanted), wanted[None].astype(np.float64), whole):
        np.testing.assert_array_equal(given.read_object(one, rate=16_000).samples, wanted)
    assert len(given.read_object(wanted, rate=8000).samples) == 2 * len(wanted)
    both = np.stack([wanted, 0 * wanted])
    np.testing.assert_array_equal(given.read_object(both, rate=16_000, channel=1).samples, wanted)
    assert given.read_object(0 * wanted, rate=16_000).remark == "all samples are 0"
    assert len(given.read_object(wanted[:0], rate=44_100).samples) == 0


@pytest.mark.parametrize(
    ("one", "rate", "message"),
    [
        (np.zeros(10), None, "their rate is not known; give rate="),
        (b"RIFF", 16_000, "a file states its own"),
        (np.zeros(10, np.int32), 16_000, r"int32 \[10\] is not floats"),
        (np.zeros((2, 3, 4)), 16_000, r"\[2, 3, 4\] is not floats"),
        (np.full(10, np.nan), 16_000, "sample 0 is not a finite number"),
        (np.full(10, 9.0), 16_000, r"samples up to 9; scale them to \[-1, 1\]"),
        (np.zeros((100, 2)), 16_000, "has 100 channels"),
        (np.zeros(10), 50, "a rate of 50 Hz"),
        (io.StringIO("x"), None, "open it in mode 'rb'"),
        (5, None, "a int is no path, bytes, file object or samples"),
        ("https://example.org/a.mp3", None, r"nothing is fetched; .*curl -L https://example.org/"),
    ],
)
def test_objects_that_are_no_audio(one, rate, message):
    with pytest.raises(AudioError, match=message):
        given.read_object(one, rate=rate)
