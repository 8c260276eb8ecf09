"""egs/xlsr53 on three miniature corpora, then egs/mls from its model."""

from __future__ import annotations

from pathlib import Path

import pytest
import whole_recipe
from corpora import babel, commonvoice, mls

from asrkit.pack.archive import is_pack


@pytest.mark.recipe
@pytest.mark.timeout(600)
def test_three_corpora_then_fine_tuning_on_one(tmp_path: Path) -> None:
    egs = tmp_path / "egs"
    recipe = whole_recipe.copy_recipe(egs, "xlsr53")
    for corpus, module in (("mls", mls), ("commonvoice", commonvoice), ("babel", babel)):
        whole_recipe.copy_recipe(egs, corpus)
        module.make(tmp_path / corpus)
    corpora = {name.upper(): str(tmp_path / name) for name in ("mls", "commonvoice", "babel")}
    options = [
        "--sets", "mls_it mls_pl cv_it babel_ka", "--pretrain_config", "tiny_pretrain.yaml",
        "--local_data_opts", "--mls_opts max_missing=0.6 --valid_utterances 3", "--max_bad", "5",
        "--nj", "1",
    ]  # fmt: skip
    refused = whole_recipe.attempt(recipe, *options, **corpora)
    assert refused.returncode == 1
    assert "1 of 4 sets could not be prepared (see above): mls_pl" in refused.stderr
    assert "no folder mls_polish or mls_polish_opus" in refused.stderr
    assert not (recipe / "dump").exists()

    whole_recipe.run(recipe, *options, "--allow_missing", "true", **corpora)
    config = (recipe / "exp/pretrain_xlsr_53/config.yaml").read_text()
    for name in ("mls_it", "cv_it", "babel_ka"):
        assert f"- dump/raw/{name}_train" in config
        assert len((recipe / f"dump/raw/{name}_valid/wav.scp").read_text().splitlines()) <= 3
    assert "mls_pl" not in config
    hours = (recipe / "dump/hours.md").read_text()
    assert "| mls_it " in hours and "| cv_it " in hours and "| babel_ka " in hours
    assert (recipe / "exp/pretrain_xlsr_53/last.pt").exists()

    tuning = (
        "--labeled 1h --max_bad 1 --finetune_config tiny_finetune.yaml --inference_modes greedy"
        " --local_data_opts '--max_missing 0.6' --nj 1 --inference_nj 1 --use_ngram false"
    )
    whole_recipe.run(
        recipe, *options, "--allow_missing", "true", "--stage", "6", "--skip_packing", "false",
        "--finetune", "mls_it", "--finetune_opts", tuning, **corpora,
    )  # fmt: skip
    tuned = (egs / "mls/asr1/exp/asr_it_xlsr_53_1h/config.yaml").read_text()
    assert f"init: {recipe}/exp/pretrain_xlsr_53/last.pt" in tuned
    assert "asr_it_xlsr_53_1h" in (egs / "mls/asr1/exp/RESULTS.md").read_text()
    assert is_pack(recipe / "exp/pretrain_xlsr_53/pretrain_xlsr_53.zip")
