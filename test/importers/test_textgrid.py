"""Praat's files, written by praatio, in both forms and Praat's encodings."""

from __future__ import annotations

from pathlib import Path

import pytest
from praatio import textgrid as praatio

from asrkit.files import DataError
from asrkit.importers import textgrid

ROWS = [(0.5, 1.25, 'say "ah"'), (2.0, 3.0, "ǃxóõ – ñ")]


def written(path: Path, form: str = "long_textgrid") -> Path:
    grid = praatio.Textgrid()
    grid.addTier(praatio.IntervalTier("words", ROWS, 0, 4))
    grid.addTier(praatio.PointTier("tones", [(0.7, "H")], 0, 4))
    grid.save(str(path), form, includeBlankSpaces=True)
    return path


def rows_of(path: Path) -> list[tuple[float, float, str]]:
    tiers = textgrid.read(path)
    assert [(tier.name, tier.kind) for tier in tiers] == [
        ("words", "IntervalTier"), ("tones", "TextTier"),
    ]  # fmt: skip
    assert not tiers[1].intervals
    return [(row.start, row.end, row.text) for row in tiers[0].intervals]


@pytest.mark.parametrize("form", ["long_textgrid", "short_textgrid"])
@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be"])
def test_forms_and_encodings(tmp_path: Path, form: str, coding: str) -> None:
    path = written(tmp_path / "a.TextGrid", form)
    text = path.read_text(encoding="utf-8")
    data = text.replace("\n", "\r\n").encode(coding)
    path.write_bytes(b"\xfe\xff" + data if coding == "utf-16-be" else data)
    assert rows_of(path) == ROWS


def test_latin_1_of_older_versions(tmp_path: Path) -> None:
    path = written(tmp_path / "a.TextGrid")
    text = path.read_text(encoding="utf-8").replace("ǃxóõ – ñ", "año")
    path.write_bytes(text.encode("latin-1"))
    assert [row[2] for row in rows_of(path)] == ['say "ah"', "año"]


def test_lines_are_those_of_the_file(tmp_path: Path) -> None:
    path = written(tmp_path / "a.TextGrid", "short_textgrid")
    lines = path.read_text(encoding="utf-8").split("\n")
    for row in textgrid.read(path)[0].intervals:
        assert float(lines[row.line - 1]) == row.start


def test_comments_and_no_tiers(tmp_path: Path) -> None:
    path = tmp_path / "a.TextGrid"
    head = 'File type = "ooTextFile"\nObject class = "TextGrid"\n'
    path.write_text(head + "! 5 or 6\nxmin = 0\nxmax = 1\ntiers? <absent>\n", encoding="utf-8")
    assert textgrid.read(path) == []


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"ooTextFile"', '"ooText"', ":1: begins with 'ooText'"),
        ('"TextGrid"', '"Pitch"', ":2: is a 'Pitch'"),
        ('"IntervalTier"', '"OtherTier"', "'OtherTier', which Praat does not"),
        ("0.5", "1.5", ":1[0-9]: has an interval from 1.5 to 1.25"),
        ('"say ""ah"""', '"say ""ah""', ":2[0-9]: has .* where the start of an interval"),
    ],
)
def test_broken_files_are_named_with_their_line(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    path = written(tmp_path / "a.TextGrid", "short_textgrid")
    text = path.read_text(encoding="utf-8")
    assert old in text
    lines = text.split("\n")
    at = max(n for n, line in enumerate(lines) if line.endswith(old) or line == old)
    lines[at] = lines[at].replace(old, new)
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(DataError, match=message):
        textgrid.read(path)


def test_a_file_cut_short(tmp_path: Path) -> None:
    path = written(tmp_path / "a.TextGrid", "short_textgrid")
    lines = path.read_text(encoding="utf-8").split("\n")
    path.write_text("\n".join(lines[:14]), encoding="utf-8")
    with pytest.raises(DataError, match=r"ends where .* was expected; the file was cut short"):
        textgrid.read(path)


def test_binary_files(tmp_path: Path) -> None:
    path = tmp_path / "a.TextGrid"
    path.write_bytes(b"ooBinaryFile\x08TextGrid\0\0")
    with pytest.raises(DataError, match="is a binary file of Praat"):
        textgrid.read(path)
