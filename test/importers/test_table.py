"""Tables: separators, headers and columns that are found, and those that are given."""

from __future__ import annotations

from pathlib import Path

import pytest

from asrkit.files import DataError
from asrkit.importers import table
from asrkit.importers.media import AudioFinder
from asrkit.importers.piece import Found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "clips").mkdir()
    for name in ("a.wav", "b.mp3", "c d.wav"):
        (tmp_path / "clips" / name).write_bytes(b"x")
    return tmp_path


def read(folder: Path, content: str, coding: str = "utf-8", /, **columns: str) -> Found:
    path = folder / "t.csv"
    path.write_bytes(content.encode(coding))
    return table.read(path, AudioFinder([folder / "clips", folder]), columns)


def rows(found: Found) -> list[tuple[str, str, str]]:
    return [(piece.audio.name, piece.text, piece.speaker) for piece in found.pieces]


@pytest.mark.parametrize(
    "text",
    [
        "path,sentence,client_id\na.wav,\"uno, due\",x\nb.mp3,tre,y\n",
        "client_id;Path;Sentence\nx;a.wav;uno, due\ny;b.mp3;tre\n",
        'client_id\tpath\tsentence\nx\ta.wav\t"uno, due"\ny\tb.mp3\ttre\n',
        "path|sentence|speaker\r\na|uno, due|x\r\nclips/b.mp3|tre|y\r\n",
        'path,sentence,speaker\n"C:\\rec\\a.wav","uno, due",x\n\n./b.mp3,tre,y',
    ],
)  # fmt: skip
@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "utf-16"])
def test_separators_headers_and_encodings(folder: Path, text: str, coding: str) -> None:
    found = read(folder, text, coding)
    assert rows(found) == [("a.wav", "uno, due", "x"), ("b.mp3", "tre", "y")]
    assert not found.left


def test_what_was_found_is_said(folder: Path) -> None:
    (note,) = read(folder, "path;sentence\na.wav;uno\n").notes
    assert note.endswith(
        "t.csv: separator semicolon, header path sentence: audio from 'path', text from 'sentence'"
    )


def test_without_a_header(folder: Path) -> None:
    found = read(folder, "17\ta.wav\tuno due\n18\tb\ttre\n19\tx.wav\tquattro\n")
    assert rows(found) == [("a.wav", "uno due", ""), ("b.mp3", "tre", "")]
    assert [(one.where[-7:], one.why, one.detail) for one in found.left] == [
        ("t.csv:3", "no such audio file", "x.wav")
    ]
    assert "no header: audio from column 2, text from column 3" in found.notes[0]


def test_columns_that_are_given(folder: Path) -> None:
    text = "id,was,words,english\na,1,uno,one\nb,2,due,two\n"
    assert rows(read(folder, text, text="words", audio="id")) == [
        ("a.wav", "uno", ""), ("b.mp3", "due", ""),
    ]  # fmt: skip
    assert rows(read(folder, "a,uno,one\nb,due,two\n", text="3")) == [
        ("a.wav", "one", ""), ("b.mp3", "two", ""),
    ]  # fmt: skip


def test_stretches_and_parts(folder: Path) -> None:
    text = "audio,text,start,end,split\na,uno,0.5,1.5,train\na,due,2,,dev\nb,tre,,,other\n"
    found = read(folder, text)
    assert [(p.start, p.end, p.part) for p in found.pieces] == [
        (0.5, 1.5, "train"), (2, float("inf"), "valid"),
    ]  # fmt: skip
    assert found.left[0].why == "is of a part that is not train, valid or test"


def test_a_name_that_several_files_have(folder: Path) -> None:
    for name in ("a.mp4", "b.wav"):
        (folder / "clips" / name).write_bytes(b"x")
    found = read(folder, "audio,text\na,uno\nb,due\nb.wav,tre\n")
    assert rows(found) == [("a.wav", "uno", ""), ("b.wav", "tre", "")]
    assert [(one.why, one.detail) for one in found.left] == [
        ("names several audio files", "b.mp3 b.wav")
    ]


@pytest.mark.parametrize(("column", "value"), [("start", "0:01"), ("end", "x")])
def test_times_that_are_none_are_left_out(folder: Path, column: str, value: str) -> None:
    found = read(folder, f"audio,text,{column}\na,uno,{value}\nb,due,1\n")
    assert rows(found) == [("b.mp3", "due", "")]
    (left,) = found.left
    assert left.why == "has times that are no seconds" and left.detail.strip() == value


def test_lines_count_those_within_quotation_marks(folder: Path) -> None:
    found = read(folder, 'path,sentence\na.wav,"uno\ndue"\nx.wav,tre\nb.mp3,\n')
    assert rows(found) == [("a.wav", "uno due", "")]
    assert [(one.where.rpartition(":")[2], one.why) for one in found.left] == [
        ("4", "no such audio file"), ("5", "has no text"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("uno due\ntre\n", "no separator divides its lines"),
        ("path,sentence\n", "no separator|has a header and no rows"),
        ("path,sentence\na.wav,\"uno\nb.mp3,due\n", r"csv:2: is no row .* quotation mark open"),
        ("a,uno,one\nb,due,two\n", "several columns may hold the text, of 'a', 'uno', 'one'"),
        ("x,uno\ny,due\n", "no column names audio files below .*--audio"),
    ],
)  # fmt: skip
def test_what_cannot_be_found(folder: Path, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read(folder, text)


def test_a_column_that_is_not_there(folder: Path) -> None:
    with pytest.raises(DataError, match=r"t\.csv:1: has no column 'words' for text; it has 'path'"):
        read(folder, "path,sentence\na,uno\n", text="words")
