"""One rule for "key value" lines: the validator, programs and training read the same tables."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from make_audio import data_dir, flac, tone

from asrkit.bin.hours import measure
from asrkit.data.index import DataIndex
from asrkit.files import DataError
from asrkit.kaldi import columns
from asrkit.kaldi.datadir import DataDir, read_rows
from asrkit.kaldi.format import format_dir
from asrkit.kaldi.kaldi_text import read_keyed, split_line
from asrkit.kaldi.subset import combine
from asrkit.kaldi.validate import validate
from asrkit.transcoder.index import PhoneIndex

SEPARATORS = ["  ", "\t", " \t", "\t\t "]
ENDS = ["", " ", "\t", "  \t"]


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    """A formatted folder of two utterances, with tokens and phones."""
    audio = {u: flac(tmp_path / f"{u} x.flac", tone(0.5)) for u in ("u1", "u2")}
    format_dir(data_dir(tmp_path / "data", audio), tmp_path / "dump")
    for name in ("text.char", "text.phn"):
        (tmp_path / "dump" / name).write_text("u1 a b\nu2 c\n")
    return tmp_path / "dump"


@pytest.mark.parametrize(
    ("line", "want"),
    [
        ("a b  c", ("a", "b  c")),
        ("a\t b\tc \t", ("a", "b\tc")),
        ("a", ("a", "")),
        ("a \t ", ("a", "")),
        (" a b", ("a", "b")),
        ("", ("", "")),
        ("\t", ("", "")),
        ("a\u00a0b c\u3000", ("a\u00a0b", "c\u3000")),
    ],
)
def test_split_line(line: str, want: tuple[str, str]) -> None:
    assert split_line(line) == want


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("blanks", SEPARATORS)
def test_every_reader_gives_the_same(dump: Path, tmp_path: Path, blanks: str, end: str) -> None:
    names = ["wav.scp", "utt2num_samples", "utt2lang", "utt2spk", "text", "text.char", "text.phn"]
    want = {name: read_keyed(dump / name) for name in names}
    index, phones = DataIndex.open(dump, "text.char"), read_phones(dump)
    both = [(index.id(i), index.path(i), index.labels(i)) for i in (0, 1)]
    hours, speakers, sounds = measure(dump), index.speakers(), index.num_samples.tolist()
    for name in names:
        rows = [
            line.replace(" ", blanks, 1) + end
            for line in (dump / name).read_text().split("\n")[:-1]
        ]
        (dump / name).write_text("\n".join(rows) + "\n")
    assert not validate(dump).problems
    combine([dump], tmp_path / "again")
    for name in names:
        assert read_keyed(dump / name) == read_keyed(dump / name) == want[name]
        assert read_rows(dump / name)[0].table() == DataDir.read(dump).tables[name] == want[name]
        assert (tmp_path / "again" / name).read_text() == "".join(
            f"{key} {value}\n" for key, value in want[name].items()
        )
    changed = DataIndex.open(dump, "text.char")
    assert changed.lang_names == ["it"] and changed.num_samples.tolist() == sounds
    assert [(changed.id(i), changed.path(i), changed.labels(i)) for i in (0, 1)] == both
    assert changed.speakers().tolist() == speakers.tolist() and measure(dump) == hours
    assert read_phones(dump) == phones


def read_phones(dump: Path) -> list[tuple[str, list[str], list[str]]]:
    index = PhoneIndex([dump], "text.char")
    return [(index.id(row), index.phones(row), index.labels(row)) for row in range(len(index))]


def test_arrays_read_lines_as_strings_are_read() -> None:
    parts = ["", " ", "\t", " \t ", "a", "bc", "d e", "\u00a0"]
    rows = ["k" + "".join(row) for row in itertools.product(parts, repeat=3) if row[0][:1] in " \t"]
    data = np.frombuffer("\n".join(rows).encode(), np.uint8)
    starts = columns.line_starts(data)
    values = columns.values_of(data, starts, columns.key_ends(data, starts))
    read = [bytes(value).rstrip(b"\0").decode() for value in values]
    assert read == [split_line(row)[1] for row in rows]


def test_white_space_that_separates_nothing_is_told(dump: Path) -> None:
    (dump / "text").write_text("u1\u00a0ciao mondo\nu2 ciao\n")
    told = [str(problem) for problem in validate(dump).problems]
    assert any("text:1: has white space in its key 'u1\\xa0ciao'" in line for line in told)


@pytest.mark.parametrize("lang", ["it es", "it\u00a0", "\u3000it"])
def test_a_language_is_one_word_in_training_as_in_the_validator(dump: Path, lang: str) -> None:
    (dump / "utt2lang").write_text(f"u1 it\nu2 {lang}\n", newline="\n")
    assert validate(dump).errors
    with pytest.raises(DataError, match=r"utt2lang:2: has .* where one language code is wanted"):
        DataIndex.open(dump)


# What breaks the rule, as lines of two utterances u1 and u2 with their values.
BROKEN = {
    "CR": "u1 {0}\r\nu2 {1}\r\n",
    "byte order mark": "\ufeffu1 {0}\nu2 {1}\n",
    "NUL": "u1 {0}\nu2\0 {1}\n",
    "Latin-1": "u1 {0}\nu\udce9 {1}\n",
    "blank first": "u1 {0}\n u2 {1}\n",
    "tab first": "\tu1 {0}\nu2 {1}\n",
    "empty line": "u1 {0}\n\nu2 {1}\n",
    "line of blanks": "u1 {0}\n \t\nu2 {1}\n",
    "empty end": "u1 {0}\nu2 {1}\n\n",
    "twice": "u1 {0}\nu1 {1}\n",
    "order": "u2 {0}\nu1 {1}\n",
    "order of bytes": "u\uffee {0}\nu\u00e9 {1}\n",
    "no-break space": "u1\u00a0a {0}\nu2 {1}\n",
    "form feed": "u1 {0}\nu2\x0ca {1}\n",
}


@pytest.mark.parametrize("broken", BROKEN)
@pytest.mark.parametrize("lines", [1, columns.LINES])
def test_training_refuses_what_the_validator_does(
    dump: Path, broken: str, lines: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the words of the first problem; all tables have the same keys, so these never differ."""
    monkeypatch.setattr(columns, "LINES", lines)
    for name in ("wav.scp", "utt2num_samples", "utt2lang", "utt2spk", "text.char", "text.phn"):
        values = [split_line(row)[1] for row in (dump / name).read_text().splitlines()]
        text = BROKEN[broken].format(*values)
        (dump / name).write_bytes(text.encode(errors="surrogateescape"))
    problems = [str(problem) for problem in read_rows(dump / "wav.scp")[1]]
    with pytest.raises(DataError) as refusal:
        DataIndex.open(dump)
    assert str(refusal.value) == problems[0]
    with pytest.raises(DataError) as refusal:
        PhoneIndex([dump])
    assert str(refusal.value) == problems[0].replace("wav.scp", "text.phn")


@pytest.mark.parametrize("value", ["", " ", " \t"])
def test_a_missing_value_is_refused_by_both(dump: Path, value: str) -> None:
    text = (dump / "wav.scp").read_text().replace(str(dump), "")
    (dump / "wav.scp").write_text(text.split("\n")[0] + f"\nu2{value}\n")
    assert any("wav.scp:2: 'u2' has an empty value" in str(p) for p in validate(dump).errors)
    with pytest.raises(DataError, match=r"wav\.scp:2: 'u2' has an empty value"):
        DataIndex.open(dump)


def test_arrays_order_keys_as_strings_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever their lengths, and in blocks of few rows."""
    words = ["a", "ab", "a\u00e9", "b", "ab\x7f", "\u00e9", "\uffee", "\U0001f600", "a" * 300]
    for size in (1 << 26, 600):
        monkeypatch.setattr(columns, "BYTES", size)
        for row in itertools.permutations(words, 3):
            data = np.frombuffer("".join(f"{word} x\n" for word in row).encode(), np.uint8)
            starts = columns.line_starts(data)
            odd = columns.odd_keys(data, starts, columns.key_ends(data, starts))
            assert odd == (list(row) != sorted(row))
