"""TranUSR's systems on miniature Common Voice: L = en, U and F = it, all stages, tiny models."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import whole_recipe
from corpora import commonvoice
from whole_recipe import ENCODER

PHONETIC = f"""objective: phonetic
schedule: tri_stage
max_sample_size: 320000
best_metric: token_error_rate
{ENCODER}"""
CROP = """crop: true
min_sample_size: 8000
max_sample_size: 64000
"""
REGRESSION = "{top_k: 1, ema_start: 0.9, ema_end: 0.9}"
CONTRASTIVE = "{compare: context, final_size: 16, negatives: 5}"
QUANTIZER = """quantizer: gumbel
quantizer_conf: {groups: 2, entries: 8, vector_size: 16}
"""
CONFIGS = {
    "unidata2vec": f"base: regression\nbase_conf: {REGRESSION}\n{PHONETIC}",
    "unidata2vec_plus": f"objective: regression\nobjective_conf: {REGRESSION}\n"
    f"init_take: [encoder, prediction]\n{CROP}{ENCODER}",
    "unispeech": "objective_conf: {ctc_weight: 0.5, self_weight: 0.5, replace_prob: 0.5}\n"
    f"base: contrastive\nbase_conf: {CONTRASTIVE}\n{QUANTIZER}{PHONETIC}",
    "unispeech_plus": f"objective: contrastive\nobjective_conf: {CONTRASTIVE}\n{QUANTIZER}"
    f"init_take: [encoder, quantizer, target_projection]\n{CROP}{ENCODER}",
}


@pytest.mark.recipe
@pytest.mark.timeout(1200)
def test_rows_of_tables_1_and_2(tmp_path: Path) -> None:
    recipe = whole_recipe.copy_recipe(tmp_path / "egs", "commonvoice")
    commonvoice.make(tmp_path / "corpus")
    for name, text in CONFIGS.items():
        (recipe / f"tiny_{name}.yaml").write_text(text)
    common = [
        "--commonvoice", str(tmp_path / "corpus"), "--max_bad", "1", "--nj", "1",
        "--inference_nj", "1", "--fewshot_lists", str(tmp_path / "corpus/fewshot"),
        "--allow_missing", "true", "--target", "it", "--finetune_config", "tiny_finetune.yaml",
    ]  # fmt: skip
    for base, stages in (("unidata2vec", []), ("unispeech", ["--stage", "6", "--stop_stage", "8"])):
        whole_recipe.run(
            recipe, *common, *stages, "--method", f"{base}_plus",
            "--pretrain_config", f"tiny_{base}.yaml",
            "--continue_config", f"tiny_{base}_plus.yaml",
        )  # fmt: skip
        log = (recipe / f"exp/pretrain_{base}/train.log").read_text()
        assert "train en: " in log and "loss_ctc" in log and "train it: " not in log
        log = (recipe / f"exp/continue_{base}_plus_it/train.log").read_text()
        assert "train it: " in log and f"exp/pretrain_{base}/last.pt" in log
        log = (recipe / f"exp/asr_it_{base}_plus_espeak/train.log").read_text()
        assert f"exp/continue_{base}_plus_it/last.pt" in log
    assert not (recipe / "dump/raw/it_pretrain/text.phn").exists()
    folder = recipe / "exp/asr_it_unidata2vec_plus_espeak/decode_greedy/it_test/score_per"
    assert json.loads((folder / "score.json").read_text())["tokens"] > 0
    assert "|asr_it_unidata2vec_plus_espeak|" in (recipe / "exp/RESULTS.md").read_text()

    # Table 2: letters and subword units of the text T, of the same pre-trained model.
    (recipe / "web").mkdir()
    rows = (recipe / "data/it_train/text").read_text().splitlines()
    words = [word for row in rows for word in row.split()[1:]]
    sentences = [" ".join(words[n : n + 7 + n % 5]) for n in range(len(words) - 12)]
    (recipe / "web/it.txt").write_text("\n".join(["Gli xilofoni zufolano.", *sentences]) + "\n")
    configs = ["--pretrain_config", "tiny_unidata2vec.yaml"]
    for options in (["--token_type", "bpe", "--bpe_size", "60"], ["--token_type", "char"]):
        whole_recipe.run(
            recipe, *common, *configs, "--method", "unidata2vec_plus",
            "--continue_config", "tiny_unidata2vec_plus.yaml", *options, "--tokens_from", "text",
            "--lm_raw", "web", "--lm_raw_args", "--split_sentences false",
        )  # fmt: skip
        unit = "".join(options[1::2])
        model = recipe / f"exp/asr_it_unidata2vec_plus_{unit}_text"
        score = model / "decode_greedy/it_test/score_wer/score.json"
        assert json.loads(score.read_text())["tokens"] > 0
        assert "x" in "".join((model / "tokens.txt").read_text().split())  # of T alone
        assert f"|{model.name}|decode_greedy|it_test|" in (recipe / "exp/RESULTS.md").read_text()

    # Equation 3 in one run, and ten hours drawn by seed (here: all there is).
    whole_recipe.run(recipe, *common, *configs, "--method", "unidata2vec_joint")
    log = (recipe / "exp/pretrain_unidata2vec_joint_it/train.log").read_text()
    assert "train en: " in log and "train it: " in log
    joint = recipe / "exp/asr_it_unidata2vec_joint_espeak/decode_greedy/it_test/score_per"
    assert json.loads((joint / "score.json").read_text())["tokens"] > 0
    one_hour = (recipe / "dump/raw/it_train/wav.scp").read_text().count("\n")
    test_set = (recipe / "dump/raw/it_test/text").read_bytes()
    whole_recipe.run(recipe, *common, *configs, "--method", "unidata2vec", "--fewshot_hours", "10")
    assert (recipe / "dump/raw/it_train/wav.scp").read_text().count("\n") > one_hour
    assert (recipe / "dump/raw/it_test/text").read_bytes() == test_set
    assert "|asr_it_unidata2vec_espeak_10h|" in (recipe / "exp/RESULTS.md").read_text()


@pytest.mark.parametrize("method", ["unispeech", "unidata2vec"])
def test_lists_have_no_phones_of_english(method: str, tmp_path: Path) -> None:
    recipe = whole_recipe.copy_recipe(tmp_path / "egs", "commonvoice")
    options = ["--method", method, "--target", "it", "--dry_run", "true"]
    done = whole_recipe.attempt(recipe, *options, "--phone_labels", "lists")
    assert done.returncode == 2 and "--phone_labels espeak" in done.stderr
    assert "text.phn" in whole_recipe.run(recipe, *options)
