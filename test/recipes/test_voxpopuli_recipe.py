"""egs/voxpopuli on its miniature: pre-training on unlabeled sessions, then transcribed ones."""

from __future__ import annotations

from pathlib import Path

import pytest
import whole_recipe
from corpora import voxpopuli


@pytest.mark.recipe
@pytest.mark.timeout(600)
def test_unlabeled_then_transcribed(tmp_path: Path) -> None:
    recipe = whole_recipe.copy_recipe(tmp_path / "egs", "voxpopuli")
    voxpopuli.make(tmp_path / "corpus")
    options = [
        "--method", "xlsr_mono", "--target", "it", "--pretrain_config", "tiny_pretrain.yaml",
        "--finetune_config", "tiny_finetune.yaml", "--local_data_opts", "--max_missing 0.1",
        "--nj", "1", "--inference_nj", "1", "--inference_modes", "greedy", "--use_ngram", "false",
        "--stop_stage", "14", "--skip_packing", "false",
    ]  # fmt: skip
    whole_recipe.run(recipe, *options, VOXPOPULI=str(tmp_path / "corpus"))
    pretrained = (recipe / "exp/pretrain_xlsr_mono_it/config.yaml").read_text()
    assert "train_data:\n- dump/raw/it_unlabelled" in pretrained
    assert len((recipe / "dump/raw/it_unlabelled/wav.scp").read_text().splitlines()) == 8
    assert (recipe / "exp/asr_it_xlsr_mono/decode_greedy/it_test/score_wer/score.json").exists()
    assert "asr_it_xlsr_mono" in (recipe / "exp/RESULTS.md").read_text()
    assert (recipe / "exp/asr_it_xlsr_mono/asr_it_xlsr_mono.zip").exists()
