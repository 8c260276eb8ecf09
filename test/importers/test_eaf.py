"""ELAN's files, written by pympi and by hand."""

from __future__ import annotations

from pathlib import Path

import pympi
import pytest

from asrkit.files import DataError
from asrkit.importers import eaf
from asrkit.importers.piece import chosen

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'


def written(path: Path) -> Path:
    """Two tiers of one type, one of notes, with words below the first."""
    document = pympi.Elan.Eaf()
    document.remove_tier("default")
    document.add_linguistic_type("utterance")
    document.add_linked_file("file:///C:/x/talk.wav", relpath="./talk.wav", mimetype="audio/x-wav")
    for name, who in (("A", "Ana"), ("B", "Bob")):
        document.add_tier(name, ling="utterance", part=who)
    document.add_tier("notes")
    document.add_annotation("A", 0, 1500, "hola  <b>\n mundo")
    document.add_annotation("A", 2000, 2500, "")
    document.add_annotation("B", 1500, 3250, "adiós")
    document.add_annotation("notes", 0, 10, "x")
    document.to_file(str(path))
    return path


def test_what_pympi_writes(tmp_path: Path) -> None:
    document = eaf.read(written(tmp_path / "a.eaf"))
    assert document.media == ["./talk.wav", "/C:/x/talk.wav"]
    first, second, notes = document.tiers
    assert [(r.start, r.end, r.text) for r in first.intervals] == [(0, 1.5, "hola <b> mundo")]
    assert [(r.start, r.end, r.text) for r in second.intervals] == [(1.5, 3.25, "adiós")]
    assert (first.name, first.kind, first.speaker) == ("A", "utterance", "Ana")
    assert [row.text for row in notes.intervals] == ["x"]


def test_tiers_by_name_and_by_type(tmp_path: Path) -> None:
    path = written(tmp_path / "a.eaf")
    tiers = eaf.read(path).tiers
    assert [tier.name for tier in chosen(path, tiers, ["B"])] == ["B"]
    assert [tier.name for tier in chosen(path, tiers, ["utterance"])] == ["A", "B"]
    with pytest.raises(DataError, match=r"a\.eaf: several tiers; choose with --tier .*'A' \(type"):
        chosen(path, tiers, [])
    with pytest.raises(DataError, match="no tier is called 'C'"):
        chosen(path, tiers, ["C"])


def document(order: str, *tiers: str) -> str:
    return f"{HEAD}<ANNOTATION_DOCUMENT><TIME_ORDER>{order}</TIME_ORDER>{''.join(tiers)}" + (
        "</ANNOTATION_DOCUMENT>"
    )


def slots(*values: int | None) -> str:
    return "".join(
        f'<TIME_SLOT TIME_SLOT_ID="ts{n}"/>'
        if value is None
        else f'<TIME_SLOT TIME_SLOT_ID="ts{n}" TIME_VALUE="{value}"/>'
        for n, value in enumerate(values)
    )


def aligned(name: str, first: int, last: int, text: str) -> str:
    return (
        f'\n<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="{name}" TIME_SLOT_REF1="ts{first}"'
        f' TIME_SLOT_REF2="ts{last}"><ANNOTATION_VALUE>{text}</ANNOTATION_VALUE>'
        "</ALIGNABLE_ANNOTATION></ANNOTATION>"
    )


def referring(name: str, of: str, text: str, after: str = "") -> str:
    previous = f' PREVIOUS_ANNOTATION="{after}"' if after else ""
    return (
        f'\n<ANNOTATION><REF_ANNOTATION ANNOTATION_ID="{name}" ANNOTATION_REF="{of}"{previous}>'
        f"<ANNOTATION_VALUE>{text}</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION>"
    )


def tier(name: str, *annotations: str) -> str:
    return f'<TIER TIER_ID="{name}" LINGUISTIC_TYPE_REF="t">{"".join(annotations)}</TIER>'


def read(path: Path, text: str) -> eaf.Document:
    path.write_text(text, encoding="utf-8")
    return eaf.read(path)


def test_times_between_times_are_spread_evenly(tmp_path: Path) -> None:
    """Three annotations share a run of which only the ends have times."""
    rows = [aligned("a", 0, 1, "x"), aligned("b", 1, 2, "y"), aligned("c", 2, 3, "z")]
    found = read(tmp_path / "a.eaf", document(slots(1000, None, None, 4000), tier("t", *rows)))
    assert [(r.start, r.end, r.text) for r in found.tiers[0].intervals] == [
        (1, 2, "x"), (2, 3, "y"), (3, 4, "z"),
    ]  # fmt: skip


def test_times_that_nothing_tells_are_left_out(tmp_path: Path) -> None:
    text = document(
        slots(0, None, None), tier("t", aligned("a", 0, 1, "x"), aligned("b", 1, 2, "y"))
    )
    found = read(tmp_path / "a.eaf", text).tiers[0]
    assert found.intervals == []
    assert [(one.where.rpartition(":")[2], one.why) for one in found.left] == [
        ("3", "has no time"), ("4", "has no time"),
    ]  # fmt: skip


def test_words_of_an_utterance_are_joined_in_their_order(tmp_path: Path) -> None:
    words = [referring("w2", "a", "mundo", "w1"), referring("w1", "a", "hola")]
    text = document(slots(0, 900), tier("u", aligned("a", 0, 1, "")), tier("w", *words))
    found = read(tmp_path / "a.eaf", text).tiers[1]
    assert [(r.start, r.end, r.text) for r in found.intervals] == [(0, 0.9, "hola mundo")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hola", r":1: is no valid XML"),
        (HEAD + "<ANNOTATION_DOCUMENT>\n<TIER>", r":3: is no valid XML"),
        (HEAD + "<html/>", r":2: begins with <html>"),
        (HEAD.replace("UTF-8", "nonesuch"), r":1: cannot be decoded \(unknown encoding"),
        (HEAD.replace("UTF-8", "gb2312"), r":1: cannot be decoded \(multi-byte.*save it as UTF-8"),
        (f'{HEAD}<!DOCTYPE x [<!ENTITY a "b">]>\n<x/>', r":2: has a document type"),
        (
            HEAD + "<ANNOTATION_DOCUMENT>" + "<a>" * 40 + "</a>" * 40,
            "more than 32 elements within each other",
        ),
        (document('<TIME_SLOT TIME_SLOT_ID="a" TIME_VALUE="-5"/>'), "TIME_VALUE is '-5'"),
        (document("<TIME_SLOT/>"), "has no TIME_SLOT_ID"),
        (document("", tier("t", aligned("a", 0, 1, "x"))), "'ts0' is not in TIME_ORDER"),
        (
            document("", tier("t", referring("a", "b", "x"), referring("b", "a", "y"))),
            "refers to itself",
        ),
    ],
)  # fmt: skip
def test_broken_files_are_named_with_their_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read(tmp_path / "a.eaf", text)


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.eaf"
    with open(path, "wb") as stream:
        stream.truncate(300 << 20)  # takes no space
    with pytest.raises(DataError, match="has 300 MiB"):
        eaf.read(path)
