"""BABEL's transcripts: every fault; every tag under every policy."""

from __future__ import annotations

from pathlib import Path

import pytest

import babel_tags
from asrkit.files import DataError
from babel_tags import POLICIES, TagPolicy
from babel_transcripts import Fault, Segment, read_transcript, trusted_marks


def read(
    folder: Path, text: str | bytes, seconds: float = 60.0
) -> tuple[list[Segment], list[Fault]]:
    path = folder / "t.txt"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_transcript(path, seconds)


# -- Transcripts


def test_a_transcript_without_faults(tmp_path: Path) -> None:
    text = "[0.0]\n<no-speech> 喂 <no-speech>\n[7.05]\n啊 听\n[14.07]\n"
    segments, faults = read(tmp_path, text)
    assert segments == [
        Segment(0.0, 7.05, "<no-speech> 喂 <no-speech>", 2),
        Segment(7.05, 14.07, "啊 听", 4),
    ]
    assert not faults


def test_consecutive_marks_make_no_segment(tmp_path: Path) -> None:
    segments, faults = read(tmp_path, "[0.0]\na\n[2.0]\n[3.0]\nb\n[4.0]\n")
    assert [(s.start, s.end, s.text) for s in segments] == [(0.0, 2.0, "a"), (3.0, 4.0, "b")]
    assert [(f.line, f.kind) for f in faults] == [(4, "consecutive time marks")]
    assert str(faults[0]) == f"{tmp_path}/t.txt:4: consecutive time marks: no segment between them"


def test_equal_consecutive_marks_spoil_nothing(tmp_path: Path) -> None:
    segments, faults = read(tmp_path, "[0.0]\na\n[2.0]\n[2.0]\nb\n[4.0]\n")
    assert [(s.start, s.end) for s in segments] == [(0.0, 2.0), (2.0, 4.0)]
    assert len(faults) == 1


def test_one_wild_mark_costs_its_two_neighbors(tmp_path: Path) -> None:
    segments, faults = read(tmp_path, "[0.0]\na\n[500]\nb\n[10]\nc\n[15]\nd\n[20]\n")
    assert [s.text for s in segments] == ["c", "d"]
    assert [(f.line, f.kind) for f in faults] == [
        (2, "time marks out of order"),
        (4, "time marks out of order"),
    ]
    assert faults[1].done == "segment 500-10 s left out"


def test_where_either_mark_may_be_wrong_neither_is_used(tmp_path: Path) -> None:
    segments, _ = read(tmp_path, "[0.0]\na\n[5]\nb\n[3]\nc\n[8]\nd\n[12]\n")
    assert [(s.start, s.text) for s in segments] == [(8.0, "d")]


@pytest.mark.parametrize(
    ("marks", "trusted"),
    [
        ([], ""),
        ([1.0], "1"),
        ([1, 2, 3], "111"),
        ([1, 9, 2, 3], "1011"),
        ([5, 1, 2, 3], "0111"),
        ([1, 2, 3, 0], "1110"),
        ([1, 3, 2, 4], "1001"),
        ([1, 1, 2, 2], "1111"),
        ([2, 1], "00"),
    ],
)
def test_trusted_marks(marks: list[float], trusted: str) -> None:
    assert trusted_marks(marks) == [digit == "1" for digit in trusted]


def test_equal_marks_around_a_text(tmp_path: Path) -> None:
    segments, faults = read(tmp_path, "[0.0]\na\n[2.0]\nb\n[2.0]\nc\n[4.0]\n")
    assert [s.text for s in segments] == ["a", "c"]
    assert [(f.line, f.kind) for f in faults] == [(4, "segment without length")]


def test_text_on_two_lines_is_joined(tmp_path: Path) -> None:
    segments, faults = read(tmp_path, "[0.0]\na b\nc\n[2.0]\n")
    assert segments == [Segment(0.0, 2.0, "a b c", 2)]
    assert [(f.line, f.kind, f.done) for f in faults] == [(3, "text on several lines", "joined")]


def test_carriage_returns(tmp_path: Path) -> None:
    segments, faults = read(tmp_path, "[0.0]\r\na b\r\n[2.0]\r\n")
    assert segments == [Segment(0.0, 2.0, "a b", 2)]
    assert [(f.line, f.kind, f.done) for f in faults] == [
        (0, "lines end in CR LF", "3 carriage returns removed")
    ]


def test_without_a_last_mark_the_text_ends_with_the_audio(tmp_path: Path) -> None:
    segments, faults = read(tmp_path, "[0.0]\na\n[2.0]\nb\n", seconds=3.5)
    assert segments[1] == Segment(2.0, 3.5, "b", 4)
    assert [(f.line, f.kind) for f in faults] == [(4, "no last time mark")]


def test_the_end_of_the_audio(tmp_path: Path) -> None:
    text = "[0.0]\na\n[2.0]\nb\n[9.0]\nc\n[10.0]\n"
    segments, faults = read(tmp_path, text, seconds=5.0)
    assert [(s.start, s.end) for s in segments] == [(0.0, 2.0), (2.0, 5.0)]
    assert [(f.line, f.done) for f in faults] == [
        (4, "cut from 9 to 5.00 s"),
        (6, "9-10 s left out; the audio has 5.00 s"),
    ]
    segments, faults = read(tmp_path, "[0.0]\na\n[5.01]\n", seconds=5.0)
    assert segments[0].end == 5.0 and not faults  # the mark is rounded


def test_text_before_the_first_mark_and_without_any(tmp_path: Path) -> None:
    segments, faults = read(tmp_path, "title\n[0.0]\na\n[2.0]\n")
    assert [s.text for s in segments] == ["a"]
    assert [(f.line, f.kind) for f in faults] == [(1, "text before the first time mark")]
    segments, faults = read(tmp_path, "a\nb\n")
    assert not segments and faults[-1].kind == "no time mark at all"
    assert read(tmp_path, "") == ([], [])


def test_broken_bytes_and_byte_order_mark(tmp_path: Path) -> None:
    segments, faults = read(tmp_path, b"\xef\xbb\xbf[0.0]\na \xff\n[2.0]\nb\n[3.0]\n")
    assert [s.text for s in segments] == ["b"]
    assert [(f.line, f.done) for f in faults[:2]] == [(1, "removed"), (2, "the line was left out")]


# -- Tags: what Kaldi, lhotse and this recipe make of each (tags.tsv is compared with this list)

EXPECTED = {
    "<no-speech>": ("", "<silence>", "<silence>"),
    "(())": ("", "<oov>", "<oov>"),
    "<foreign>": ("", "<oov>", "<oov>"),
    "<overlap>": ("", "<oov>", "<oov>"),
    "<prompt>": ("", "<oov>", "<oov>"),
    "<breath>": ("", "<v-noise>", "<v-noise>"),
    "<cough>": ("", "<v-noise>", "<v-noise>"),
    "<lipsmack>": ("", "<v-noise>", "<v-noise>"),
    "<limspack>": ("", "<oov>", "<v-noise>"),
    "<laugh>": ("", "<v-noise>", "<laugh>"),
    "<click>": ("", "<noise>", "<noise>"),
    "<ring>": ("", "<noise>", "<noise>"),
    "<dtmf>": ("", "<noise>", "<noise>"),
    "<int>": ("", "<noise>", "<noise>"),
    "<sta>": ("", "", "<noise>"),
    "<male-to-female>": ("", "", ""),
    "<female-to-male>": ("", "", ""),
    "~": ("", "", "~"),
    "<hes>": ("<hes>", "<hes>", "<oov>"),
    "*known*": ("known", "known", "*known*"),
    "known-": ("known", "known", "known-"),
    "-known": ("known", "known", "-known"),
    "*strange*": ("strange", "<oov>", "*strange*"),
    "strange-": ("strange", "<oov>", "strange-"),
    "strange": ("strange", "<oov>", "strange"),
    "Known": ("Known", "known", "Known"),
    "well-known": ("well-known", "<oov>", "well-known"),
    "in-": ("in", "in-", "in-"),
}  # fmt: skip
LEXICON = {"known", "in-", "<hes>"}


def policy(name: str) -> TagPolicy:
    return TagPolicy(name, "ka", LEXICON)


@pytest.mark.parametrize("name", POLICIES)
@pytest.mark.parametrize("tag", EXPECTED)
def test_every_tag_under_every_policy(name: str, tag: str) -> None:
    wanted = EXPECTED[tag][POLICIES.index(name)]
    assert policy(name).words(f"known {tag} known") == ["known", *wanted.split(), "known"]


def test_tags_that_touch_a_word_are_tags() -> None:
    rules = policy("xlsr")
    assert rules.text("<int>known (())known~<breath>", train=True) == ("known known~", "")
    assert rules.counts["<int>"] == rules.counts["(())"] == rules.counts["<breath>"] == 1


def test_the_table_has_these_tags_and_no_others() -> None:
    rows = set(babel_tags.read_table()["xlsr"])
    assert {tag for tag in EXPECTED if "known" not in tag.lower() and "strange" not in tag} - {
        "in-"
    } == rows - {"*word*", "word-", "-word", "word", "marks alone"}


def test_kaldi_takes_markers_off_one_by_one() -> None:
    assert policy("kaldi").words("**known-~ *in- ~- -") == ["known", *["<oov>"] * 3]


def test_kaldi_needs_a_lexicon() -> None:
    with pytest.raises(DataError, match="outside the lexicon"):
        TagPolicy("kaldi", "ka")
    assert not TagPolicy("xlsr", "ka").needs_lexicon


@pytest.mark.parametrize(
    ("name", "train", "kept"),
    [
        ("xlsr", True, {"<hes>": "<hes>", "<breath>": "", "~": "", "- *": ""}),
        ("kaldi", True, {"<hes>": "<hes>", "<breath> (())": "", "strange": "", "<sta>": ""}),
        ("kaldi", False, {"<hes>": "<hes>", "<breath> (())": "<v-noise> <oov>", "<sta>": ""}),
        ("lhotse", True, {"<hes>": "<oov>", "<breath>": "<v-noise>", "~": ""}),
    ],
)
def test_segments_of_marks_alone(name: str, train: bool, kept: dict[str, str]) -> None:
    for raw, wanted in kept.items():
        text, reason = policy(name).text(raw, train=train)
        assert text == wanted
        assert bool(reason) == (not wanted)


def test_unknown_tags_are_dropped_and_told() -> None:
    rules = policy("xlsr")
    assert rules.words("known <new-tag> <new-tag> <breath>") == ["known"]
    assert rules.unknown() == {"<new-tag>": 2}
    assert rules.counts["<breath>"] == 1
