"""The text of a recording as sentences or lines."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from asrkit.files import DataError
from asrkit.segmentation.units import read_units


def write(folder: Path, content: str | bytes) -> Path:
    path = folder / "talk.txt"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_sentences_keep_line_and_spelling(tmp_path: Path) -> None:
    path = write(tmp_path, "\ufeffHello,  World. “Is it?” I ask.\r\n\r\n– Good-bye –\r\n")
    found = read_units(path, "en")
    assert [(unit.line, unit.text) for unit in found] == [
        (1, "Hello, World."), (1, "“Is it?”"), (1, "I ask."), (3, "– Good-bye –")
    ]  # fmt: skip
    assert found[0].words == ["hello", "world"] and found[0].written == ["Hello,", "World."]
    assert found[3].words == ["good", "bye"] and found[3].written == []
    assert len(read_units(path, "en", split="line")) == 2


def test_signs_that_are_written_apart_go_with_a_word(tmp_path: Path) -> None:
    (unit,) = read_units(write(tmp_path, "« Oui » – non !"), "fr")
    assert unit.words == ["oui", "non"] and unit.written == ["« Oui » –", "non !"]


def test_what_cannot_be_spelled_is_told_with_its_line(tmp_path: Path) -> None:
    found = read_units(write(tmp_path, "One.\n[sic transit] two.\n***\n"), "en")
    assert [(unit.line, bool(unit.fault)) for unit in found] == [(1, False), (2, True), (3, True)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"one\ncaf\xe9\n", r"talk.txt:2: is not valid UTF-8 \(byte 0xe9 at 4\); convert it"),
        ("one\n".encode("utf-16"), "talk.txt:1: is not plain text in UTF-8"),
        (b"", "holds no word"),
        (b"...\n\n", "holds no word"),
    ],
)
def test_what_is_no_text(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_units(write(tmp_path, content), "en")


def test_what_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read_units(tmp_path / "none.txt", "en")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DataError, match="FIFO"):
        read_units(tmp_path / "pipe", "en")
