"""All stages of egs/commonvoice on miniature releases, and the commands of every system."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import whole_recipe
from corpora import commonvoice

METHODS = {
    "scratch": "",
    "m_cpc": "dump/raw/en_pretrain_360h",
    "xlsr_mono": "dump/raw/it_pretrain",
    "xlsr_english": "dump/raw/en_pretrain_1350h",
    "xlsr_10": "dump/raw/zh_pretrain dump/raw/en_pretrain",
    "xlsr_10_unbalanced": "dump/raw/zh_pretrain dump/raw/en_pretrain",
    "xlsr_10_large": "dump/raw/zh_pretrain dump/raw/en_pretrain",
    "xlsr_53": "",
    "best_rq_10": "dump/raw/zh_pretrain dump/raw/en_pretrain",
}


@pytest.mark.parametrize("method", METHODS)
def test_dry_run_of_a_system(method: str, tmp_path: Path) -> None:
    recipe = whole_recipe.copy_recipe(tmp_path / "egs", "commonvoice")
    before = sorted(path.name for path in recipe.iterdir())
    said = whole_recipe.run(recipe, "--method", method, "--target", "it", "--dry_run", "true")
    training = [line for line in said.splitlines() if "bin.asr_train" in line]
    assert len(training) == (2 if METHODS[method] else 1)
    if METHODS[method]:
        assert f"--train_data {METHODS[method]} " in training[0].replace(
            "es_pretrain dump/raw/fr_pretrain dump/raw/it_pretrain dump/raw/ky_pretrain "
            "dump/raw/nl_pretrain dump/raw/ru_pretrain dump/raw/sv_pretrain dump/raw/tr_pretrain "
            "dump/raw/tt_pretrain dump/raw/",
            "",
        )
    even = dict.fromkeys(("xlsr_10", "xlsr_10_large", "best_rq_10"), "0.5")
    alpha = {**even, "xlsr_10_unbalanced": "1"}.get(method)
    assert ("--language_alpha" in said) == (alpha is not None)
    assert alpha is None or f"--language_alpha {alpha} " in training[0]
    assert f"--output_dir exp/asr_it_{method} " in training[-1]
    assert ("--init " in training[-1]) == (method != "scratch")
    assert "--token_file text.lists" in training[-1]
    assert sorted(path.name for path in recipe.iterdir()) == before


def test_dry_run_of_all_languages_with_separate_vocabularies(tmp_path: Path) -> None:
    recipe = whole_recipe.copy_recipe(tmp_path / "egs", "commonvoice")
    options = ["--finetune_on", "all", "--vocabulary", "separate", "--dry_run", "true"]
    said = whole_recipe.run(recipe, *options, "--phone_labels", "espeak", "--commonvoice", "/cv")
    training = [line for line in said.splitlines() if "bin.asr_train" in line]
    assert "--output_dir exp/asr_all_separate_xlsr_10_espeak " in training[-1]
    assert "--token_file text.phn_separate" in training[-1]
    assert "+ local/data.sh --lang zh --corpus /cv" in said
    assert "--ref dump/raw/tt_test/text.lists" in said
    assert "decode_greedy_by_lists/tt_test/score_per" in said


@pytest.mark.parametrize(
    ("options", "name", "tokens"),
    [
        (["--splits", "official"], "scratch_char_official", "text.char"),
        (
            ["--splits", "official", "--phone_labels", "espeak"],
            "scratch_espeak_official",
            "text.phn",
        ),
        (["--fewshot_hours", "5"], "scratch_5h", "text.lists"),
        (["--fewshot_hours", "10"], "scratch_espeak_10h", "text.phn"),
        (["--token_type", "bpe"], "scratch_bpe4000", "text.bpe4000"),
        (
            ["--token_type", "bpe", "--tokens_from", "text", "--bpe_size", "9"],
            "scratch_bpe9_text",
            "text.bpe9_text",
        ),
        (["--token_type", "char", "--tokens_from", "text"], "scratch_char_text", "text.char"),
        (["--method", "unispeech", "--token_type", "char"], "unispeech_char", "text.char"),
    ],
)
def test_what_is_learned_is_in_the_name(
    options: list[str], name: str, tokens: str, tmp_path: Path
) -> None:
    recipe = whole_recipe.copy_recipe(tmp_path / "egs", "commonvoice")
    command = ["--method", "scratch", "--target", "it", "--dry_run", "true", "--stage", "5"]
    said = whole_recipe.run(recipe, *command, *options)
    training = [line for line in said.splitlines() if "bin.asr_train" in line][-1]
    assert f"--output_dir exp/asr_it_{name} " in training
    assert f"--token_file {tokens} " in f"{training} "
    official = "official" in options
    assert ("--unit wer" in said) == (official or (tokens != "text.phn" and "lists" not in tokens))
    assert ("--decode lexicon_lm" in said) == official
    assert ("by_lists" in said) == ("10" in options)


def test_ten_hours_of_all_languages_together(tmp_path: Path) -> None:
    recipe = whole_recipe.copy_recipe(tmp_path / "egs", "commonvoice")
    options = ["--finetune_on", "all", "--fewshot_hours", "10", "--dry_run", "true", "--stage", "8"]
    said = whole_recipe.run(recipe, *options)
    assert "--output_dir exp/asr_all_xlsr_10_espeak_10h " in said
    assert "conf/finetune_ctc_base_all.yaml" in said


def test_a_locale_is_of_some_language_of_the_run(tmp_path: Path) -> None:
    recipe = whole_recipe.copy_recipe(tmp_path / "egs", "commonvoice")
    command = ["--dry_run", "true", "--stage", "1", "--stop_stage", "1", "--commonvoice", "/cv"]
    said = whole_recipe.run(recipe, *command, "--locales", "zh-CN,zh-TW")
    assert "data.sh --lang it --corpus /cv --skip_other_locales true --locales zh-CN,zh-TW" in said
    assert "--locales zh-HK" in whole_recipe.run(
        recipe, *command, "--method", "scratch", "--target", "yue", "--locales", "zh-HK"
    )
    for more in (["zh-HK"], ["zh-TW", "--method", "scratch", "--target", "it"]):
        refused = whole_recipe.attempt(recipe, *command, "--locales", *more)
        assert refused.returncode == 2 and "which is not used here" in refused.stderr


@pytest.mark.parametrize("method", ["unispeech", "unidata2vec_plus"])
def test_tranusr_learns_phones_of_english_then_those_of_the_target(
    method: str, tmp_path: Path
) -> None:
    recipe = whole_recipe.copy_recipe(tmp_path / "egs", "commonvoice")
    command = ["--method", method, "--target", "it", "--dry_run", "true", "--stage", "6"]
    said = whole_recipe.run(recipe, *command)
    training = [line for line in said.splitlines() if "bin.asr_train" in line]
    assert len(training) == (3 if method.endswith("_plus") else 2)
    assert "--train_data dump/raw/en_pretrain_1350h " in training[0]
    assert "--train_data dump/raw/it_pretrain " in training[1] or len(training) == 2
    assert f"--output_dir exp/asr_it_{method}_espeak " in training[-1]
    refused = whole_recipe.attempt(recipe, *command, "--phone_labels", "lists")
    assert refused.returncode == 2 and "no list has English" in refused.stderr


@pytest.mark.parametrize(
    "options, part, name",
    [
        (["--cpc_hours", "100"], "pretrain_100h", "m_cpc_100h"),
        (["--librispeech", "/ls"], "librispeech_360h", "m_cpc_librispeech_360h"),
    ],
)
def test_audio_of_m_cpc(options: list[str], part: str, name: str, tmp_path: Path) -> None:
    recipe = whole_recipe.copy_recipe(tmp_path / "egs", "commonvoice")
    command = ["--method", "m_cpc", "--target", "it", "--dry_run", "true", "--stage", "6"]
    said = whole_recipe.run(recipe, *command, *options)
    training = [line for line in said.splitlines() if "bin.asr_train" in line]
    assert f"--output_dir exp/pretrain_{name} " in training[0]
    assert f"--train_data dump/raw/en_{part} " in training[0]
    assert f"--output_dir exp/asr_it_{name} " in training[1]


def test_bad_options_end_before_any_work(tmp_path: Path) -> None:
    recipe = whole_recipe.copy_recipe(tmp_path / "egs", "commonvoice")
    for options in (
        ["--phone_labels", "id"],
        ["--phone_labels", "lists", "--splits", "official"],
        ["--phone_labels", "lists", "--fewshot_hours", "10"],
        ["--phone_labels", "espeak", "--token_type", "char"],
        ["--token_type", "word"],
        ["--fewshot_hours", "5", "--splits", "official"],
        ["--commonvoice", "/a folder"],
        ["--method", "xlsr_11"],
        ["--method", "m_cpc", "--cpc_hours", "10"],
        ["--target"],
    ):
        done = whole_recipe.attempt(recipe, *options)
        assert done.returncode == 2, options
        assert "stage 1" not in done.stderr


def results_of(recipe: Path) -> str:
    return (recipe / "exp/RESULTS.md").read_text()


@pytest.mark.recipe
@pytest.mark.timeout(600)
def test_all_stages(tmp_path: Path) -> None:
    recipe = whole_recipe.copy_recipe(tmp_path / "egs", "commonvoice")
    corpus = tmp_path / "corpus"
    commonvoice.make(corpus)
    common = [
        "--commonvoice", str(corpus), "--max_bad", "1", "--nj", "1", "--inference_nj", "1",
        "--finetune_config", "tiny_finetune.yaml",
    ]  # fmt: skip
    one_language = [
        *common, "--method", "xlsr_10", "--pretrain_langs", "it en", "--target", "it",
        "--pretrain_config", "tiny_pretrain.yaml", "--allow_missing", "true",
        "--fewshot_lists", str(corpus / "fewshot"),
    ]  # fmt: skip
    whole_recipe.run(recipe, *one_language, "--skip_packing", "false", "--stop_stage", "14")
    bad = (recipe / "dump/org/it_pretrain/bad_audio").read_text()
    assert "common_voice_it_17000017" in bad and "is cut short" in bad
    stereo = (recipe / "dump/raw/it_train/utt2orig").read_text()
    assert "common_voice_it_17000003 44100 2 mp3" in stereo
    assert "common_voice_it_17000022" not in (recipe / "dump/raw/it_pretrain/wav.scp").read_text()
    model = recipe / "exp/asr_it_xlsr_10_on_it_en"
    rates = {}
    for mode in ("greedy", "greedy_by_espeak"):
        score = model / f"decode_{mode}/it_test/score_per/score.json"
        rates[mode] = json.loads(score.read_text())["tokens"]
    assert rates["greedy"] > 0 and rates["greedy_by_espeak"] > 0
    results = results_of(recipe)
    assert "|asr_it_xlsr_10_on_it_en|decode_greedy|it_test|" in results
    assert "|asr_it_xlsr_10_on_it_en|decode_greedy_by_espeak|it_test|" in results

    assert (model / "asr_it_xlsr_10_on_it_en.zip").exists()

    # A language with its release's own splits, on from a released model: words, with all defaults.
    for labels, modes in (
        ([], ("greedy", "lexicon_lm")),
        (["--phone_labels", "espeak"], ("lexicon", "lexicon_lm")),
    ):
        new = [
            "--commonvoice", str(corpus), "--max_bad", "1", "--nj", "1", "--inference_nj", "1",
            "--method", "xlsr_53", "--target", "it", "--splits", "official", *labels,
            "--pretrained", "exp/pretrain_xlsr_10_on_it_en/last.pt", "--max_hours", "0",
            "--finetune_config", "tiny_finetune.yaml", "--beam_args", "--beam_size 5",
        ]  # fmt: skip
        whole_recipe.run(recipe, *new)
        unit = "espeak" if labels else "char"
        model = recipe / f"exp/asr_it_xlsr_53_{unit}_official"
        for mode in modes:
            folder = model / f"decode_{mode}/it_test"
            if not (folder / "skipped").exists():  # no lmplz
                score = json.loads((folder / "score_wer/score.json").read_text())
                assert score["tokens"] > 0, folder
        assert f"|{model.name}|decode_{modes[0]}|it_test|" in results_of(recipe)

    all_languages = [
        *common, "--finetune_on", "all", "--langs", "it sv", "--vocabulary", "separate",
        "--method", "scratch", "--fewshot_lists", str(corpus / "common_voices_splits.tar.gz"),
        "--min_matched", "0.8", "--stop_stage", "5",
    ]  # fmt: skip
    whole_recipe.run(recipe, *all_languages)
    tokens = (recipe / "data/token_list/lists_separate/tokens.txt").read_text().split()
    assert "(it)a" in tokens and "(sv)a" in tokens
    labels = (recipe / "dump/raw/train/text.lists").read_text().splitlines()
    assert len(labels) == 16  # eight of each; one more of Italian is missing
