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
@pytest.mark.timeout(600)
def test_plus_systems(tmp_path: Path) -> None:
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


@pytest.mark.parametrize("method", ["unispeech", "unidata2vec"])
def test_lists_have_no_phones_of_english(method: str, tmp_path: Path) -> None:
    recipe = whole_recipe.copy_recipe(tmp_path / "egs", "commonvoice")
    options = ["--method", method, "--target", "it", "--dry_run", "true"]
    done = whole_recipe.attempt(recipe, *options, "--phone_labels", "lists")
    assert done.returncode == 2 and "--phone_labels espeak" in done.stderr
    assert "text.phn" in whole_recipe.run(recipe, *options)
