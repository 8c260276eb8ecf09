"""Transcripts of files and folders, as the program writes them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
from random_model import LOGMEL, save_random

from asrkit.bin import asr_infer
from asrkit.decode import files
from asrkit.decode.confidence import Calibration
from asrkit.files import DataError
from asrkit.formats.table import WRITERS, suffix
from asrkit.infer import Speech2Text
from asrkit.transcript import Transcript

CLIPS = Path(__file__).parents[1] / "corpora" / "clips"


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model") / "exp" / "x"
    return save_random(folder, "logmel", LOGMEL, {})


@pytest.fixture
def talks(tmp_path):
    folder = tmp_path / "talks"
    (folder / "more").mkdir(parents=True)
    for source, name in (("it/00", "a"), ("it/01", "b c"), ("fr/02", "more/d")):
        shutil.copy(CLIPS / f"{source}.opus", folder / f"{name}.opus")
    (folder / "notes.txt").write_text("no audio")
    return folder


def run(model, *argv) -> int:
    return asr_infer.main(["--model", str(model), *map(str, argv)])


def test_every_format_of_a_folder(model, talks, tmp_path, capsys):
    out = tmp_path / "out"
    assert run(model, talks, "--format", *WRITERS, "--output_dir", out) == 0
    for name in WRITERS:
        for stem in ("a", "b c", "more/d"):
            assert (out / f"{stem}{suffix(name)}").stat().st_size
    found = Transcript.from_json((out / "more/d.json").read_bytes())
    clip = talks / "more" / "d.opus"
    assert found == Speech2Text(model).transcribe(clip)
    capsys.readouterr()
    assert run(model, clip) == 0  # without --format
    assert capsys.readouterr().out == f"{clip}\t{found.text}\n"


def test_what_is_done_is_not_done_again(model, talks, tmp_path, monkeypatch, capsys):
    out = tmp_path / "out"
    where = ("--output_dir", out, "--format", "json", "srt")
    assert run(model, talks / "a.opus", *where) == 0
    before = (out / "a.json").stat().st_mtime_ns
    (talks / "broken.wav").write_bytes(b"RIFF")
    (talks / "._a.wav").write_bytes(b"of another system")
    (talks / "folder.wav").mkdir()
    assert run(model, talks, talks / "none.mp3", *where) == 1  # and the rest is there
    errors = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error")]
    assert len(errors) == 2 and "broken.wav" in errors[0] and "none.mp3" in errors[1]
    assert (out / "a.json").stat().st_mtime_ns == before
    assert {path.name for path in out.glob("**/*.srt")} == {"a.srt", "b c.srt", "d.srt"}
    (out / "a.srt").unlink()  # as after a kill between two formats
    assert run(model, talks / "a.opus", *where) == 0
    assert (out / "a.srt").exists()
    assert run(model, talks / "a.opus", *where, "--vad", "none") == 1
    assert "another model or other options (.transcripts.json)" in capsys.readouterr().err
    monkeypatch.setattr(Calibration, "of", lambda *_: Calibration(bias=1.0))  # fitted meanwhile
    assert run(model, talks / "a.opus", *where) == 1
    assert "another model or other options (.transcripts.json)" in capsys.readouterr().err


def test_two_outputs_of_one_name_are_refused_before_work_begins(model, talks, tmp_path, capsys):
    shutil.copy(talks / "a.opus", talks / "a.ogg")
    assert run(model, talks, "--format", "txt", "--output_dir", tmp_path / "out") == 1
    assert "would both be written to" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    (tmp_path / "empty").mkdir()
    assert run(model, tmp_path / "empty") == 1
    assert "empty: no file of sound is in this folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["x.wav", "--format", "srt"], "--format needs --output_dir"),
        (["x.wav", "--output_dir", "o"], "--output_dir has no use without --format"),
        (["x.wav", "--nbest", "3"], "--nbest has no use without --format"),
        (["--data_dir", "d", "--output_dir", "o", "--format", "srt"], "--format has no use with"),
    ],
)
def test_options_that_do_not_go_together(model, argv, message, capsys):
    assert run(model, *argv) == 1
    assert message in capsys.readouterr().err


def test_silence_and_noise_give_no_words(model, tmp_path, capsys):
    noise = np.random.default_rng(0).standard_normal(48_000) * 0.05
    soundfile.write(tmp_path / "silent.wav", 0 * noise, 16_000)
    soundfile.write(tmp_path / "noise.wav", noise, 16_000)
    names = [tmp_path / "silent.wav", tmp_path / "noise.wav"]
    out = tmp_path / "out"
    assert run(model, *names, "--format", "srt", "json", "--output_dir", out) == 0
    assert "silent.wav: all samples are 0" in capsys.readouterr().err
    for name in ("silent", "noise"):
        assert json.loads((out / f"{name}.json").read_text())["segments"] == []
        assert (out / f"{name}.srt").read_text() == ""
    assert run(model, tmp_path / "noise.wav", "--vad", "none") == 0
    assert capsys.readouterr().out.split("\t")[1].strip()  # the network alone hears something


def test_a_full_disk_leaves_nothing_half_written(model, talks, tmp_path, monkeypatch, capsys):
    out = tmp_path / "out"

    def full(transcript, name, path):
        if path.name == "b c.srt":
            raise DataError(f"{path}: cannot be written (No space left on device)")
        wrote(transcript, name, path)

    wrote = files.write
    monkeypatch.setattr(files, "write", full)
    assert run(model, talks, "--format", "srt", "--output_dir", out) == 1
    assert "b c.srt: cannot be written" in capsys.readouterr().err
    assert [path.name for path in out.glob("**/*.srt")] == ["a.srt"]
    monkeypatch.undo()
    assert run(model, talks, "--format", "srt", "--output_dir", out) == 0
    assert len(list(out.glob("**/*.srt"))) == 3
