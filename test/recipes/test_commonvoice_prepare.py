"""Selection and the programs of egs/commonvoice, on small made-up releases."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest
from commonvoice_tiny import SECOND, line, make_lists, make_release, names
from corpora.commonvoice import COLUMNS_4, table

import cv_draw
import cv_librispeech
import cv_prepare
from asrkit.kaldi.validate import validate
from cv_select import select
from cv_tables import Row


def prepare(tmp_path: Path, *options: str) -> int:
    places = ["--data", str(tmp_path / "data"), "--downloads", str(tmp_path / "downloads")]
    return cv_prepare.main([*places, *options])


def keys(path: Path) -> list[str]:
    return [row.split()[0].split("-", 1)[1] for row in path.read_text("utf-8").splitlines()]


# -- Selection


def test_so_many_hours_by_rule_and_seed() -> None:
    rows = [Row(f"c{n}", f"s{n % 7}", "x") for n in range(100)]
    seconds = {row.clip: 36.0 for row in rows[:-2]} | {"c98": 0.0}
    held_out = {"c0": "in dev or test", "c1": "in a few-shot list"}
    chosen = {
        hours: select(rows, seconds, held_out, hours=hours, max_seconds=60)
        for hours in (0, 0.2, 0.5)
    }
    assert [len(chosen[hours].rows) for hours in (0, 0.2, 0.5)] == [96, 20, 50]
    assert set(chosen[0.2].rows) < set(chosen[0.5].rows) < set(chosen[0].rows)
    assert dict(chosen[0.5].left_out) == {
        "in dev or test": 1, "in a few-shot list": 1, "empty or unreadable file": 1,
        "no audio file": 1,
    }  # fmt: skip
    again = select(reversed(rows), seconds, held_out, hours=0.5, max_seconds=60)
    assert again.rows == chosen[0.5].rows
    other = select(rows, seconds, held_out, hours=0.5, seed=1, max_seconds=60)
    assert other.rows != chosen[0.5].rows
    assert not chosen[0.5].short() and select(rows, seconds, {}, hours=5).short()


# -- The program


def test_few_shot_folders_and_what_is_left_to_pre_train_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [line("it", n, f"Frase {'abcdefghij'[n]}!", f"s{n % 3}") for n in range(10)]
    lines[8] = lines[8]._replace(sentence="")
    release = make_release(tmp_path / "cv-corpus-4-2019-12-10/it", lines)
    (release / "clips/common_voice_it_9.mp3").rename(release / "clips/common_voice_it_9.MP3")
    (release / "clips/common_voice_it_7.mp3").write_bytes(b"")
    make_lists(tmp_path / "lists/it", names(3, 7), names(4), names(5))
    options = [
        "--lang",
        "it",
        "--corpus",
        str(tmp_path),
        "--fewshot_lists",
        str(tmp_path / "lists"),
    ]
    assert prepare(tmp_path, *options) == 1
    assert "train: 1 of 2 clips" in capsys.readouterr().err
    assert not (tmp_path / "data/it_train").exists()

    assert prepare(tmp_path, *options, "--allow_missing", "true") == 0
    said = capsys.readouterr().out
    assert "it: train: the lists' .phone differ from their .id by 50.00 % (1 of 1 clips)" in said
    assert "3 sentences of the lists read otherwise in the release" in said
    data = tmp_path / "data"
    for part in ("train", "valid", "test", "pretrain"):
        assert not validate(data / f"it_{part}").errors
    assert keys(data / "it_train/text") == names(3)
    assert (data / "it_train/text").read_text().split()[1:] == ["frase", "d"]
    assert (data / "it_test/text.lists").read_text().split()[1:] == ["a", "b"]
    assert (data / "local/it_fewshot_missing.txt").read_text() == "train common_voice_it_7\n"
    # 0 to 2 are train, dev and test; 3 to 5 and 7 are in the lists; 8 has no sentence.
    assert sorted(keys(data / "it_pretrain/text")) == names(0, 6, 9)
    assert (data / "it_pretrain/wav.scp").read_text().count(".MP3") == 1
    record = json.loads((data / "it_pretrain/selection.json").read_text())
    assert record["hours_wanted"] == 90 and record["clips"] == 3
    assert record["release"] == "Common Voice 4 it"
    assert record["left_out"] == {"in a few-shot list": 4, "in dev or test": 2, "no sentence": 1}


def test_official_splits_and_the_labels_of_an_earlier_run(tmp_path: Path) -> None:
    lines = [line("it", n, "Frase.", f"s{n}") for n in range(4)]
    make_release(tmp_path / "it", lines)
    make_lists(tmp_path / "lists/it", names(0), names(1), names(2))
    options = ["--lang", "it", "--corpus", str(tmp_path), "--parts", "labelled"]
    assert prepare(tmp_path, *options, "--fewshot_lists", str(tmp_path / "lists")) == 0
    assert (tmp_path / "data/it_train/text.lists").exists()
    assert prepare(tmp_path, *options, "--splits", "official") == 0
    assert not (tmp_path / "data/it_train/text.lists").exists()
    for number, split in enumerate(("train", "valid", "test")):
        assert keys(tmp_path / f"data/it_{split}/text") == names(number)


def test_listed_clips_are_held_out_of_pre_training_with_official_splits_too(tmp_path: Path) -> None:
    make_release(tmp_path / "it", [line("it", n) for n in range(6)])
    make_lists(tmp_path / "lists/it", names(3), names(4), names(0))
    options = ["--lang", "it", "--corpus", str(tmp_path), "--splits", "official"]
    assert prepare(tmp_path, *options, "--parts", "pretrain") == 0
    assert sorted(keys(tmp_path / "data/it_pretrain/text")) == names(0, 3, 4, 5)
    options += ["--fewshot_lists", str(tmp_path / "lists")]
    assert prepare(tmp_path, *options, "--parts", "pretrain") == 0
    assert sorted(keys(tmp_path / "data/it_pretrain/text")) == names(5)


@pytest.mark.parametrize(
    "options,unused",
    [
        ("--splits official --min_matched 0.5", "min_matched"),
        ("--splits official --fewshot_hours 5", "fewshot_hours"),
        ("--lang it --digits keep", "digits"),
        ("--parts labeled --max_hours 1", "max_hours"),
        ("--parts labeled --tables other", "tables"),
    ],
)
def test_options_without_use_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: str, unused: str
) -> None:
    assert prepare(tmp_path, "--lang", "en", *options.split()) == 1
    assert f"--{unused} has no use with" in capsys.readouterr().err


def test_what_a_script_passes_on_at_its_default_says_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = "--splits official --min_matched 0.95 --fewshot_hours 1 --tables validated"
    assert prepare(tmp_path, "--lang", "en", *options.split()) == 1  # there is no release
    assert "has no use" not in capsys.readouterr().err


def test_digits_are_left_out_of_official_splits(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spoken = ("Room 12.", "Two.", "Three.", "World War II")
    lines = [line("en", n, sentence) for n, sentence in enumerate(spoken)]
    folder = make_release(tmp_path / "en", lines)
    table(folder / "train.tsv", COLUMNS_4, [lines[0], line("en", 3), line("en", 4, "...")])
    (folder / "clips/common_voice_en_3.mp3").write_bytes(SECOND)
    options = ["--lang", "en", "--corpus", str(tmp_path), "--parts", "labeled"]
    assert prepare(tmp_path, *options) == 0
    assert "1 clips; left out: 1 digits, 1 no audio" in capsys.readouterr().out
    assert prepare(tmp_path, *options, "--digits", "keep") == 0
    assert len(keys(tmp_path / "data/en_train/text")) == 2


def test_sentences_with_markup_are_left_out_and_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spoken = ["<p>Hola &nbsp; mundo</p>", "Tom & Jerry (y el perro)", "Sin nada", "Tom &amp; yo"]
    lines = [line("es", number, sentence) for number, sentence in enumerate([*spoken, "Una más"])]
    folder = make_release(tmp_path / "es", lines)
    table(folder / "train.tsv", COLUMNS_4, lines[:4])
    options = ["--lang", "es", "--corpus", str(tmp_path), "--splits", "official"]
    assert prepare(tmp_path, *options, "--parts", "labeled") == 0
    assert "train.tsv: 2 clips; left out: 2 markup in the sentence" in capsys.readouterr().out
    texts = [
        row.split(" ", 1)[1] for row in (tmp_path / "data/es_train/text").read_text().splitlines()
    ]
    assert sorted(texts) == ["sin nada", "tom jerry y el perro"]
    assert prepare(tmp_path, *options, "--parts", "pretrain", "--max_hours", "0") == 0
    assert "2 markup in the sentence" in capsys.readouterr().out


def test_hours_of_the_parts(tmp_path: Path) -> None:
    assert cv_prepare.hours_of("pretrain", "fr") == 353
    assert cv_prepare.hours_of("pretrain", "en") == 557
    assert cv_prepare.hours_of("pretrain_1350h", "en") == 1350
    assert cv_prepare.hours_of("pretrain", "de") == 0  # all there are
    assert prepare(tmp_path, "--lang", "en", "--parts", "pretrain_much") == 1


def test_what_is_not_given_is_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert prepare(tmp_path, "--lang", "it", "--corpus", str(tmp_path)) == 1
    assert "where are the few-shot lists? Give --fewshot_lists" in capsys.readouterr().err
    assert prepare(tmp_path, "--lang", "en") == 1
    assert "where is Common Voice? Give --corpus" in capsys.readouterr().err
    (tmp_path / "urls").write_text("# links\nen https://x.org/en.tar.gz more\n")
    assert prepare(tmp_path, "--lang", "en", "--urls", str(tmp_path / "urls")) == 1
    assert "urls:2: write a language and a link" in capsys.readouterr().err
    (tmp_path / "urls").write_text("it https://x.org/it.tar.gz\n")
    assert prepare(tmp_path, "--lang", "en", "--urls", str(tmp_path / "urls")) == 1
    assert "no line for en" in capsys.readouterr().err


def test_an_archive_that_is_there_is_not_fetched(tmp_path: Path) -> None:
    source = make_release(tmp_path / "made/en", [line("en", n) for n in range(3)])
    (tmp_path / "downloads").mkdir()
    with tarfile.open(tmp_path / "downloads/cv-corpus-9.0-en.tar.gz", "w:gz") as tar:
        tar.add(source, "cv-corpus-9.0/en")
    (tmp_path / "urls").write_text("en http://127.0.0.1:9/cv-corpus-9.0-en.tar.gz?signature=1\n")
    options = ["--lang", "en", "--urls", str(tmp_path / "urls"), "--parts", "labeled"]
    assert prepare(tmp_path, *options) == 0
    assert len(keys(tmp_path / "data/en_test/text")) == 1


def test_librispeech_of_m_cpc(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chapter = tmp_path / "LibriSpeech/train-clean-100/103/1240"
    chapter.mkdir(parents=True)
    (chapter / "103-1240.trans.txt").write_text("103-1240-0000 IT'S ONE\n103-1240-0001 GONE\n")
    (chapter / "103-1240-0000.flac").write_bytes(b"fLaC")
    options = ["--corpus", str(tmp_path / "LibriSpeech"), "--data", str(tmp_path / "data")]
    assert cv_librispeech.main([*options, "--part", "librispeech_100h"]) == 0
    text = (tmp_path / "data/en_librispeech_100h/text").read_text()
    assert text == "ls_103-1240-0000 it's one\n"
    assert "1 utterances, 1 without a file: ['103-1240-0001']" in capsys.readouterr().out
    assert cv_librispeech.main([*options, "--part", "librispeech_360h"]) == 1
    assert "no train-clean-360" in capsys.readouterr().err


def test_ten_hours_are_the_listed_one_and_more_by_seed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cv_draw, "DRAWN", 9 / 3600)  # clips are a second each
    monkeypatch.setattr(cv_prepare, "DRAWN", 10)
    lines = [line("it", number) for number in range(1, 31)]
    lines[9:12] = [line("it", n, s) for n, s in ((10, "Ha 3 gatti."), (11, "Pio IX."), (12, "?"))]
    make_release(tmp_path / "cv-corpus-4/it", lines)  # dev holds clip 2, test clip 3
    make_lists(tmp_path / "lists/it", names(4, 5), names(6), names(7))

    def train(seed: str) -> list[str]:
        options = ["--lang", "it", "--corpus", str(tmp_path / "cv-corpus-4"), "--seed", seed]
        lists = ["--fewshot_lists", str(tmp_path / "lists"), "--fewshot_hours", "10"]
        assert prepare(tmp_path, *options, *lists, "--parts", "labeled") == 0
        assert not (tmp_path / "data/it_train/text.lists").exists()
        assert keys(tmp_path / "data/it_test/text.lists") == names(7)
        return keys(tmp_path / "data/it_train/text")

    found = train("0")
    assert len(found) == 9 and {*names(4, 5)} < {*found}
    assert not {*names(2, 3, 6, 7, 10, 11, 12)} & {*found}
    record = json.loads((tmp_path / "data/it_train/selection.json").read_text())
    assert record["drawn"]["left_out"]["digits"] == 1
    assert record["drawn"]["left_out"]["Roman numerals"] == 1
    assert record["drawn"]["clips"] == 7 and record["drawn"]["seed"] == 0
    assert set(train("1")) != set(found)
