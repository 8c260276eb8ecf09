"""All stages of egs/babel on the miniature of three packs, and the commands of every system."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import whole_recipe
from corpora import babel

TEN = "bn zh ka ht ku ps ta tr tpi vi".split()
TINY = [
    "--pretrain_config", "tiny_pretrain.yaml", "--finetune_config", "tiny_finetune.yaml",
    "--nj", "1", "--inference_nj", "1", "--beam_args", "--beam_size 5",
]  # fmt: skip


METHODS = {  # the sets of stage 6
    "scratch": "",
    "xlsr_mono": "dump/raw/tl_train",
    "xlsr_10": " ".join(f"dump/raw/{lang}_train" for lang in TEN),
    "xlsr_10_large": " ".join(f"dump/raw/{lang}_train" for lang in TEN),
    "xlsr_53": "",
}


@pytest.mark.parametrize("method", METHODS)
def test_dry_run_of_a_system(method: str, tmp_path: Path) -> None:
    recipe = whole_recipe.copy_recipe(tmp_path / "egs", "babel")
    before = sorted(path.name for path in recipe.iterdir())
    said = whole_recipe.run(recipe, "--method", method, "--target", "tl", "--dry_run", "true")
    training = [line for line in said.splitlines() if "bin.asr_train" in line]
    assert len(training) == (2 if METHODS[method] else 1)
    if METHODS[method]:
        assert f"--train_data {METHODS[method]} " in training[0]
    assert ("--language_alpha 1 " in training[0]) == method.startswith("xlsr_10")
    assert f"--output_dir exp/asr_tl_{method} " in training[-1]
    assert ("--init " in training[-1]) == (method != "scratch")
    size = "large" if method in ("xlsr_10_large", "xlsr_53") else "base"
    assert f"ctc_{size}_babel.yaml" in training[-1]
    assert "--token_file text.char" in training[-1]
    assert said.count("--label tags:\\ xlsr") == 4
    assert "--decode lexicon_lm" in said and "bin.tune_lm" in said
    wanted = sorted({"tl", *(TEN if "10" in method else ())})
    assert sorted(re.findall(r"\+ local/data.sh --lang (\w+)", said)) == wanted
    assert sorted(path.name for path in recipe.iterdir()) == before


def test_dry_run_of_every_language_in_turn(tmp_path: Path) -> None:
    recipe = whole_recipe.copy_recipe(tmp_path / "egs", "babel")
    options = ["--method", "scratch", "--tags", "lhotse", "--valid_split", "utterance"]
    said = whole_recipe.run(recipe, *options, "--dry_run", "true", "--train_list", "/lists/llp")
    for lang in ("as", "tl", "sw", "lo", "ka"):
        assert f"--output_dir exp/asr_{lang}_scratch_lhotse_utterance " in said
    data = "--lang lo --tags lhotse --valid_split utterance --train_list /lists/llp"
    assert f"+ local/data.sh {data}" in said


def test_dry_run_of_one_model_of_the_ten_and_of_the_14_monolingual_ones(tmp_path: Path) -> None:
    recipe = whole_recipe.copy_recipe(tmp_path / "egs", "babel")
    dry = ["--dry_run", "true", "--stage", "6"]
    said = whole_recipe.run(recipe, "--method", "xlsr_10", "--finetune_on", "all", *dry)
    training = [line for line in said.splitlines() if "bin.asr_train" in line]
    assert "--output_dir exp/asr_all_separate_xlsr_10 " in training[-1]
    assert "--token_file text.char_separate" in training[-1]
    for lang in TEN:
        assert f"/decode_greedy/{lang}_test/score_cer" in said
    assert "as_test" not in said and "bin.results --exp exp --out exp/RESULTS.md\n" in said
    said = whole_recipe.run(recipe, "--method", "xlsr_mono", *dry)
    trained = re.findall(r"--output_dir exp/asr_(\w+)_xlsr_mono ", said)
    assert trained == ["as", "tl", "sw", "lo", *TEN]
    assert "exp/pretrain_xlsr_mono_sw " in said
    assert "bin.results --exp exp --out exp/RESULTS.md --langs as tl sw lo\n" in said
    said = whole_recipe.run(recipe, "--method", "scratch", "--target", "tp ka", *dry)
    assert re.findall(r"--output_dir exp/asr_(\w+)_scratch ", said) == ["tpi", "ka"]
    assert "--langs as" not in said


def test_tok_pisin_by_the_code_of_the_paper(tmp_path: Path) -> None:
    recipe = whole_recipe.copy_recipe(tmp_path / "egs", "babel")
    said = whole_recipe.run(recipe, "--method", "scratch", "--target", "tp", "--dry_run", "true")
    assert "--output_dir exp/asr_tpi_scratch " in said


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--method", "m_cpc"], "not a system of the tables for BABEL"),
        (["--method", "unispeech"], "not a system of the tables for BABEL"),
        (["--tags", "mine"], "--tags is xlsr, kaldi or lhotse"),
        (["--valid_split", "none"], "--valid_split is speaker or utterance"),
        (["--train_list", "a b"], "holds a space"),
        (["--babel"], "needs a value"),
        (["--babel", "a b"], "holds a space"),
    ],
)
def test_bad_options_end_before_any_work(options: list[str], message: str, tmp_path: Path) -> None:
    recipe = whole_recipe.copy_recipe(tmp_path / "egs", "babel")
    done = whole_recipe.attempt(recipe, *options)
    assert done.returncode == 2
    assert message in done.stderr
    assert not (recipe / "data").exists()


def test_without_a_corpus_stage_1_says_how_to_name_it(tmp_path: Path) -> None:
    recipe = whole_recipe.copy_recipe(tmp_path / "egs", "babel")
    done = whole_recipe.attempt(recipe, "--method", "scratch", "--target", "ka", BABEL="")
    assert done.returncode == 2
    assert "where is BABEL?" in done.stderr


@pytest.mark.recipe
@pytest.mark.timeout(600)
def test_pretrained_on_one_language_then_another(tmp_path: Path) -> None:
    recipe = whole_recipe.copy_recipe(tmp_path / "egs", "babel")
    babel.make(tmp_path / "corpus")
    options = ["--method", "xlsr_10", "--pretrain_langs", "ka", "--target", "sw"]
    options += ["--stop_stage", "14", "--skip_packing", "false"]
    out = whole_recipe.run(recipe, "--babel", str(tmp_path / "corpus"), *options, *TINY)
    assert "train_data dump/raw/ka_train --valid_data dump/raw/ka_valid" in out
    codecs = {
        line.split(maxsplit=1)[1]
        for name in ("sw_train", "sw_valid")
        for line in (recipe / f"dump/org/{name}/utt2orig").read_text().splitlines()
    }
    assert codecs == {
        "8000 1 pcm_alaw", "8000 1 pcm_mulaw", "8000 1 pcm_s16le", "8000 1 pcm_s16be",
        "8000 1 shorten", "48000 1 pcm_24",
    }  # fmt: skip
    model = recipe / "exp/asr_sw_xlsr_10_on_ka"
    assert (model / f"{model.name}.zip").exists()
    assert "<hes>" in (model / "tokens.txt").read_text().split()
    for unit in ("cer", "wer"):
        path = model / f"decode_greedy/sw_test/score_{unit}/score.json"
        score = json.loads(path.read_text())
        assert score["label"] == "tags: xlsr" and "tags: xlsr" in score["policy"]
        assert score["other_marks"]["tokens"] > score["tokens"]
    assert "|sw_test (tags: xlsr)|" in (recipe / "exp/RESULTS.md").read_text()
    decoded = model / "decode_lexicon_lm/sw_test"
    assert (decoded / "skipped").exists() or (decoded / "score_wer/score.json").exists()


@pytest.mark.recipe
@pytest.mark.timeout(600)
def test_from_scratch_with_the_tags_of_kaldi(tmp_path: Path) -> None:
    recipe = whole_recipe.copy_recipe(tmp_path / "egs", "babel")
    babel.make(tmp_path / "corpus")
    options = ["--method", "scratch", "--target", "ka", "--tags", "kaldi"]
    more = ["--valid_split", "utterance", "--inference_modes", "greedy"]
    whole_recipe.run(recipe, "--babel", str(tmp_path / "corpus"), *options, *more, *TINY[2:-2])
    model = recipe / "exp/asr_ka_scratch_kaldi_utterance"
    assert {"<oov>", "<noise>", "<v-noise>"} <= set((model / "tokens.txt").read_text().split())
    assert "|ka_test (tags: kaldi)|" in (recipe / "exp/RESULTS.md").read_text()
