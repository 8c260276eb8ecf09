"""Saved data sets: rows as pyarrow gives them, which need not be installed here."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from asrkit.files import DataError
from asrkit.importers import arrow
from asrkit.importers.piece import Found


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Reads a file of these rows, whose audio lies in the folder ``clips`` beside it."""
    source = tmp_path / "in" / "train.parquet"
    clips = tmp_path / "clips"
    for folder in (source.parent, clips):
        folder.mkdir()
    (clips / "a.wav").write_bytes(b"x")
    source.touch()
    fake = SimpleNamespace(ArrowException=OSError)
    for name in ("pyarrow", "pyarrow.parquet", "pyarrow.ipc"):
        monkeypatch.setitem(sys.modules, name, fake)

    def call(rows: list[dict[str, Any]], audio: str = "", /, **columns: str) -> Found:
        monkeypatch.setattr(arrow, "_rows", lambda *_: (list(rows[0]), iter(rows)))
        folder = tmp_path / audio if audio else None
        return arrow.read(source, columns, tmp_path / "store", folder)

    return call


ROW = {"path": "a.wav", "text": "uno", "start": "0.5", "end_time": 2}


def test_the_folder_of_the_audio_is_searched(read: Any) -> None:
    assert [one.why for one in read([ROW]).left] == ["no such audio file"]
    (piece,) = read([ROW], "clips").pieces
    assert piece.audio.name == "a.wav" and piece.part == "train"


def test_times_count_where_they_are_named(read: Any) -> None:
    """A clip that was cut from a recording has the times of that beside it."""
    found = read([ROW], "clips")
    assert found.pieces[0][3:5] == (0, math.inf) and "start" not in found.notes[0]
    found = read(
        [ROW, ROW | {"start": None}, ROW | {"start": 3}], "clips", start="start", end="end_time"
    )
    assert [piece[3:5] for piece in found.pieces] == [(0.5, 2), (0, 2)]
    assert [one.why for one in found.left] == ["ends before it begins"]
    assert "start from 'start', end from 'end_time'" in found.notes[0]


def test_a_column_that_is_not_there(read: Any) -> None:
    with pytest.raises(DataError, match=r"has no column 'voice'; say which holds the speaker"):
        read([ROW], "clips", speaker="voice")
