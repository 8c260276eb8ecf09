"""Preparing VoxPopuli: tables, sessions, and everything that is wrong in the miniature."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

import pytest
from corpora import voxpopuli
from corpora.speech import clips
from whole_recipe import corpus_of

import voxpopuli_prepare
import voxpopuli_tables
from asrkit.audio.reading import decode
from asrkit.files import DataError
from asrkit.kaldi.format import format_dir
from asrkit.kaldi.kaldi_text import read_keyed as table
from asrkit.kaldi.validate import validate

corpus = corpus_of(voxpopuli.make)


def prepare(corpus: Path, data: Path, *options: str, lang: str = "it") -> int:
    arguments = ["--lang", lang, "--voxpopuli", str(corpus), "--data", str(data)]
    if "--max_missing" not in options:
        arguments += ["--max_missing", "0.1"]
    return voxpopuli_prepare.main([*arguments, "--downloads", str(data.parent / "down"), *options])


def test_segments_of_sessions(corpus: Path, tmp_path: Path) -> None:
    assert prepare(corpus, tmp_path / "data") == 0
    for part, size in (("train", 11), ("valid", 5), ("test", 5)):
        report = validate(tmp_path / f"data/it_{part}")
        assert not report.errors and report.utterances == size
    train = tmp_path / "data/it_train"
    assert len(table(train / "wav.scp")) == 2
    key = "028377-20180207-0900-PLENARY-15-20180207-0900-PLENARY-15-it_0"
    assert table(train / "text")[key] == clips("it")[0].text
    assert table(train / "segments")[key].startswith("20180207-0900-PLENARY-15_original 0.300 ")


def test_cuts_are_the_speech(corpus: Path, tmp_path: Path) -> None:
    assert prepare(corpus, tmp_path / "data") == 0
    assert not format_dir(tmp_path / "data/it_test", tmp_path / "dump").bad
    wanted = {clip.text: len(clip.samples()) for clip in clips("it")}
    text, audio = table(tmp_path / "dump/text"), table(tmp_path / "dump/wav.scp")
    for utterance, words in text.items():
        assert abs(len(decode(audio[utterance]).samples) - wanted[words]) <= 0.02 * 16000


def test_speakers(corpus: Path, tmp_path: Path) -> None:
    assert prepare(corpus, tmp_path / "data") == 0
    speakers = set(table(tmp_path / "data/it_train/utt2spk").values())
    assert speakers == {"028377", "004512", "197868", "nobody-20180207-0900-PLENARY-15"}
    genders = table(tmp_path / "data/it_train/utt2gender").values()
    assert sorted(set(genders)) == ["f", "m", "u"]


def test_counts_tell_every_fault(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert prepare(corpus, tmp_path / "data") == 0
    told = capsys.readouterr().out
    for fault in (
        "left out: of no split: 1",
        "left out: no text: 1",
        "left out: markup in the text: 1",
        "left out: no session file: 1",
        "left out: no session or no stretch of time: 1",
    ):
        assert f"it: {fault}\n" in told


def test_original_text_keeps_bars_and_quotation_marks(corpus: Path, tmp_path: Path) -> None:
    assert prepare(corpus, tmp_path / "data", "--raw_text", "true") == 0
    text = table(tmp_path / "data/it_test/text").values()
    assert f'{clips("it")[15].text.capitalize()} | "0".' in text


def test_unlabelled_parts_share_no_session(corpus: Path, tmp_path: Path) -> None:
    assert prepare(corpus, tmp_path / "data", "--part", "unlabelled", lang="lt") == 0
    seen: list[str] = []
    for part in ("train", "valid", "test"):
        folder = tmp_path / f"data/lt_{part}"
        assert not validate(folder, allow_empty_text=True).errors
        assert set(table(folder / "text").values()) == {""}
        assert set(table(folder / "utt2lang").values()) == {"lt"}
        seen += table(folder / "wav.scp")
    assert len(seen) == len(set(seen)) == 4 and all(name.endswith("_lt") for name in seen)


@pytest.mark.parametrize(
    "options,unused",
    [("--plenary true", "plenary"), ("--part unlabelled --raw_text true", "raw_text")],
)
def test_options_of_the_other_part_are_refused(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], options: str, unused: str
) -> None:
    assert prepare(corpus, tmp_path / "data", *options.split()) == 1
    assert f"--{unused} has no use with --part" in capsys.readouterr().err
    assert not (tmp_path / "data").exists()


def test_plenary_leaves_out_committees(corpus: Path, tmp_path: Path) -> None:
    assert prepare(corpus, tmp_path / "data", "--part", "unlabelled", "--plenary", "true") == 0
    events = {
        name for part in ("train", "valid", "test")
        for name in table(tmp_path / f"data/it_{part}/wav.scp")
    }  # fmt: skip
    assert len(events) == 3 and not any("ENVI" in name for name in events)


def test_both_keeps_unlabelled_apart_from_valid_and_test(corpus: Path, tmp_path: Path) -> None:
    assert prepare(corpus, tmp_path / "data", "--part", "both") == 0
    folder = tmp_path / "data/it_unlabelled"
    assert not validate(folder, allow_empty_text=True).errors
    recordings = table(folder / "wav.scp")
    assert sorted(recordings) == ["20180207-0900-PLENARY-15_it", "20180208-0900-PLENARY-3_it"]
    assert len(table(folder / "segments")) == 8
    assert len(table(tmp_path / "data/it_train/text")) == 11


def test_cut_session_is_found_in_stage_3(corpus: Path, tmp_path: Path) -> None:
    assert prepare(corpus, tmp_path / "data", "--part", "unlabelled", lang="lt") == 0
    parts = [
        path
        for path in (tmp_path / "data").iterdir()
        if "PLENARY-3" in (path / "wav.scp").read_text()
    ]
    with pytest.raises(DataError, match=r"its last Ogg page is not whole"):
        format_dir(parts[0], tmp_path / "dump")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"session_id|split\nx|train\n", "has no column start_time"),
        ("|".join(voxpopuli.COLUMNS).encode() + b'\nx|"y|z\na|b\n', "opened and not closed"),
        (b"\xe8|split\n", "is not UTF-8"),
        (None, "cannot be read"),
    ],
)
def test_broken_tables_are_named(
    corpus: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    content: bytes | None,
    message: str,
) -> None:
    shutil.copytree(corpus, tmp_path / "in")
    path = tmp_path / "in/annotations/asr/asr_it.tsv.gz"
    path.write_bytes(path.read_bytes()[:200] if content is None else gzip.compress(content))
    assert prepare(tmp_path / "in", tmp_path / "data") == 1
    told = capsys.readouterr().err
    assert "asr_it.tsv.gz" in told and message in told
    assert not (tmp_path / "data").exists()


def test_what_is_missing_is_told(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    data = tmp_path / "data"
    assert prepare(corpus, data, "--max_missing", "0.01") == 1
    told = capsys.readouterr().err
    assert "of 1 of 22 utterances" in told and "20180101-0900-PLENARY-9_original.ogg" in told
    assert prepare(corpus, data, lang="pt") == 1
    assert "pt is not transcribed; give --part unlabelled" in capsys.readouterr().err
    assert prepare(corpus, data, lang="de") == 1
    assert "asr_de.tsv.gz: not found" in capsys.readouterr().err
    assert prepare(tmp_path, data) == 1
    assert "has no raw_audios" in capsys.readouterr().err
    assert voxpopuli_prepare.main(["--lang", "it"]) == 1
    assert "--voxpopuli FOLDER, or set VOXPOPULI" in capsys.readouterr().err
    monkeypatch.setattr(voxpopuli_prepare, "URL", "http://127.0.0.1:9")
    assert prepare(corpus, data, "--download", "true", lang="de") == 1
    assert "127.0.0.1:9/annotations/asr/asr_de.tsv.gz" in capsys.readouterr().err
    assert not data.exists()


def test_split_depends_on_the_session_alone() -> None:
    parts = [voxpopuli_prepare.part_of(f"2018{n:04}-0900-PLENARY") for n in range(3000)]
    assert 15 < parts.count("valid") < 50 and 15 < parts.count("test") < 50


def test_languages() -> None:
    assert len(voxpopuli_tables.LANGUAGES) == 23 == len(set(voxpopuli_tables.LANGUAGES))
    assert len(voxpopuli_tables.TRANSCRIBED) == 16
