"""Three commands from a table and clips to words, in a language of which espeak has no voice."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import whole_recipe
from corpora.speech import CLIPS, clips

ROOT = whole_recipe.ROOT


def shell(command: str, folder: Path) -> str:
    env = {**os.environ, "ASRKIT_VENV": sys.prefix, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder, env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    return done.stdout


@pytest.mark.recipe
@pytest.mark.timeout(600)
def test_words_in_three_commands(tmp_path: Path) -> None:
    recipe = tmp_path / "egs/mine/asr1"
    shell(f"{ROOT}/utils/new_recipe.sh egs/mine/asr1 --small", tmp_path)
    rows = [f"{clip.path.name};{clip.text}" for clip in clips("it")]
    text = "\n".join(["file;transcript", *rows, "missing;nulla"])
    (tmp_path / "my table.csv").write_text(text, encoding="utf-8")

    table = ("--table", str(tmp_path / "my table.csv"), "--audio", str(CLIPS / "it"))
    length = ("--max_update", "2", "--inference_modes", "greedy lexicon", "--nj", "1")
    said = whole_recipe.run(recipe, "--lang", "qxx", *table, *length)
    assert "separator semicolon, header file transcript: audio from 'file'" in said
    assert "no voice for language 'qxx'" in said
    assert "--token_type auto: char" in said
    (results,) = recipe.glob("exp/asr_*_char/decode_greedy/qxx_test/score_wer/score.json")
    assert results.parents[3].name in (recipe / "exp/RESULTS.md").read_text()

    new = clips("it")[0].path
    words = shell(f". ./path.sh && asrkit infer {new}", recipe)
    assert words.startswith(f"{new}\t")

    # the same again does nothing; a corrected table is imported again, from a model's folder on
    again = whole_recipe.run(recipe, "--lang", "qxx", *table, *length, "--stop_stage", "8")
    assert "import_data" not in again
    (tmp_path / "my table.csv").write_text(text.replace("missing;nulla", ""), encoding="utf-8")
    more = whole_recipe.run(
        recipe, "--lang", "qxx", *table, *length, "--stop_stage", "8",
        "--pretrained", str(results.parents[3]),
    )  # fmt: skip
    assert "import_data" in more
    assert not (recipe / "data/qxx_left_out.tsv").exists()
    assert "encoder: " in more
    assert list(recipe.glob("exp/asr_*_from_asr_*/last.pt"))
