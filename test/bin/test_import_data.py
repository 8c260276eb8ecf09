"""asrkit data import: from files of other programs to folders that are valid, or nothing at all."""

from __future__ import annotations

import importlib
import json
import re
from pathlib import Path

import numpy as np
import pympi
import pytest
import soundfile
from make_audio import tone

from asrkit.bin.import_data import main
from asrkit.kaldi.datadir import DataDir
from asrkit.kaldi.validate import validate

PARTS = ("train", "valid", "test")


def wav(path: Path, seconds: float = 1.0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, tone(seconds, 8000), 8000)
    return path


def clips(folder: Path, count: int = 20, speakers: int = 10) -> Path:
    rows = ["path,sentence,speaker"]
    for n in range(count):
        wav(folder / "clips" / f"c{n}.wav", 1 + n % 3 / 4)
        rows.append(f"c{n}.wav,uno due {n * 'x'}a,speaker {n % speakers}")
    (folder / "t.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder / "t.csv"


def elan(folder: Path, count: int = 12) -> Path:
    """One recording of two tiers, the second said while the first is."""
    wav(folder / "talk.wav", 2.0 * count)
    document = pympi.Elan.Eaf()
    document.remove_tier("default")
    document.add_linked_file(f"file://{folder}/talk.wav", mimetype="audio/x-wav")
    document.add_linguistic_type("utt")
    for name in ("A", "B"):
        document.add_tier(name, ling="utt", part=name * 2)
    for n in range(count):
        document.add_annotation("A", 2000 * n, 2000 * n + 1500, f"uno {n * 'x'}a")
    document.add_annotation("B", 800, 2000, "due")
    document.to_file(str(folder / "talk.eaf"))
    return folder / "talk.eaf"


def imported(out: Path, *options: str | Path, code: int = 0) -> dict[str, DataDir]:
    assert main([*map(str, options), "--lang", "qxx", "--out", str(out)]) == code
    if code:
        return {}
    folders = [out / f"qxx_{part}" for part in PARTS]
    for folder in folders:
        assert not validate(folder).errors
    return {part: DataDir.read(folder) for part, folder in zip(PARTS, folders, strict=True)}


def left(out: Path) -> list[list[str]]:
    text = (out / "qxx_left_out.tsv").read_text(encoding="utf-8")
    return [line.split("\t") for line in text.splitlines()]


def nothing_in(out: Path) -> bool:
    return not out.exists() or not any(out.iterdir())


def test_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = clips(tmp_path)
    made = imported(tmp_path / "data", table, "--audio", tmp_path / "clips")
    speakers = [set(data.tables["utt2spk"].values()) for data in made.values()]
    assert sum(map(len, speakers)) == 10 == len(set().union(*speakers))
    assert "speaker_1-c1" in {u for data in made.values() for u in data.utterances}
    printed = capsys.readouterr().out
    assert "separator comma, header path sentence speaker: audio from 'path'" in printed
    assert "split by speaker, seed 0" in printed
    assert not (tmp_path / "data/qxx_left_out.tsv").exists()


def test_a_second_import_is_refused_and_replaces_when_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table, out = clips(tmp_path), tmp_path / "data"
    audio = ("--audio", tmp_path / "clips")
    first = imported(out, table, *audio)
    capsys.readouterr()
    imported(out, table, *audio, "--seed", "1", code=1)
    assert "Name all sources in one import" in capsys.readouterr().err
    assert DataDir.read(out / "qxx_test").tables == first["test"].tables
    again = imported(out, table, *audio, "--seed", "1", "--replace", "true")
    assert again["test"].tables != first["test"].tables
    assert not [path for path in out.iterdir() if path.name.startswith(".")]


def test_folders_that_no_import_made_are_never_replaced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "data/qxx_valid").mkdir(parents=True)
    (tmp_path / "data/qxx_valid/text").write_text("mine\n", encoding="utf-8")
    imported(tmp_path / "data", clips(tmp_path), "--replace", "true", code=1)
    assert "no import made it" in capsys.readouterr().err
    assert (tmp_path / "data/qxx_valid/text").read_text(encoding="utf-8") == "mine\n"


def test_options_of_other_sources_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "data"
    imported(out, elan(tmp_path), "--tier", "utt", "--columns", "text=A", code=1)
    assert "--columns has no use with no table" in capsys.readouterr().err
    table = clips(tmp_path)
    imported(out, table, "--audio", tmp_path / "clips", "--tier", "A", code=1)
    assert "--tier has no use with nothing of ELAN or Praat" in capsys.readouterr().err
    assert nothing_in(out)


def test_elan_and_what_is_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = imported(tmp_path / "data", elan(tmp_path), "--tier", "utt")
    utterances = sorted(u for data in made.values() for u in data.utterances)
    assert len(utterances) == 11
    assert utterances[0] == "AA-talk-0000200-0000350"
    rows = left(tmp_path / "data")
    assert [row[1] for row in rows] == ["is said while another is"] * 2
    assert all("talk.eaf:" in row[0] and "talk.eaf:" in row[2] for row in rows)
    assert "left out: 2 is said while another is" in capsys.readouterr().out


def test_clips_and_annotations_in_one_folder_and_two_sources(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    elan(source)
    for n in range(8):
        wav(source / f"c{n}.wav")
        (source / f"c{n}.txt").write_text(f"tre {n * 'x'}a\n", encoding="utf-8")
    wav(source / "alone.wav")
    made = imported(
        tmp_path / "data", source, clips(tmp_path), "--tier", "A", "--audio", tmp_path / "clips"
    )
    utterances = [u for data in made.values() for u in data.utterances]
    assert len(utterances) == 12 + 8 + 20
    assert [row[1] for row in left(tmp_path / "data")] == ["has no text beside it"]
    assert sum("segments" in data.tables for data in made.values())


def test_clips_and_texts_without_partner_or_with_two(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "in"
    for n in range(24):
        wav(source / f"c{n}.wav").with_suffix(".txt").write_text(f"uno {n * 'x'}a\n")
    (source / "c0.mp4").write_bytes((source / "c0.wav").read_bytes())  # whose sound c0.wav is
    wav(source / "two.wav").rename(source / "two.flac")
    wav(source / "two.wav").with_suffix(".txt").write_text("due\n")
    (source / "alone.txt").write_text("tre\n")
    for name in ("film", "both"):
        (source / f"{name}.srt").write_text("1\n00:00:00,000 --> 00:00:00,900\nquattro\n")
        wav(source / f"{name}.wav")
    (source / "film.mp4").touch()
    (source / "both.mp3").touch()
    made = imported(tmp_path / "data", source)
    assert sum(len(data.utterances) for data in made.values()) == 24 + 1
    assert sorted((Path(row[0]).name, *row[1:]) for row in left(tmp_path / "data")) == [
        ("alone.txt", "has no audio beside it", "alone.*"),
        ("both.mp3", "has no text beside it", ""),
        ("both.srt", "is of several recordings that differ in their suffix", "both.mp3 both.wav"),
        ("both.wav", "has no text beside it", ""),
        ("c0.mp4", "is the film of a recording", "c0.wav"),
        ("film.mp4", "is the film of a recording", "film.wav"),
        ("two.flac", "has a text that is of another, too", str(source / "two.txt")),
        ("two.wav", "has a text that is of another, too", str(source / "two.txt")),
    ]


def test_folders_of_speakers(tmp_path: Path) -> None:
    for n in range(24):
        path = wav(tmp_path / "in" / f"s{n % 8}" / f"c{n}.wav")
        path.with_suffix(".txt").write_text("uno\n", encoding="utf-8")
    made = imported(tmp_path / "data", tmp_path / "in")
    speakers = [set(data.tables["utt2spk"].values()) for data in made.values()]
    assert sum(map(len, speakers)) == 8 == len(set().union(*speakers))


def test_audio_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    table = clips(tmp_path)
    folder = tmp_path / "clips"
    soundfile.write(folder / "c0.wav", np.zeros(8000), 8000)
    (folder / "c1.wav").write_bytes(b"RIFF")
    wav(folder / "c2.wav", 31)
    wav(folder / "c3.wav", 0.1)
    with open(table, "a", encoding="utf-8") as stream:
        stream.write("c4.wav,[laughs a lot],x\nc5.wav,...,x\n")
    imported(tmp_path / "data", table, "--audio", folder)
    found = {row[0].rpartition(":")[2]: row[1] for row in left(tmp_path / "data")}
    assert found == {
        "2": "is of a silent recording",
        "3": "has audio that cannot be used",
        "4": "is longer than 30 s",
        "5": "is shorter than 0.2 s",
        "22": "holds markup, whose letters nobody says",
        "23": "has no word",
    }


def test_times_past_the_end(tmp_path: Path) -> None:
    path = elan(tmp_path)
    wav(tmp_path / "talk.wav", 15)
    imported(tmp_path / "data", path, "--tier", "A")
    assert {row[1] for row in left(tmp_path / "data")} == {"lies past the end of its recording"}


@pytest.mark.parametrize("nj", ["1", "2"])
def test_processes_give_the_same(tmp_path: Path, nj: str) -> None:
    made = imported(tmp_path / "data", clips(tmp_path), "--audio", tmp_path / "clips", "--nj", nj)
    assert made["train"].utterances[0] == "speaker_0-c0"


def test_parts_of_the_source_are_kept(tmp_path: Path) -> None:
    table = clips(tmp_path)
    lines = table.read_text(encoding="utf-8").splitlines()
    rows = [f"{lines[0]},split"]
    rows += [f"{line},{'test' if n < 3 else 'train'}" for n, line in enumerate(lines[1:])]
    table.write_text("\n".join(rows) + "\n", encoding="utf-8")
    made = imported(tmp_path / "data", table, "--audio", tmp_path / "clips")
    assert {u.split("-")[1] for u in made["test"].utterances} == {"c0", "c1", "c2"}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.eaf", b"<x", r"a\.eaf:1: is no valid XML"),
        ("a.TextGrid", b"x", r"a\.TextGrid"),
        ("a.srt", b"\xff", r"a\.srt"),
        ("a.csv", b"x", "no separator"),
        ("a.doc", b"x", "is of no kind that can be imported"),
        ("a.srt", b"1\n00:00:01,000 --> 00:00:02,000\nx\n", "nothing of it can be used"),
    ],
)
def test_nothing_is_half_written(
    tmp_path: Path, name: str, content: bytes, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).write_bytes(content)
    imported(tmp_path / "data", tmp_path / name, code=1)
    error = capsys.readouterr().err
    assert error.count("error:") == 1
    assert re.search(message, error)
    assert nothing_in(tmp_path / "data")


def test_a_failure_while_moving_brings_back_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table, out = clips(tmp_path), tmp_path / "data"
    audio = ("--audio", tmp_path / "clips")
    first = imported(out, table, *audio)
    folders = importlib.import_module("asrkit.importers.folders")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(folders, "write_left", full)
    imported(out, table, *audio, "--seed", "1", "--replace", "true", code=1)
    for part, data in first.items():
        assert DataDir.read(out / f"qxx_{part}").tables == data.tables


def test_saved_data_sets_need_pyarrow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/state.json").write_text(json.dumps({}), encoding="utf-8")
    real = importlib.import_module

    def without(name: str) -> object:
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return real(name)

    monkeypatch.setattr(importlib, "import_module", without)
    imported(tmp_path / "data", tmp_path / "in", code=1)
    assert "pip install pyarrow" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["parquet", "arrow"])
def test_saved_data_sets(tmp_path: Path, kind: str) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    rows = [
        {
            "audio": {"bytes": wav(tmp_path / "x.wav", 1 + n / 9).read_bytes(), "path": "x.wav"},
            "sentence": f"uno {'x' * n}",
            "speaker_id": n % 8,
        }
        for n in range(24)
    ]
    table = pyarrow.Table.from_pylist(rows)
    folder = tmp_path / "in"
    folder.mkdir()
    if kind == "parquet":
        parquet.write_table(table, folder / "all-00000-of-00001.parquet")
    else:
        (folder / "state.json").write_text("{}", encoding="utf-8")
        with pyarrow.ipc.new_stream(folder / "data-00000-of-00001.arrow", table.schema) as stream:
            stream.write_table(table)
    made = imported(tmp_path / "data", folder)
    assert sum(len(data.utterances) for data in made.values()) == 24
    for data in made.values():
        assert all(str(tmp_path / "data/qxx_audio") in v for v in data.tables["wav.scp"].values())
