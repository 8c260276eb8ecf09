"""Every format, read back with programs of others."""

from __future__ import annotations

import csv
import errno
import html
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pympi
import pysubs2
import pytest
from praatio import textgrid as praat

from asrkit.files import DataError
from asrkit.formats.subtitles import FASTEST, WIDTH, cues
from asrkit.formats.table import WRITERS, render, suffix, write
from asrkit.importers import eaf as own_eaf
from asrkit.transcript import Segment, Token, Transcript, Word

SAID = 'però l\'«elan» & <praat> "so" שָׁלוֹם e\u0301te\u0301'.split()


def spoken(words: list[str], start: float, speaker: str | None = None) -> Segment:
    """Half a second a word, of which a tenth is a pause."""
    found = []
    for at, word in enumerate(words):
        times = [round(start + at * 0.5 + part, 3) for part in (0.0, 0.06, 0.1, 0.4)]
        tokens = (Token(word[0], *times[:2]), Token(word[1:] or "x", *times[2:]))
        found.append(Word(word, times[0], times[3], 0.5, tokens))
    return Segment.of(found, speaker=speaker)


TALK = Transcript(
    (spoken(SAID, 1.25), spoken(["fine"], 6.5)), 9.125, "talks/a b.mp3", "it", "exp/x"
)
PAIR = Transcript((spoken(["sì", "sì"], 1.0, "Anna B"), spoken(["no"], 1.2, "Ciro")), 3.0)


def ms(*times: float) -> tuple[int, ...]:
    return tuple(round(time * 1000) for time in times)


def wanted(transcript: Transcript, level: str) -> list[tuple[int, int, str]]:
    rows = {
        "segments": transcript.segments,
        "words": transcript.words,
        "tokens": [token for word in transcript.words for token in word.tokens],
    }[level]
    return [(*ms(row.start, row.end), row.text) for row in rows]


LEVELS = ("segments", "words", "tokens")


def test_textgrid_in_praatio(tmp_path):
    write(TALK, "textgrid", path := tmp_path / "x.TextGrid")
    found = praat.openTextgrid(str(path), includeEmptyIntervals=False)
    assert found.tierNames == LEVELS and found.maxTimestamp == 9.125
    for level in LEVELS:
        entries = [(*ms(one.start, one.end), one.label) for one in found.getTier(level).entries]
        assert entries == wanted(TALK, level)
    whole = praat.openTextgrid(str(path), includeEmptyIntervals=True).getTier("segments").entries
    assert whole[0].start == 0 and whole[-1].end == 9.125
    assert all(one.end == following.start for one, following in pairwise(whole))


def test_eaf_in_pympi(tmp_path):
    write(TALK, "eaf", path := tmp_path / "x.eaf")
    found = pympi.Eaf(str(path))
    assert list(found.get_tier_names()) == list(LEVELS)
    for level in LEVELS:
        assert sorted(row[:3] for row in found.get_annotation_data_for_tier(level)) == wanted(
            TALK, level
        )
    assert found.get_parameters_for_tier("words")["PARENT_REF"] == "segments"
    assert found.linguistic_types["words"]["CONSTRAINTS"] == "Included_In"
    (media,) = found.get_linked_files()
    assert media["MEDIA_URL"].endswith("/talks/a%20b.mp3") and media["MEDIA_URL"][:8] == "file:///"
    assert media["MIME_TYPE"] == "audio/mpeg"
    (own,) = {one.name: one for one in own_eaf.read(path).tiers if one.name == "segments"}.values()
    assert [(one.start, one.end, one.text) for one in own.intervals] == [
        (one.start, one.end, one.text) for one in TALK.segments
    ]


def test_eaf_links_the_recording_from_where_it_lies(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (media,) = ElementTree.fromstring(render(TALK, "eaf", "out/x.eaf")).iter("MEDIA_DESCRIPTOR")
    assert media.attrib["RELATIVE_MEDIA_URL"] == "../talks/a%20b.mp3"
    piped = render(Transcript(TALK.segments, 9.125, "-"), "eaf", "x.eaf")
    assert "MEDIA_DESCRIPTOR" not in piped


@pytest.mark.parametrize("transcript", [TALK, PAIR, Transcript((), 2.0)])
def test_eaf_keeps_the_order_and_the_rules_of_its_schema(transcript):
    """EAFv3.0.xsd: sequence of elements, attributes that are required, references that resolve."""
    root = ElementTree.fromstring(render(transcript, "eaf", "x.eaf"))
    order = ["HEADER", "TIME_ORDER", "TIER", "LINGUISTIC_TYPE", "CONSTRAINT"]
    found = [order.index(child.tag) for child in root]
    assert found == sorted(found) and set(found) == set(range(len(order)))
    slots = [one.attrib["TIME_SLOT_ID"] for one in root.iter("TIME_SLOT")]
    times = [int(one.attrib["TIME_VALUE"]) for one in root.iter("TIME_SLOT")]
    assert times == sorted(times) and len(set(slots)) == len(slots)
    by_name = dict(zip(slots, times, strict=True))
    types = {one.attrib["LINGUISTIC_TYPE_ID"] for one in root.iter("LINGUISTIC_TYPE")}
    tiers = {one.attrib["TIER_ID"]: one for one in root.iter("TIER")}
    names = [one.attrib["ANNOTATION_ID"] for one in root.iter("ALIGNABLE_ANNOTATION")]
    assert len(set(names)) == len(names)
    spans = {
        name: [
            (by_name[one.attrib["TIME_SLOT_REF1"]], by_name[one.attrib["TIME_SLOT_REF2"]])
            for one in tier.iter("ALIGNABLE_ANNOTATION")
        ]
        for name, tier in tiers.items()
    }
    for name, tier in tiers.items():
        assert tier.attrib["LINGUISTIC_TYPE_REF"] in types
        assert all(start < end for start, end in spans[name])
        if "PARENT_REF" in tier.attrib:
            above = spans[tier.attrib["PARENT_REF"]]
            for start, end in spans[name]:
                assert any(a <= start and end <= b for a, b in above)


def test_speakers_have_tiers_of_their_own(tmp_path):
    write(PAIR, "eaf", path := tmp_path / "x.eaf")
    found = pympi.Eaf(str(path))
    assert list(found.get_tier_names())[::3] == ["segments: Anna B", "segments: Ciro"]
    assert found.get_parameters_for_tier("words: Ciro")["PARTICIPANT"] == "Ciro"
    write(PAIR, "textgrid", path := tmp_path / "x.TextGrid")
    names = praat.openTextgrid(str(path), includeEmptyIntervals=False).tierNames
    assert names[1::3] == ("words: Anna B", "words: Ciro")


CROWDED = Transcript(
    (
        Segment.of([Word("a", 1, 1), Word("b", 1, 1.0004), Word("c", 0.9, 3, 0.5)]),
        Segment(1.0, 1.0, "d"),
        Segment(2.0, 5.0, "past the end"),
    ),
    4.0,
)


@pytest.mark.parametrize("name", ["eaf", "textgrid"])
def test_overlapping_and_empty_intervals_become_ones_that_the_formats_can_hold(name, tmp_path):
    write(CROWDED, name, path := tmp_path / "x")
    if name == "eaf":
        eaf = pympi.Eaf(str(path))
        rows = [sorted(row[:3] for row in eaf.get_annotation_data_for_tier(t)) for t in LEVELS[:2]]
    else:
        grid = praat.openTextgrid(str(path), includeEmptyIntervals=False)
        rows = [
            [(*ms(e.start, e.end), e.label) for e in grid.getTier(t).entries] for t in LEVELS[:2]
        ]
    assert [row[2] for row in rows[0]] == ["a b c", "d", "past the end"]
    assert [row[2] for row in rows[1]] == ["a", "b", "c"]
    for level in rows:
        assert all(start < end for start, end, _ in level)
        assert all(one[1] <= two[0] for one, two in pairwise(level))


@pytest.mark.parametrize("name", ["srt", "vtt"])
def test_subtitles_in_pysubs2(name, tmp_path):
    write(TALK, name, path := tmp_path / f"x.{name}")
    found = pysubs2.load(str(path))
    angles = str.maketrans("‹›", "<>")
    texts = [html.unescape(cue.plaintext).translate(angles).split() for cue in found]
    shown = [(cue.start, cue.end, text) for cue, text in zip(found, texts, strict=True)]
    assert shown == [(*ms(cue.start, cue.end), " ".join(cue.lines).split()) for cue in cues(TALK)]
    assert " ".join(" ".join(words) for _, _, words in shown) == TALK.text


def test_marks_are_no_tags_in_subtitles():
    said = Transcript((spoken(["<noise>", "a"], 0),), 1)
    assert "[noise] a" in render(said, "vtt", "x") and "[noise] a" in render(said, "srt", "x")


def test_cues_can_be_read():
    long = Transcript((spoken(("parola " * 200).split(), 0), spoken(["<hes>"], 120)), 130)
    found = cues(long)
    assert " ".join(" ".join(cue.lines) for cue in found) == long.text.replace("<hes>", "[hes]")
    for cue, following in pairwise(found):
        assert len(cue.lines) <= 2 and max(map(len, cue.lines)) <= WIDTH
        assert 0 < cue.end - cue.start <= 7.5 and cue.end <= following.start
        assert sum(map(len, cue.lines)) / (cue.end - cue.start) <= FASTEST
    assert found[-1].end - found[-1].start == 1.0  # the word itself lasts 0.4
    balanced = cues(Transcript((Segment(0, 6, "word " * 9 + "word"),), 6))[0].lines
    assert abs(len(balanced[0]) - len(balanced[1])) <= 5


def test_lines_of_scripts_without_spaces_and_of_marks_that_combine():
    chinese = Transcript((Segment(0, 20, "字" * 90),), 20)
    found = cues(chinese)
    assert "".join("".join(cue.lines) for cue in found) == "字" * 90
    assert max(len(line) for cue in found for line in cue.lines) == WIDTH // 2
    hindi = "क\u0901" * 45  # 90 code points, 45 places
    (cue,) = cues(Transcript((Segment(0, 6, hindi),), 6))
    assert [len(line) for line in cue.lines] == [84, 6]


def test_ctm_and_stm():
    rows = [line.split(" ") for line in render(TALK, "ctm", "out/a b.ctm").splitlines()]
    assert rows[0] == ["a_b", "1", "1.250", "0.400", "però", "0.5000"]
    assert [row[4] for row in rows] == [word.text for word in TALK.words]
    assert render(PAIR, "stm", "x.stm").splitlines() == [
        "x 1 Anna_B 1.000 1.900 sì sì",
        "x 1 Ciro 1.200 1.600 no",
    ]
    assert render(TALK, "stm", "x.stm").splitlines()[1] == "x 1 x 6.500 6.900 <it> fine"
    with pytest.raises(DataError, match=r"segments\[0\] has none: 'typed'; write it as stm"):
        render(Transcript((Segment(0, 1, "typed"),), 1), "ctm", "x.ctm")


def test_tsv_and_txt(tmp_path):
    write(TALK, "tsv", path := tmp_path / "x.tsv")
    with path.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    assert [(row["start"], row["text"]) for row in rows] == [
        ("1.250", TALK.segments[0].text),
        ("6.500", "fine"),
    ]
    assert render(TALK, "txt", "x.txt") == f"{TALK.segments[0].text}\nfine\n"


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("transcript", [Transcript((), 0.0), Transcript((), 2.0), CROWDED])
def test_nothing_said_and_odd_times_are_written_too(name, transcript, tmp_path):
    if name == "ctm" and transcript is CROWDED:
        return
    write(transcript, name, path := tmp_path / f"x{suffix(name)}")
    if name == "json":
        assert Transcript.from_json(path.read_bytes()) == transcript
    elif name == "textgrid":
        assert "words" not in praat.openTextgrid(str(path), False).tierNames[2:]
    elif name == "eaf":
        pympi.Eaf(str(path))
    elif name in ("srt", "vtt") and transcript.segments:
        assert len(pysubs2.load(str(path))) == 3


def test_a_format_that_is_none_and_a_disk_that_is_full(tmp_path, monkeypatch):
    with pytest.raises(DataError, match="no format is called 'docx'; known: txt, json"):
        write(TALK, "docx", tmp_path / "x")
    write(TALK, "srt", path := tmp_path / "x.srt")
    before = path.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(DataError, match=r"x\.srt: cannot be written \(No space left"):
        write(PAIR, "srt", path)
    assert path.read_bytes() == before and [one.name for one in Path(tmp_path).iterdir()] == [
        "x.srt"
    ]
