"""Subtitles, written by pysubs2 and by hand."""

from __future__ import annotations

from pathlib import Path

import pysubs2
import pytest

from asrkit.files import DataError
from asrkit.importers import subtitles


@pytest.mark.parametrize("suffix", ["srt", "vtt"])
def test_what_pysubs2_writes(tmp_path: Path, suffix: str) -> None:
    events = [
        pysubs2.SSAEvent(start=500, end=1750, text="{\\i1}hola{\\i0}\\Nmundo"),
        pysubs2.SSAEvent(start=3_600_000, end=3_601_010, text="adiós"),
    ]
    content = pysubs2.SSAFile()
    content.events = events
    path = tmp_path / f"a.{suffix}"
    content.save(str(path))
    tier = subtitles.read(path)
    assert [(r.start, r.end, r.text) for r in tier.intervals] == [
        (0.5, 1.75, "hola mundo"), (3600, 3601.01, "adiós"),
    ]  # fmt: skip
    assert not tier.left


def read(path: Path, text: str, coding: str = "utf-8") -> list[tuple[object, ...]]:
    path.write_bytes(text.encode(coding))
    return [tuple(row) for row in subtitles.read(path).intervals]


def test_voices_notes_and_styles_of_webvtt(tmp_path: Path) -> None:
    text = (
        "WEBVTT - a talk\nKind: captions\n\nNOTE\n00:01.000 --> 00:02.000\n\nSTYLE\n::cue{}\n\n"
        "intro\n00:01.000 --> 00:02.500 align:start\n<v.loud Ana María>Sí &amp; <c.x>no</c>"
        "<00:00:02.000><c> ya</c>\n"
    )
    assert read(tmp_path / "a.vtt", text) == [(1, 2.5, "Sí & no ya", 11, "Ana María")]


def test_styles_cut_no_word(tmp_path: Path) -> None:
    text = (
        "1\n00:00:01,000 --> 00:00:02,000\n{\\an8}<i>Titanic</i>'s <b>G</b>uide, (<i>x</i>)\n\n"
        "2\n00:00:02,000 --> 00:00:03,000\nso<00:00:02.320><c> we</c>\n<v Ana>go<v Bo>on\n"
    )
    assert [row[2] for row in read(tmp_path / "a.srt", text)] == [
        "Titanic's Guide, (x)", "so we go on",
    ]  # fmt: skip


@pytest.mark.parametrize("coding", ["utf-8-sig", "utf-16"])
def test_lines_that_end_as_in_windows_and_marks(tmp_path: Path, coding: str) -> None:
    text = "1\r\n00:00:01,000 --> 00:00:02,000\r\n2 < 3 <b>ñ</b>\r\n\r\n\r\n2\r\n"
    assert read(tmp_path / "a.srt", text, coding) == [(1, 2, "2 < 3 ñ", 2, "")]


def test_what_is_left_out_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.srt"
    path.write_text(
        "1\n00:00:02,000 --> 00:00:01,000\nx\n\n2\n00:00:0x,000 --> 00:00:01,000\ny\n\n"
        "words alone\n\n3\n00:00:01,000 --> 00:00:02,000\n \n\n",
        encoding="utf-8",
    )
    tier = subtitles.read(path)
    assert not tier.intervals
    assert [(one.where.removeprefix(f"{path}:"), one.why) for one in tier.left] == [
        ("2", "ends before it begins"), ("6", "is no line of times"), ("9", "has no time"),
    ]  # fmt: skip


def test_another_encoding_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.srt"
    path.write_bytes(b"1\n00:00:01,000 --> 00:00:02,000\nma\xf1ana\n")
    with pytest.raises(DataError, match=r"a\.srt:3: is not valid UTF-8 \(byte 0xf1\)"):
        subtitles.read(path)
