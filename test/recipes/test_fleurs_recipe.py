"""egs/fleurs on its miniature, from archives to a table."""

from __future__ import annotations

from pathlib import Path

import pytest
import whole_recipe
from corpora import fleurs


@pytest.mark.recipe
@pytest.mark.timeout(600)
def test_from_archives_to_results(tmp_path: Path) -> None:
    recipe = whole_recipe.copy_recipe(tmp_path / "egs", "fleurs")
    fleurs.make(tmp_path / "corpus")
    options = [
        "--method", "scratch", "--target", "it", "--finetune_config", "tiny_finetune.yaml",
        "--local_data_opts", "--max_missing 0.1", "--max_bad", "1", "--nj", "1",
        "--inference_nj", "1", "--inference_modes", "greedy", "--use_ngram", "false",
        "--stop_stage", "14", "--skip_packing", "false",
    ]  # fmt: skip
    whole_recipe.run(recipe, *options, FLEURS=str(tmp_path / "corpus"))
    assert len((recipe / "dump/raw/it_train/text.char").read_text().splitlines()) == 12
    assert (recipe / "exp/asr_it_scratch/decode_greedy/it_test/score_cer/score.json").exists()
    assert "asr_it_scratch" in (recipe / "exp/RESULTS.md").read_text()
    assert (recipe / "exp/asr_it_scratch/asr_it_scratch.zip").exists()
