"""The combination of corpora for XLSR-53: its table, its folders, its refusals."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import xlsr53_adopt
from asrkit.data.index import DataIndex
from asrkit.data.languages import size_ratios
from asrkit.kaldi.utterances import Command, Utterance, write_data_dir
from asrkit.kaldi.validate import validate

ROOT = Path(__file__).resolve().parents[2]
RECIPE = ROOT / "egs/xlsr53/asr1"


def rows(path: Path) -> list[dict[str, str]]:
    with open(path, encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


def lines(path: Path) -> list[str]:
    return path.read_text("utf-8").splitlines()


TABLE = rows(RECIPE / "local/languages.tsv")


def test_table_has_the_released_models_languages() -> None:
    names = ("mls", "commonvoice", "babel")
    found = {name: [row for row in TABLE if row["corpus"] == name] for name in names}
    assert [len(part) for part in found.values()] == [8, 36, 17]
    assert len({row["set"] for row in TABLE}) == 61
    # 50.7 thousand hours of MLS as the model's README says; Common Voice's 3.6 thousand lie between
    # the validated and all clips of the release of December 2019.
    assert sum(float(row["hours"]) for row in found["mls"]) == pytest.approx(50_686.74)
    assert round(sum(float(row["hours"]) for row in found["commonvoice"])) == 3155
    assert round(sum(float(row["all_hours"]) for row in found["commonvoice"])) == 3961
    languages = {row["set"].split("_")[1] for row in TABLE}
    assert len(languages) == 52  # Chinese of Common Voice: three, as its locales


def test_babel_languages_are_those_of_its_recipe() -> None:
    packs = [row for row in rows(ROOT / "egs/babel/asr1/local/packs.tsv") if row["xlsr53"] == "yes"]
    known = {row["lang"] for row in packs} | {row["iso639_3"] for row in packs}
    mine = {row["lang"] for row in TABLE if row["corpus"] == "babel"}
    assert len(packs) == len(mine) == 17 and mine <= known


def recipe_data(folder: Path, **parts: list[Utterance]) -> Path:
    for part, utterances in parts.items():
        write_data_dir(folder / f"data/it_{part}", utterances, "it")
    return folder


def adopt(recipe: Path, name: str, data: Path, *options: str) -> int:
    arguments = ["--recipe", str(recipe), "--lang", "it", "--set", name, "--data", str(data)]
    return xlsr53_adopt.main([*arguments, *options])


def test_ids_paths_and_language(tmp_path: Path) -> None:
    (tmp_path / "mls").mkdir()
    recipe = recipe_data(
        tmp_path / "mls",
        train=[
            Utterance("s-1", "s", "downloads/r.ogg", "uno", "r", (0, 1.5)),
            Utterance("s-2", "s", "downloads/r.ogg", "", "r", (2, 3)),
        ],
        valid=[Utterance("t-1", "t", "/abs/t.flac", "due")],
        test=[Utterance("v-1", "v", Command("sph2pipe x.sph |"), "tre")],
    )
    assert adopt(recipe, "mls_it", tmp_path / "data") == 0
    train = tmp_path / "data/mls_it_train"
    assert lines(train / "wav.scp") == [f"mls_it-r {recipe}/downloads/r.ogg"]
    assert lines(train / "segments")[0] == "mls_it-s-1 mls_it-r 0.000 1.500"
    assert lines(train / "text") == ["mls_it-s-1 uno", "mls_it-s-2"]
    assert lines(train / "spk2utt") == ["mls_it-s mls_it-s-1 mls_it-s-2"]
    assert lines(train / "utt2lang")[0] == "mls_it-s-1 it"
    assert lines(tmp_path / "data/mls_it_valid/wav.scp") == ["mls_it-t-1 /abs/t.flac"]
    assert lines(tmp_path / "data/mls_it_test/wav.scp") == ["mls_it-v-1 sph2pipe x.sph |"]
    report = validate(train, allow_empty_text=True, check_audio=False)
    assert not report.problems


def test_audio_to_pretrain_on_goes_before_labeled_audio(tmp_path: Path) -> None:
    one = [Utterance("a", "a", "/a.mp3", "labeled")]
    recipe = recipe_data(tmp_path / "cv", train=one, valid=one, test=one)
    more = [Utterance(name, name, f"/{name}.mp3", "") for name in "abc"]
    write_data_dir(recipe / "data/it_pretrain", more, "it")
    (recipe / "data/it_pretrain/text").unlink()
    assert adopt(recipe, "cv_zh-tw", tmp_path / "data") == 0
    assert lines(tmp_path / "data/cv_zh-tw_train/text") == [f"cv_zh-tw-{name}" for name in "abc"]
    assert lines(tmp_path / "data/cv_zh-tw_train/utt2lang")[0] == "cv_zh-tw-a zh-tw"


def test_valid_is_a_part_and_always_the_same(tmp_path: Path) -> None:
    many = [Utterance(f"u{n:02}", "u", f"/{n}.flac", "x") for n in range(50)]
    recipe = recipe_data(tmp_path / "r", train=many, valid=many, test=many)
    chosen = []
    for folder in ("one", "two"):
        assert adopt(recipe, "cv_it", tmp_path / folder, "--valid_utterances", "7") == 0
        chosen.append(lines(tmp_path / folder / "cv_it_valid/text"))
        assert len(lines(tmp_path / folder / "cv_it_train/text")) == 50
    assert len(chosen[0]) == 7 and chosen[0] == chosen[1]


def test_missing_folder_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert adopt(tmp_path, "cv_it", tmp_path / "data") == 1
    assert f"{tmp_path}/data/it_train: is missing" in capsys.readouterr().err
    assert not (tmp_path / "data").exists()


def test_one_language_of_two_corpora_is_sampled_as_one(tmp_path: Path) -> None:
    folders = []
    for name, lang, hours in (("mls_it", "it", 3), ("cv_it", "it", 1), ("babel_ka", "ka", 1)):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "wav.scp").write_text(f"{name}-a /x.flac\n")
        (folder / "utt2num_samples").write_text(f"{name}-a {hours * 57_600_000}\n")
        (folder / "utt2lang").write_text(f"{name}-a {lang}\n")
        folders.append(folder)
    index = DataIndex.open(folders)
    hours = np.bincount(index.langs, index.num_samples) / 57_600_000
    assert index.lang_names == ["it", "ka"] and hours.tolist() == [4, 1]
    # p ~ sqrt(4/5), sqrt(1/5): two thirds and one third of five hours
    assert size_ratios(hours, 0.5) == pytest.approx([5 * 2 / 3 / 4, 5 / 3])


def call(*command: str, cwd: Path = RECIPE) -> subprocess.CompletedProcess[str]:
    env = {k: v for k, v in os.environ.items() if k not in ("MLS", "COMMONVOICE", "BABEL")}
    return subprocess.run(
        command, cwd=cwd, env={**env, "ASRKIT_VENV": sys.prefix}, capture_output=True, text=True
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--sets", "mls_xx"], "'mls_xx' is not a set"),
        (["--method", "xlsr_10"], "xlsr_53 alone"),
        (["--finetune", "cv_xx"], "--finetune: 'cv_xx' is not a set"),
        (["--target", "it"], "other recipes fine-tune"),
        (["--allow_missing", "yes"], "true or false"),
        (["--sets"], "needs a value"),
        (["--nosuch", "1"], "unknown option --nosuch"),
        (["--dry_run", "maybe"], "--dry_run is true or false"),
    ],
)
def test_wrong_options_exit_2(options: list[str], message: str) -> None:
    done = call("./run.sh", *options)
    assert done.returncode == 2 and message in done.stderr


def test_set_without_its_corpus_says_which_option() -> None:
    done = call("local/data.sh", "--lang", "cv_ky", "--dry_run", "true")
    assert done.returncode == 2 and "--commonvoice FOLDER, or set COMMONVOICE" in done.stderr
    done = call("local/data.sh", "--lang", "it", "--dry_run", "true")
    assert done.returncode == 2 and "not a set of local/languages.tsv" in done.stderr


def test_dry_run_shows_the_other_recipes_stage_1(tmp_path: Path) -> None:
    before = sorted(RECIPE.rglob("*"))
    done = call(
        "local/data.sh", "--lang", "cv_zh-tw", "--commonvoice", str(tmp_path), "--dry_run", "true",
        "--commonvoice_opts", "tables=validated,other:seed=3",
    )  # fmt: skip
    assert done.returncode == 0
    assert "--splits official --max_hours 0" in done.stderr
    assert "--locales zh-TW --tables validated,other --seed 3" in done.stderr
    assert "--set cv_zh-tw" in done.stderr
    assert "warning: no --fewshot_lists" in done.stderr
    done = call(
        "local/data.sh", "--lang", "voxpopuli_pt", "--voxpopuli", str(tmp_path), "--dry_run", "true"
    )
    assert "--lang pt --part unlabelled" in done.stderr and "--set voxpopuli_pt" in done.stderr
    assert sorted(RECIPE.rglob("*")) == before
