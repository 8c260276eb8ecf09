"""Whole recipes on miniature corpora, each copied to a folder of its own, with tiny models."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
ENCODER = """
encoder: logmel
encoder_conf:
  conv_layers: [[32, 3, 1], [32, 3, 2]]
  mels: 40
  width: 32
  layers: 1
  heads: 2
  norm_first: true
  positional: [15, 4, 1]
  dropout: 0.0
  attention_dropout: 0.0
  input_dropout: 0.0
  layerdrop: 0.0
optimizer: adamw
optimizer_conf: {lr: 1e-3}
batch_bins: 320000
max_update: 3
log_interval: 1
valid_interval: 3
save_interval: 3
num_workers: 0
"""
FINETUNE = f"""objective: ctc
objective_conf: {{mask_prob: 0.0, channel_mask_prob: 0.0}}
schedule: tri_stage
max_sample_size: 320000
best_metric: token_error_rate
{ENCODER}"""
PRETRAIN = f"""objective: contrastive
objective_conf: {{final_size: 16, negatives: 5}}
quantizer: gumbel
quantizer_conf: {{groups: 2, entries: 8, vector_size: 16}}
schedule: polynomial
crop: true
min_sample_size: 8000
max_sample_size: 64000
language_alpha: 0.5
{ENCODER}"""


def corpus_of(make: Callable[[Path], object]) -> Any:
    """A fixture: the miniature that ``make`` writes, once a module; no test may change it."""

    @pytest.fixture(scope="module")
    def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
        folder = tmp_path_factory.mktemp("corpus")
        make(folder)
        return folder

    return corpus


def copy_recipe(egs: Path, corpus: str) -> Path:
    """``egs/<corpus>/asr1`` with links to the recipe's files, beside a link to the template."""
    egs.mkdir(parents=True, exist_ok=True)
    if not (egs / "TEMPLATE").exists():
        (egs / "TEMPLATE").symlink_to(ROOT / "egs/TEMPLATE")
    recipe = egs / corpus / "asr1"
    recipe.mkdir(parents=True)
    for source in (ROOT / f"egs/{corpus}/asr1").iterdir():
        if source.name in ("run.sh", "asr.sh"):  # copies: run.sh goes to the folder it lies in
            (recipe / source.name).write_bytes(source.read_bytes())
            (recipe / source.name).chmod(0o755)
        elif source.name not in ("data", "dump", "exp", "downloads"):
            (recipe / source.name).symlink_to(source)
    (recipe / "tiny_finetune.yaml").write_text(FINETUNE)
    (recipe / "tiny_pretrain.yaml").write_text(PRETRAIN)
    return recipe


def bare_recipe(folder: Path) -> Path:
    """A recipe in ``folder`` that is asr.sh alone: its stage 1 finds the data folders made."""
    (folder / "local").mkdir(parents=True)
    for name in ("asr.sh", "path.sh"):
        (folder / name).symlink_to(ROOT / "egs/TEMPLATE/asr1" / name)
    for name, text in (("run.sh", 'exec ./asr.sh "$@"'), ("local/data.sh", "exit 0")):
        (folder / name).write_text(f"#!/usr/bin/env bash\n{text}\n")
        (folder / name).chmod(0o755)
    return folder


def run(recipe: Path, *options: str, script: str = "./run.sh", **variables: str) -> str:
    """Runs a script, such as run.sh, with the options and environment variables; its output, or
    AssertionError."""
    done = attempt(recipe, *options, script=script, **variables)
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    return done.stdout + done.stderr


def attempt(
    recipe: Path, *options: str, script: str = "./run.sh", **variables: str
) -> subprocess.CompletedProcess[str]:
    """As ``run``, whatever the exit status."""
    env = {**os.environ, "ASRKIT_VENV": sys.prefix, "OMP_NUM_THREADS": "1", **variables}
    return subprocess.run([script, *options], cwd=recipe, env=env, capture_output=True, text=True)
