"""Selection, few-shot lists and the programs of egs/commonvoice, on small made-up releases."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest
from commonvoice_tiny import SECOND, line, make_lists, make_release, names
from corpora.commonvoice import COLUMNS_4, table

import cv_check_lists
import cv_draw
import cv_librispeech
import cv_prepare
from asrkit.files import DataError
from asrkit.kaldi.validate import validate
from cv_lists import difference, read_lists, resolve
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


# -- Few-shot lists


def test_both_layouts_say_the_same(tmp_path: Path) -> None:
    folder = make_lists(tmp_path / "a/it", names(1, 2), names(3), names(4))
    (tmp_path / "b").mkdir()
    with tarfile.open(tmp_path / "b/common_voices_splits.tar.gz", "w:gz") as tar:
        for split, clips in (("trainSeqs_1.0", (1, 2)), ("valSeqs_1.0", (3,)), ("testSeqs", (4,))):
            path = tmp_path / "b" / f"{split}_uniform_new_version.txt"
            path.write_text("\n".join(names(*clips)))
            tar.add(path, f"common_voices_splits/it/{path.name}")
        (tmp_path / "b/labels").write_text("".join(f"{name} 0 1\n" for name in names(1, 2, 3, 4)))
        tar.add(tmp_path / "b/labels", "common_voices_splits/it/validated_phones_reduced.txt")
        tar.add(
            folder / "phonesMatches_reduced.json",
            "common_voices_splits/it/phonesMatches_reduced.json",
        )
    first = read_lists(tmp_path / "a", ["it"])
    second = read_lists(tmp_path / "b/common_voices_splits.tar.gz", ["it"])
    assert first is not None and second is not None
    assert (
        first.splits == second.splits == {"train": names(1, 2), "valid": names(3), "test": names(4)}
    )
    assert first.phones == second.phones == {key: ["a", "b"] for key in names(1, 2, 3, 4)}
    assert first.texts["common_voice_it_1"] == 'Un "altra" frase.'
    assert first.seconds["common_voice_it_4"] == 1
    assert read_lists(tmp_path / "a", ["fr"]) is None


def test_labels_that_do_not_belong_to_the_clips_are_refused(tmp_path: Path) -> None:
    folder = make_lists(tmp_path / "it", names(1, 2), names(3), names(4))
    labels = folder / "trainSeqs_1.0_uniform_new_version_16k.id"
    labels.write_text("0 1\n")
    with pytest.raises(DataError, match="has 1 lines for 2 clips"):
        read_lists(tmp_path, ["it"])
    labels.write_text("0 1\n0 7\n")
    with pytest.raises(DataError, match=r"id:2: a label that is not in phonesMatches_reduced.json"):
        read_lists(tmp_path, ["it"])


def test_a_missing_list_and_a_clip_in_two_lists_are_refused(tmp_path: Path) -> None:
    folder = make_lists(tmp_path / "it", names(1, 2), names(2), names(4))
    with pytest.raises(DataError, match="1 clips are in two lists"):
        read_lists(tmp_path, ["it"])
    with pytest.raises(DataError, match=r"no list trainSeqs_5.0_uniform_new_version.txt"):
        read_lists(tmp_path, ["it"], train_hours=5)
    (folder / "phonesMatches_reduced.json").write_text("[]")
    with pytest.raises(DataError, match="not phones to numbers"):
        read_lists(tmp_path, ["it"])


def test_difference_is_an_error_rate_over_the_first_labels() -> None:
    first = {"a": ["x", "y"], "b": ["x", "x"], "c": ["z"]}
    second = {"a": ["x", "y"], "b": ["x", "q", "q"], "d": ["z"]}
    found = difference("abcd", first, second)
    assert found == (2, 1, 2, 4) and found.rate == 50


def test_the_resolver_reports_and_refuses(tmp_path: Path) -> None:
    make_lists(tmp_path / "it", names(1, 2), names(3), names(4))
    lists = read_lists(tmp_path, ["it"])
    assert lists is not None
    there = dict.fromkeys(names(1, 3, 4), tmp_path)
    matches = resolve(lists, there, min_matched=0.5, allow_missing=False)
    assert (matches["train"].matched, matches["train"].missing) == (names(1), names(2))
    with pytest.raises(
        DataError, match=r"train: 1 of 2 clips \(50.0 %\); missing: common_voice_it_2"
    ):
        resolve(lists, there, min_matched=0.95, allow_missing=False)
    assert resolve(lists, there, min_matched=0.95, allow_missing=True) == matches
    with pytest.raises(DataError, match=r"test: 0 of 1 clips"):
        resolve(lists, dict.fromkeys(names(1, 2, 3)), min_matched=0.95, allow_missing=True)


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
        ("--parts labelled --max_hours 1", "max_hours"),
        ("--parts labelled --tables other", "tables"),
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
    options = ["--lang", "en", "--corpus", str(tmp_path), "--parts", "labelled"]
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
    assert prepare(tmp_path, *options, "--parts", "labelled") == 0
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
    options = ["--lang", "en", "--urls", str(tmp_path / "urls"), "--parts", "labelled"]
    assert prepare(tmp_path, *options) == 0
    assert len(keys(tmp_path / "data/en_test/text")) == 1


def test_check_of_lists_tells_what_is_not_as_published(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_lists(tmp_path / "it", names(1, 2), names(3), names(4))
    assert cv_check_lists.main(["--fewshot_lists", str(tmp_path)]) == 1
    said = capsys.readouterr()
    assert "| it | train | 2 | 0.001 | 4 | 3, 0 | 50.00 % (2 of 2 clips) | - |" in said.out
    assert "it: clips: (2, 1, 1), published (720, 223, 706)" in said.err


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
        assert prepare(tmp_path, *options, *lists, "--parts", "labelled") == 0
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
