"""asrkit infer --stream: text while sound comes."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
from random_model import LOGMEL, save_random

from asrkit.arguments import UsageError, parse
from asrkit.audio.reading import decode
from asrkit.bin.asr_infer import get_parser, main, run
from asrkit.infer import Speech2Text

CLIPS = Path(__file__).parents[1] / "corpora" / "clips"
SHORT = ["--chunk", "0.5", "--left", "1", "--right", "0.3"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_random(tmp_path_factory.mktemp("model") / "exp", "logmel", LOGMEL, {})


@pytest.fixture(scope="module")
def sound() -> np.ndarray:
    """Two clips with a pause between and behind them, int16."""
    pause = np.zeros(24_000, np.float32)
    parts = [part for n in (2, 3) for part in (decode(CLIPS / f"it/0{n}.opus").samples, pause)]
    return (np.concatenate(parts) * 32767).astype("<i2")


def piped(monkeypatch: pytest.MonkeyPatch, data: bytes, path: Path) -> None:
    """``data`` is standard input."""
    path.write_bytes(data)
    number = os.open(path, os.O_RDONLY)
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(fileno=lambda: number, isatty=lambda: False))


def test_segments_are_printed_with_times(folder, sound, tmp_path, monkeypatch, capsys):
    """Of a file, of WAV and of raw samples on standard input, the same: that of the library."""
    path = tmp_path / "x.wav"
    soundfile.write(path, sound, 16_000)
    said = []
    for name, data, more in (
        (str(path), b"", []),
        ("-", path.read_bytes(), []),
        ("-", sound.tobytes(), ["--rate", "16000"]),
    ):
        piped(monkeypatch, data, tmp_path / "stdin")
        assert main(["--model", str(folder), "--stream", *SHORT, *more, name]) == 0
        said.append(capsys.readouterr().out)
    assert said[0] == said[1] == said[2]
    stream = Speech2Text(folder).stream(chunk=0.5, left=1.0, right=0.3)
    stream.accept(sound)
    rows = [f"{one.start:.2f}\t{one.end:.2f}\t{one.text}" for one in stream.finish().segments]
    assert len(rows) >= 2 and said[0].splitlines() == rows


def test_a_terminal_shows_what_is_being_said(folder, sound, tmp_path, monkeypatch, capsys):
    piped(monkeypatch, sound.tobytes(), tmp_path / "stdin")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert main(["--model", str(folder), "--stream", "--rate", "16000", *SHORT, "-"]) == 0
    said = capsys.readouterr()
    first = said.out.splitlines()[0].split("\t")[2]
    shown = [one for one in said.err.split("\r\x1b[K") if one]
    assert any(first.startswith(one[:20]) for one in shown) and "\x1b" not in said.out
    assert said.err.endswith("\r\x1b[K")  # what is final is not shown as if it were not


class Full:
    """Standard output of a disk without space."""

    def write(self, text: str) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    def flush(self) -> None:
        pass


def test_what_cannot_be_written_is_no_fault_of_the_sound(
    folder, sound, tmp_path, monkeypatch, capsys
):
    piped(monkeypatch, sound.tobytes(), tmp_path / "stdin")
    monkeypatch.setattr(sys, "stdout", Full())
    assert main(["--model", str(folder), "--stream", "--rate", "16000", *SHORT, "-"]) == 1
    said = capsys.readouterr().err
    assert "No space left" in said and "cannot be read" not in said


def test_tokens_of_a_language_that_is_not_named(folder, sound, tmp_path, monkeypatch, capsys):
    piped(monkeypatch, sound.tobytes(), tmp_path / "stdin")
    options = ["--stream", "--rate", "16000", "--restrict_langs", "true", "-"]
    assert main(["--model", str(folder), *options]) == 1
    assert "--restrict_langs true needs --lang" in capsys.readouterr().err


def test_what_came_before_a_fault_is_printed(folder, sound, tmp_path, monkeypatch, capsys):
    piped(monkeypatch, sound.tobytes() + b"\0", tmp_path / "stdin")
    assert main(["--model", str(folder), "--stream", "--rate", "16000", *SHORT, "-"]) == 1
    said = capsys.readouterr()
    assert len(said.out.splitlines()) >= 2
    assert said.err.splitlines()[-1].startswith("error: -: ends within a sample")
    for data, message in ((b"", "-: is empty (0 bytes)"), (bytes(500), "-: is no WAV file")):
        piped(monkeypatch, data, tmp_path / "stdin")
        assert main(["--model", str(folder), "--stream", "-"]) == 1
        assert message in capsys.readouterr().err
    piped(monkeypatch, b"", tmp_path / "stdin")
    assert main(["--model", str(folder), "--stream", "--rate", "16000", "-"]) == 1
    assert "error: -: no sound has come" in capsys.readouterr().err
    assert main(["--model", str(folder), "--stream", str(tmp_path / "none.wav")]) == 1
    assert "none.wav: cannot be read (No such file" in capsys.readouterr().err


def test_a_microphone(folder, sound, monkeypatch, capsys):
    """Until Ctrl-C, which ends the recording and not the text: what had come by then is in it."""
    import contextlib
    import signal

    from asrkit.audio.pcm import Sound
    from asrkit.decode import stream_options

    @contextlib.contextmanager
    def recorded(device):
        assert device is None

        def parts():
            yield sound[None]
            signal.raise_signal(signal.SIGINT)
            yield sound[None]  # came before it
            yield sound[None]

        yield Sound(16_000, parts())

    monkeypatch.setattr(stream_options, "microphone", recorded)
    assert main(["--model", str(folder), "--microphone", *SHORT]) == 0
    rows = capsys.readouterr().out.splitlines()
    assert 1 < float(rows[-1].split("\t")[1]) / (len(sound) / 16_000) <= 2


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--chunk", "1", "x.wav"], "--chunk has no use without --stream"),
        (["--stream", "a", "b"], "--stream takes one name"),
        (["--stream"], "--stream takes one name"),
        (["--stream", "--output_dir", "x", "-"], "--output_dir has no use with --stream"),
        (["--microphone", "0", "a.wav"], "--microphone takes no audio files"),
        (["--microphone", "0", "--rate", "8000"], "--rate has no use with --microphone"),
    ],
)
def test_options_that_do_not_go_together(argv, message):
    with pytest.raises(UsageError, match=message):
        run(parse(get_parser(), argv))
