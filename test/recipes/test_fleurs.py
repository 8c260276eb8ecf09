"""Preparing FLEURS: layouts, and everything that is wrong in the miniature."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from corpora import fleurs
from corpora.speech import clips
from whole_recipe import corpus_of

import fleurs_prepare
from asrkit.files import DataError
from asrkit.kaldi.format import format_dir
from asrkit.kaldi.kaldi_text import read_keyed as table
from asrkit.kaldi.validate import validate

corpus = corpus_of(fleurs.make)


def prepare(corpus: Path, data: Path, *options: str, lang: str = "it") -> int:
    arguments = ["--lang", lang, "--fleurs", str(corpus), "--data", str(data)]
    if "--max_missing" not in options:
        arguments += ["--max_missing", "0.1"]
    return fleurs_prepare.main([*arguments, "--downloads", str(data.parent / "down"), *options])


def test_archives_are_unpacked_elsewhere(corpus: Path, tmp_path: Path) -> None:
    before = sorted(corpus.rglob("*"))
    for _ in range(2):
        assert prepare(corpus, tmp_path / "data") == 0
    assert sorted(corpus.rglob("*")) == before
    for part, size in (("train", 13), ("valid", 4), ("test", 4)):
        report = validate(tmp_path / f"data/it_{part}")
        assert not report.problems and report.utterances == size


def test_a_downloaded_language_is_prepared_again(corpus: Path, tmp_path: Path) -> None:
    shutil.copytree(corpus / "data/it_it", tmp_path / "down/it_it")
    options = ["--lang", "it", "--data", str(tmp_path / "data"), "--max_missing", "0.1"]
    for raw in ("false", "true"):
        again = ["--downloads", str(tmp_path / "down"), "--raw_text", raw]
        assert fleurs_prepare.main([*options, *again]) == 0


def test_unpacked_folder_named_by_itself(corpus: Path, tmp_path: Path) -> None:
    assert prepare(corpus / "data/ru_ru", tmp_path / "data", lang="ru") == 0
    text = table(tmp_path / "data/ru_valid/text")
    assert sorted(text.values()) == sorted(clip.text for clip in clips("ru")[14:18])
    assert set(table(tmp_path / "data/ru_valid/utt2lang").values()) == {"ru"}
    assert not (tmp_path / "down").exists()


def test_every_utterance_is_its_own_speaker(corpus: Path, tmp_path: Path) -> None:
    assert prepare(corpus, tmp_path / "data") == 0
    speakers = table(tmp_path / "data/it_train/utt2spk")
    assert all(key == speaker for key, speaker in speakers.items())
    prompts = [key.split("-")[0] for key in speakers]
    assert prompts.count("01600") == 2  # two readers of one prompt


def test_counts_tell_every_fault(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert prepare(corpus, tmp_path / "data") == 0
    told = capsys.readouterr().out
    for fault in (
        "left out: no audio: 1",
        "left out: no text: 1",
        "left out: markup in the text: 1",
        "left out: the same line again: 1",
        "gender 'OTHER' taken as not known: 1",
        "audio left out: no line: ",
    ):
        assert f"it: {fault}" in told
    genders = table(tmp_path / "data/it_train/utt2gender")
    assert sorted(set(genders.values())) == ["f", "m", "u"]
    assert b"\r" not in (tmp_path / "data/it_valid/text").read_bytes()


def test_raw_text_keeps_an_unbalanced_quotation_mark(corpus: Path, tmp_path: Path) -> None:
    assert prepare(corpus, tmp_path / "data", "--raw_text", "true") == 0
    text = list(table(tmp_path / "data/it_train/text").values())
    assert len(text) == 13
    assert f'"{clips("it")[1].text.capitalize()}.' in text


def test_cut_wav_is_found_in_stage_3(corpus: Path, tmp_path: Path) -> None:
    assert prepare(corpus, tmp_path / "data") == 0
    with pytest.raises(DataError, match="1 of 13 utterances"):
        format_dir(tmp_path / "data/it_train", tmp_path / "dump")
    assert "is cut short" in (tmp_path / "dump/bad_audio").read_text()


def test_too_many_missing_files_stop_it(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert prepare(corpus, tmp_path / "data", "--max_missing", "0.01") == 1
    assert "1 of 17 wav files are not in" in capsys.readouterr().err
    assert not (tmp_path / "data").exists()


def test_table_has_102_languages() -> None:
    table = fleurs_prepare.configs()
    assert len(table) == 102 == len(set(table.values()))
    assert fleurs_prepare.resolve("ky") == ("ky", "ky_kg")
    assert fleurs_prepare.resolve("cmn_hans_cn") == ("zh", "cmn_hans_cn")
    assert fleurs_prepare.resolve("yue") == ("yue", "yue_hant_hk")
    with pytest.raises(DataError, match=r"no language 'it_ch'; near it: it \(it_it\)"):
        fleurs_prepare.resolve("it_ch")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"1\ta.wav\tA\ta\ta |\t16000\n", "train.tsv:1: has 6 columns, not 7"),
        (b"1\ta.wav\tA\ta\ta |\tmany\tMALE\n", "'1' and 'many' are not both numbers"),
        (b"1\ta.wav\t\xe8\ta\ta |\t1\tMALE\n", "is not UTF-8"),
        (None, "no ru_ru/train.tsv, nor data/ru_ru/train.tsv"),
    ],
)
def test_broken_tables_are_named(
    corpus: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    content: bytes | None,
    message: str,
) -> None:
    shutil.copytree(corpus / "data/ru_ru", tmp_path / "in/ru_ru")
    path = tmp_path / "in/ru_ru/train.tsv"
    path.unlink() if content is None else path.write_bytes(content)
    assert prepare(tmp_path / "in", tmp_path / "data", lang="ru") == 1
    assert message in capsys.readouterr().err
    assert not (tmp_path / "data").exists()


def test_nothing_there_and_offline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--lang", "ky", "--downloads", str(tmp_path / "none")]
    assert fleurs_prepare.main(options) == 1
    assert "--fleurs FOLDER, or set FLEURS" in capsys.readouterr().err
    monkeypatch.setattr(fleurs_prepare, "URL", "http://127.0.0.1:9")
    assert fleurs_prepare.main([*options, "--download", "true"]) == 1
    assert "127.0.0.1:9/ky_kg/train.tsv" in capsys.readouterr().err
    assert fleurs_prepare.main([*options, "--download", "true", "--fleurs", str(tmp_path)]) == 1
    assert "--download has no use with --fleurs" in capsys.readouterr().err
