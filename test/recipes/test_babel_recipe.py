"""All stages of egs/babel on the miniature of three language packs; the commands of every system."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import whole_recipe
from corpora import babel

TINY = [
    "--pretrain_config", "tiny_pretrain.yaml", "--finetune_config", "tiny_finetune.yaml",
    "--nj", "1", "--inference_nj", "1", "--inference_args", "--beam_size 5",
]  # fmt: skip


@pytest.mark.recipe
@pytest.mark.timeout(600)
def test_two_languages_then_a_third(tmp_path: Path) -> None:
    recipe = whole_recipe.copy_recipe(tmp_path / "egs", "babel")
    babel.make(tmp_path / "corpus")
    options = ["--method", "xlsr_10", "--pretrain_langs", "zh ka", "--target", "sw"]
    out = whole_recipe.run(recipe, "--babel", str(tmp_path / "corpus"), *options, *TINY)
    assert "train_data dump/raw/zh_train dump/raw/ka_train" in out
    codecs = {
        line.split(maxsplit=1)[1]
        for name in ("zh", "ka", "sw")
        for line in (recipe / f"dump/org/{name}_train/utt2orig").read_text().splitlines()
    }
    assert codecs == {
        "8000 1 pcm_alaw", "8000 1 pcm_mulaw", "8000 1 pcm_s16le", "8000 1 pcm_s16be",
        "8000 1 shorten", "48000 1 pcm_24",
    }  # fmt: skip
    model = recipe / "exp/asr_sw_xlsr_10"
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
    whole_recipe.run(recipe, "--babel", str(tmp_path / "corpus"), *options, *more, *TINY[2:])
    model = recipe / "exp/asr_ka_scratch_kaldi_utterance"
    assert {"<oov>", "<noise>", "<v-noise>"} <= set((model / "tokens.txt").read_text().split())
    assert "|ka_test (tags: kaldi)|" in (recipe / "exp/RESULTS.md").read_text()
