"""Data folders written from lists of utterances."""

from __future__ import annotations

from pathlib import Path

import pytest

from asrkit.files import DataError
from asrkit.kaldi.datadir import DataDir
from asrkit.kaldi.utterances import Command, Utterance, file_in, write_data_dir
from asrkit.kaldi.validate import validate


def read(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def test_tables_are_sorted_and_whole(tmp_path: Path) -> None:
    rows = [
        Utterance("b_2", "b", "/x/2.flac", "due", more={"utt2gender": "f", "utt2dur": "1"}),
        Utterance("a_1", "a", "/x/1.flac", "", more={"utt2gender": "m"}),
    ]
    write_data_dir(tmp_path, rows, "it")
    assert read(tmp_path / "wav.scp") == ["a_1 /x/1.flac", "b_2 /x/2.flac"]
    assert read(tmp_path / "text") == ["a_1", "b_2 due"]
    assert read(tmp_path / "spk2utt") == ["a a_1", "b b_2"]
    assert read(tmp_path / "utt2lang") == ["a_1 it", "b_2 it"]
    assert read(tmp_path / "utt2gender") == ["a_1 m", "b_2 f"]
    assert not (tmp_path / "utt2dur").exists() and not (tmp_path / "segments").exists()


def test_spans_become_segments_of_one_recording(tmp_path: Path) -> None:
    rows = [
        Utterance("s-1", "s", "/x/r.ogg", "uno", "r", (0, 1.5)),
        Utterance("s-2", "s", "/x/r.ogg", "due", "r", (1.5, 2.25)),
    ]
    write_data_dir(tmp_path, rows, "it")
    assert read(tmp_path / "wav.scp") == ["r /x/r.ogg"]
    assert read(tmp_path / "segments") == ["s-1 r 0.000 1.500", "s-2 r 1.500 2.250"]
    write_data_dir(tmp_path, [Utterance("a", "a", "/x/a.ogg", "uno")], "it")
    assert not (tmp_path / "segments").exists()


def test_segments_stay_where_the_new_folder_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spans = [Utterance("s-1", "s", "/x/r.ogg", "uno", "r", (0, 1.5))]
    write_data_dir(tmp_path, spans, "it")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def full(self: DataDir, folder: Path) -> None:
        raise DataError("the disk is full")

    monkeypatch.setattr(DataDir, "write", full)
    with pytest.raises(DataError, match="full"):
        write_data_dir(tmp_path, [Utterance("a", "a", "/x/a.ogg", "uno")], "it")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_clips_and_stretches_of_recordings_in_one_folder(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"x")
    (tmp_path / "y").write_bytes(b"y")
    rows = [
        Utterance("a", "a", str(tmp_path / "x"), "due", "r", (0, 1)),
        Utterance("b", "b", str(tmp_path / "y"), "tre"),
    ]
    write_data_dir(tmp_path / "d", rows, "it")
    segments = (tmp_path / "d/segments").read_text(encoding="utf-8")
    assert segments == "a r 0.000 1.000\nb b 0.000 -1\n"
    assert not validate(tmp_path / "d").problems


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "no utterance is left"),
        ([Utterance("a b", "s", "x", "")], "holds white space"),
        ([Utterance("a", "", "x", "")], "speaker ''"),
        ([Utterance("a", "s", "x", ""), Utterance("a", "s", "y", "")], "two utterances"),
        (
            [
                Utterance("a", "s", "x", "", "r", (0, 1)),
                Utterance("b", "s", "y", "", "r", (1, 2)),
            ],
            "recording 'r' is y and x",
        ),
    ],
)
def test_what_cannot_be_written(tmp_path: Path, rows: list[Utterance], message: str) -> None:
    with pytest.raises(DataError, match=message):
        write_data_dir(tmp_path / "d", rows, "it")
    assert not (tmp_path / "d").exists()


def one(audio: str, text: str = "", **more: str) -> list[Utterance]:
    return [Utterance("a", "s", audio, text, more=more)]


@pytest.mark.parametrize("end", ["|", "| ", "|\t", "|\u00a0", "|\u2028", " |"])
def test_a_file_name_never_becomes_a_command(tmp_path: Path, end: str) -> None:
    """White space at the end does not count in a table, whichever sort it is."""
    with pytest.raises(DataError, match=r"utterance 'a': the file name .* as a command") as caught:
        write_data_dir(tmp_path / "d", one(f"touch marker {end}"), "it")
    assert "\n" not in str(caught.value) and not (tmp_path / "d").exists()


@pytest.mark.parametrize("character", "\n\r\0")
def test_values_stay_on_their_line(tmp_path: Path, character: str) -> None:
    """A line break in any value would add a line, such as `b touch marker |`, to a table."""
    evil = f"x{character}b touch marker |{character}c x"
    for rows in (one(evil), one("x", evil), one("x", utt2gender=evil), one(Command(f"{evil} |"))):
        with pytest.raises(DataError, match="does not fit in a line") as caught:
            write_data_dir(tmp_path / "d", rows, "it")
        assert "\n" not in str(caught.value) and not (tmp_path / "d").exists()


@pytest.mark.parametrize(
    ("audio", "message"),
    [
        ("", "is empty"),
        (" x.wav", "white space begins"),
        ("x.wav ", "or ends it"),
        ("caff\udce8.wav", "is not valid UTF-8"),
    ],
)
def test_names_that_wav_scp_cannot_say(tmp_path: Path, audio: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        write_data_dir(tmp_path / "d", one(audio), "it")


def test_a_program_may_write_commands_and_odd_names(tmp_path: Path) -> None:
    rows = [
        Utterance("a", "s", Command("cat x.wav |"), ""),
        Utterance("b", "s", "/x/| $(touch marker); 'y'.wav", ""),
    ]
    write_data_dir(tmp_path, rows, "it")
    assert read(tmp_path / "wav.scp") == ["a cat x.wav |", "b /x/| $(touch marker); 'y'.wav"]


def test_a_recording_is_one_word(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="recording 'r 0 1' is empty or holds white space"):
        write_data_dir(tmp_path / "d", [Utterance("a", "s", "x", "", "r 0 1", (0, 1))], "it")


def test_names_of_tables_stay_in_the_corpus(tmp_path: Path) -> None:
    assert file_in(tmp_path, "a/b..c |.wav") == tmp_path / "a/b..c |.wav"
    for name in ("/etc/x.wav", "../x.wav", "a/../../x.wav", ".."):
        with pytest.raises(DataError, match="not in this folder"):
            file_in(tmp_path, name)
