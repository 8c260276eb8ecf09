"""Which recordings go with which texts."""

from __future__ import annotations

from pathlib import Path

import pytest

from asrkit.files import DataError
from asrkit.segmentation.pairs import find_pairs, read_pairs


def make(folder: Path, *names: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).write_text("x")
    return folder


def test_two_files(tmp_path: Path) -> None:
    make(tmp_path, "my talk.mp3", "text")
    (pair,) = find_pairs(tmp_path / "my talk.mp3", tmp_path / "text", None)
    assert pair.name == pair.speaker == "my_talk"


def test_folders_go_by_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make(tmp_path, "a.mp3", "a.txt", "b.wav", "b.txt", "c.txt", ".hidden")
    found = find_pairs(tmp_path, tmp_path, "ana")
    assert [(pair.name, pair.speaker) for pair in found] == [("a", "ana"), ("b", "ana")]
    assert "c.txt: nothing of this name" in capsys.readouterr().err


def test_a_table_names_files_beside_it(tmp_path: Path) -> None:
    make(tmp_path, "a.mp3", "a.txt")
    (tmp_path / "table.tsv").write_text("a.mp3\ta.txt\tana maria\n\n")
    (pair,) = read_pairs(tmp_path / "table.tsv", None)
    assert (pair.audio, pair.speaker) == (str(tmp_path / "a.mp3"), "ana_maria")


def test_what_is_no_pair(tmp_path: Path) -> None:
    make(tmp_path / "x", "a.mp3", "a.wav", "b.txt")
    with pytest.raises(DataError, match="has the same name"):
        find_pairs(tmp_path / "x", tmp_path / "x", None)
    (tmp_path / "x/a.wav").unlink()
    with pytest.raises(DataError, match="no recording has a text"):
        find_pairs(tmp_path / "x", tmp_path / "x", None)
    with pytest.raises(DataError, match="two files, or two folders"):
        find_pairs(tmp_path / "x", tmp_path / "x/b.txt", None)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a.mp3 a.txt\n", "table.tsv:1: holds 1 values"),
        ("a.mp3\ta.txt\n\tb.txt\n", "table.tsv:2: holds 2 values"),
        ("", "holds no recording"),
        ("x/a.mp3\ta.txt\ny/a.mp3\tb.txt\n", "have one name"),
    ],
)
def test_what_is_no_table(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "table.tsv").write_text(content)
    with pytest.raises(DataError, match=message):
        read_pairs(tmp_path / "table.tsv", None)
