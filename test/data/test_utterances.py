"""Data folders written from lists of utterances."""

from __future__ import annotations

from pathlib import Path

import pytest

from asrkit.data.datadir import DataDir
from asrkit.data.utterances import Utterance, write_folder
from asrkit.files import DataError


def read(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def test_tables_are_sorted_and_whole(tmp_path: Path) -> None:
    rows = [
        Utterance("b_2", "b", "/x/2.flac", "due", more={"utt2gender": "f", "utt2dur": "1"}),
        Utterance("a_1", "a", "/x/1.flac", "", more={"utt2gender": "m"}),
    ]
    write_folder(tmp_path, rows, "it")
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
    write_folder(tmp_path, rows, "it")
    assert read(tmp_path / "wav.scp") == ["r /x/r.ogg"]
    assert read(tmp_path / "segments") == ["s-1 r 0.000 1.500", "s-2 r 1.500 2.250"]
    write_folder(tmp_path, [Utterance("a", "a", "/x/a.ogg", "uno")], "it")
    assert not (tmp_path / "segments").exists()


def test_segments_stay_where_the_new_folder_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spans = [Utterance("s-1", "s", "/x/r.ogg", "uno", "r", (0, 1.5))]
    write_folder(tmp_path, spans, "it")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def full(self: DataDir, folder: Path) -> None:
        raise DataError("the disk is full")

    monkeypatch.setattr(DataDir, "write", full)
    with pytest.raises(DataError, match="full"):
        write_folder(tmp_path, [Utterance("a", "a", "/x/a.ogg", "uno")], "it")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


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
        (
            [Utterance("a", "s", "x", "", "r", (0, 1)), Utterance("b", "s", "y", "")],
            "has no span",
        ),
    ],
)
def test_what_cannot_be_written(tmp_path: Path, rows: list[Utterance], message: str) -> None:
    with pytest.raises(DataError, match=message):
        write_folder(tmp_path / "d", rows, "it")
    assert not (tmp_path / "d").exists()
