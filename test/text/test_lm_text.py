"""Web text to text for language models."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import sys
import time
from pathlib import Path

import pytest

from asrkit.bin import clean_lm_text
from asrkit.files import DataError
from asrkit.text.deduplicate import LineDeduplicator
from asrkit.text.files import byte_lines, text_of
from asrkit.text.lm_text import Rules, clean, sentences
from asrkit.text.readers import text_lines
from asrkit.text.scripts import foreign_share, scripts_of

ITALIAN = Rules(language="it")


def cleaned(text: str | bytes, rules: Rules = ITALIAN) -> list[tuple[str, str]]:
    return list(sentences(text if isinstance(text, bytes) else text.encode(), rules))


def test_lines_become_sentences_in_asrkits_spelling() -> None:
    found = cleaned("Il «gatto» dorme. E l’altro? Corre via!  ")
    assert found == [("il gatto dorme", ""), ("e l'altro", ""), ("corre via", "")]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Ciao.", "too few words"),
        ("parola " * 51, "too many words"),
        ("Nel 1999 era qui", "digits"),
        ("una " + "a" * 31, "an overlong word"),
        ("vedi https://example.org per favore", "a web or mail address"),
        ("scrivi a io@example.org oggi", "a web or mail address"),
        ("questo è русский testo", "another script"),
        ("il <space> segno", "markup or a reserved word"),
        ("... --- !!", "too few words"),
    ],
)
def test_why_sentences_are_dropped(text: str, why: str) -> None:
    assert cleaned(text, Rules(language="it", split=False)) == [("", why)]


def test_a_long_line_without_a_space_takes_no_time() -> None:
    start = time.process_time()
    assert cleaned("a" * 100_000, Rules(language="it", min_words=1)) == [("", "an overlong word")]
    assert time.process_time() - start < 5


def test_bytes_that_are_no_text_are_counted() -> None:
    assert cleaned(b"caff\xe8 nero") == [("", "not UTF-8")]


def test_limits_are_options() -> None:
    assert cleaned("Sì.", Rules(language="it", min_words=1)) == [("sì", "")]
    kept = Rules(language="it", digits="keep", max_foreign=0.5, split=False)
    assert cleaned("Nel 1999. Era qui я", kept) == [("nel 1999 era qui я", "")]


@pytest.mark.parametrize(
    "bad",
    [{"digits": "spell"}, {"min_words": 0}, {"min_words": 9, "max_words": 3}, {"max_foreign": 2.0}],
)
def test_unusable_rules_are_refused(bad: dict[str, object]) -> None:
    with pytest.raises(DataError):
        Rules(language="it", **bad)  # type: ignore[arg-type]


def test_json_lines_as_of_ccnet() -> None:
    rules = Rules(language="it", json_field="raw_content")
    row = json.dumps({"raw_content": "Prima riga.\nSeconda riga."})
    assert cleaned(row, rules) == [("prima riga", ""), ("seconda riga", "")]
    for row in ("{", '{"text": "no"}', '{"raw_content": 3}', "[]"):
        assert cleaned(row, rules) == [("", "no JSON with a text in 'raw_content'")]


def test_scripts() -> None:
    assert scripts_of("ka") == ("GEORGIAN",)
    assert scripts_of("sv-SE") == ("LATIN",)
    assert foreign_share("আমি ভাল", scripts_of("as")) == 0
    assert foreign_share("வணக்கம்", scripts_of("ta")) == 0
    assert foreign_share("ສະບາຍດີ", scripts_of("lo")) == 0
    assert foreign_share("ab вг", ("LATIN",)) == 0.5
    assert foreign_share("12 !", ("LATIN",)) == 0
    assert foreign_share("スーパー 人々", scripts_of("ja")) == 0


def test_repeats_are_told_within_the_memory() -> None:
    seen = LineDeduplicator(1)
    lines = [f"line {n}" for n in range(5000)]
    assert all(seen.add(line) for line in lines)
    assert not any(seen.add(line) for line in lines)
    assert seen.forgotten == 0


def test_beyond_the_memory_the_oldest_are_forgotten_and_no_line_is_lost() -> None:
    seen = LineDeduplicator(0)  # one place of eight lines
    assert all(seen.add(f"line {n}") for n in range(20))
    assert seen.forgotten == 12
    assert not seen.add("line 19")
    assert seen.add("line 0")


TEXT = "Il gatto dorme.\nIl gatto dorme.\nIl cane corre.\nFine.\nQuesto resta fuori.\n"


@pytest.mark.parametrize("nj", [1, 2])
def test_streamed_counted_and_written_once(tmp_path: Path, nj: int) -> None:
    (tmp_path / "in.txt").write_text(TEXT, "utf-8")
    held_out = ["questo resta fuori"]
    report = clean([tmp_path / "in.txt"], tmp_path / "out", ITALIAN, held_out=held_out, nj=nj)
    assert (tmp_path / "out").read_text() == "il gatto dorme\nil cane corre\n"
    assert (report.lines, report.kept, report.words) == (5, 2, 6)
    assert report.dropped == {"a repeat": 1, "too few words": 1, "held out": 1}


def test_a_sample_is_of_all_sentences_by_seed(tmp_path: Path) -> None:
    words = "uno due tre quattro cinque sei sette otto nove dieci".split()
    lines = [f"{a} e {b}" for a in words for b in words]
    for name, text in (("there", lines), ("back", lines[::-1])):
        (tmp_path / name).write_text("\n".join(text))

    def drawn(name: str, count: int, seed: int = 0, nj: int = 1) -> list[str]:
        out = tmp_path / f"out_{name}"
        report = clean([tmp_path / name], out, ITALIAN, sample=count, seed=seed, nj=nj)
        assert (report.kept, report.dropped) == (count, {"not drawn": 100 - count})
        return out.read_text().splitlines()

    found = drawn("there", 40)
    assert found == [line for line in lines if line in found]  # in the text's order
    assert drawn("back", 40, nj=2) == found[::-1]
    assert set(drawn("there", 20)) < set(found)
    assert len({line.split()[0] for line in found}) > 8  # not only the beginning
    assert set(drawn("there", 40, seed=1)) != set(found)
    assert clean([tmp_path / "there"], tmp_path / "x", ITALIAN, sample=500).kept == 100


@pytest.mark.parametrize("pack", [gzip, lzma, bz2])
def test_compressed_files(tmp_path: Path, pack: object) -> None:
    name = {gzip: "in.gz", lzma: "in.xz", bz2: "in.bz2"}[pack]  # type: ignore[index]
    (tmp_path / name).write_bytes(pack.compress(TEXT.encode()))  # type: ignore[attr-defined]
    clean([tmp_path / name], tmp_path / "out.gz", ITALIAN, max_lines=1)
    assert gzip.decompress((tmp_path / "out.gz").read_bytes()) == b"il gatto dorme\n"
    assert list(text_lines(plain=[tmp_path / "out.gz"], language="it")) == ["il gatto dorme"]


def test_a_file_cut_short_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "in.gz").write_bytes(gzip.compress(TEXT.encode() * 100)[:-20])
    with pytest.raises(DataError, match=r"in\.gz: cannot be read"):
        clean([tmp_path / "in.gz"], tmp_path / "out", ITALIAN)
    assert not (tmp_path / "out").exists()


def test_zstd_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="zstd -dc"):
        list(byte_lines(tmp_path / "in.zst"))


def test_nothing_left_is_an_error_with_the_counts(tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("Ciao.\n")
    with pytest.raises(DataError, match=r"(?s)no sentence is left.*too few words +1"):
        clean([tmp_path / "in.txt"], tmp_path / "out", ITALIAN)
    assert not (tmp_path / "out").exists()


def test_plain_text_errors_name_the_line(tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_bytes(b"uno\ndue \xff\n")
    with pytest.raises(DataError, match=r"in\.txt:2: is not valid UTF-8"):
        list(text_of(tmp_path / "in.txt"))
    (tmp_path / "in.txt").write_bytes(b"uno\r\n")
    with pytest.raises(DataError, match=r"in\.txt:1: holds NUL or CR"):
        list(text_of(tmp_path / "in.txt"))
    (tmp_path / "in.txt").write_bytes(b"\xef\xbb\xbfuno")
    assert list(text_of(tmp_path / "in.txt")) == ["uno"]


def test_program_reads_standard_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(TEXT.encode())))
    (tmp_path / "text").write_text("u1 Questo resta fuori!\n")
    options = ["-", "--lang", "it", "--out", str(tmp_path / "lm/it.txt")]
    assert clean_lm_text.main([*options, "--held_out", str(tmp_path / "text")]) == 0
    assert (tmp_path / "lm/it.txt").read_text() == "il gatto dorme\nil cane corre\n"
    shown = capsys.readouterr().out
    assert "sentences kept" in shown
    assert "dropped: held out" in shown


def test_hyphens_stay_for_espeak_and_count_as_word_ends(tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("Parle-t-on ?\nY a-t-il du pain ?\n", "utf-8")
    rules = Rules(language="fr", min_words=3)
    report = clean([tmp_path / "in.txt"], tmp_path / "out", rules, held_out=["y a t il du pain"])
    assert (tmp_path / "out").read_text() == "parle-t-on\n"
    assert report.words == 3 and report.dropped == {"held out": 1}


def test_a_line_of_json_too_deep_to_read_is_dropped() -> None:
    rules = Rules(language="it", json_field="raw_content")
    assert list(sentences(b"[" * 100_000, rules)) == [("", "no JSON with a text in 'raw_content'")]
