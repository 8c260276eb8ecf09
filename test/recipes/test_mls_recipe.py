"""All stages of egs/mls on the miniature of Multilingual LibriSpeech."""

from __future__ import annotations

from pathlib import Path

import pytest
import whole_recipe
from corpora import mls


@pytest.mark.recipe
@pytest.mark.timeout(600)
def test_pretrained_on_a_language_then_ten_labeled_hours(tmp_path: Path) -> None:
    recipe = whole_recipe.copy_recipe(tmp_path / "egs", "mls")
    mls.make(tmp_path / "corpus")
    options = [
        "--method", "xlsr_mono", "--target", "it", "--labeled", "10h", "--max_bad", "1",
        "--pretrain_config", "tiny_pretrain.yaml", "--finetune_config", "tiny_finetune.yaml",
        "--local_data_opts", "--max_missing 0.6", "--nj", "1", "--inference_nj", "1",
        "--beam_args", "--beam_size 5", "--stop_stage", "14", "--skip_packing", "false",
    ]  # fmt: skip
    whole_recipe.run(recipe, *options, MLS=str(tmp_path / "corpus"))
    raw = recipe / "dump/raw"
    listed = (raw / "it_train_10h/wav.scp").read_text().splitlines()
    assert len(listed) == 15  # of sixteen, one is cut short
    assert "12_700_000015" in (recipe / "dump/org/it_train/bad_audio").read_text()
    assert (recipe / "exp/pretrain_xlsr_mono_it/last.pt").exists()
    model = recipe / "exp/asr_it_xlsr_mono_10h"
    assert (model / f"{model.name}.zip").exists()
    assert f"train_data:\n- {Path('dump/raw/it_train_10h')}" in (model / "config.yaml").read_text()
    for mode in ("greedy", "lexicon"):
        assert (model / f"decode_{mode}/it_test/score_wer/score.json").exists()
    results = (recipe / "exp/RESULTS.md").read_text()
    assert "asr_it_xlsr_mono_10h" in results and "it_test" in results


@pytest.mark.recipe
@pytest.mark.timeout(600)
def test_ten_minutes_of_opus_from_an_archive(tmp_path: Path) -> None:
    recipe = whole_recipe.copy_recipe(tmp_path / "egs", "mls")
    mls.make(tmp_path / "corpus")
    options = [
        "--method", "scratch", "--target", "es", "--labeled", "10min", "--fold", "2",
        "--finetune_config", "tiny_finetune.yaml", "--inference_modes", "greedy",
        "--nj", "1", "--inference_nj", "1", "--stop_stage", "8",
    ]  # fmt: skip
    whole_recipe.run(recipe, *options, MLS=str(tmp_path / "corpus"))
    assert (recipe / "exp/asr_es_scratch_10min_2/last.pt").exists()
    source = (recipe / "dump/raw/es_train_10min_2/utt2orig").read_text().split()
    assert source[1:4] == ["48000", "1", "opus"]
