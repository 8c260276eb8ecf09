"""The whole recipe, stages 1 to 14, on a minute of noise that goes by the names of the corpus."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RECIPE = ROOT / "egs/mini_asterisk/asr1"
WORDS = {
    "it": "premere uno due tre per la posta messaggio numero casella nuovo vecchio".split(),
    "es": "marque uno dos tres para el correo mensaje buzon nuevo viejo llamada".split(),
}


def make_corpus(downloads: Path) -> None:
    """Forty prompts of noise a language, laid out as Debian's packages unpack."""
    chance = random.Random(0)
    for lang, words in WORDS.items():
        texts = downloads / f"asterisk-core-sounds-{lang}"
        speech = downloads / f"asterisk-core-sounds-{lang}-g722"
        texts.mkdir(parents=True)
        speech.mkdir()
        keys = ["vm-goodbye", *(f"p{number}" for number in range(39))]
        lines = [f"{key}: {' '.join(chance.sample(words, 3))}" for key in keys]
        (texts / f"core-sounds-{lang}.txt").write_text("\n".join(lines) + "\n")
        for key in keys:
            (speech / f"{key}.g722").write_bytes(chance.randbytes(16000))


def run(recipe: Path, *options: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "ASRKIT_VENV": sys.prefix, "ASTERISK_SOUNDS": str(recipe / "downloads")}
    command = [
        "./run.sh", "--langs", "it es", "--labelled_minutes", "0.5", "--batch_bins", "320000",
        "--local_data_opts", "--lm_text false", "--beam_args", "--beam_size 5",
        "--num_workers", "0", *options,
    ]  # fmt: skip
    return subprocess.run(command, cwd=recipe, env=env, capture_output=True, text=True)


def copy_recipe(folder: Path) -> None:
    for name in ("asr.sh", "path.sh", "conf", "local"):
        (folder / name).symlink_to(RECIPE / name)
    (folder / "run.sh").write_bytes((RECIPE / "run.sh").read_bytes())
    (folder / "run.sh").chmod(0o755)
    make_corpus(folder / "downloads")


@pytest.mark.recipe
def test_all_stages_then_nothing_then_more_updates(tmp_path: Path) -> None:
    copy_recipe(tmp_path)
    pack = ("--stop_stage", "14", "--skip_packing", "false")
    first = run(tmp_path, "--max_update", "2", *pack)
    assert first.returncode == 0, first.stderr[-3000:]
    results = (tmp_path / "exp/RESULTS.md").read_text()
    for name in (
        "asr_multilingual_it_es",
        "asr_it_0.5min_scratch_it_es",
        "asr_it_0.5min_xlsr_it_es",
    ):
        assert name in results
        assert (tmp_path / "exp" / name / "last.pt").exists()
        assert (tmp_path / "exp" / name / f"{name}.zip").exists()
    assert "PER" in results and "it_test" in results

    again = run(tmp_path, "--max_update", "2", "--stage", "1", "--stop_stage", "5")
    assert again.returncode == 0
    assert "+ python3" not in again.stderr.replace("+ python3 -m asrkit.bin.hours", "")

    more = run(tmp_path, "--max_update", "3", "--stage", "8", "--stop_stage", "8")
    assert more.returncode == 0, more.stderr[-3000:]
    log = (tmp_path / "exp/asr_multilingual_it_es/train.jsonl").read_text()
    assert '"step": 3' in log


@pytest.mark.recipe
@pytest.mark.timeout(900)
def test_labels_of_the_models_own(tmp_path: Path) -> None:
    copy_recipe(tmp_path)
    # noise has no words: they are paid for, and none is sure
    (tmp_path / "weights.json").write_text('{"lm_weight": 0, "word_score": 30}')
    labels = ["--self_training_args", "--min_confidence 0 --weights weights.json"]
    length = ["--max_update", "2", "--self_training_update", "3"]
    done = run(tmp_path, "--method", "self_trained", *length, *labels)
    assert done.returncode == 0, done.stderr[-3000:]
    pretrained = (tmp_path / "exp/continue_joint_it_0.5min_it_es/train.log").read_text()
    assert "train es: " in pretrained and "train it: " in pretrained
    name = "asr_it_0.5min_self_trained_it_es"
    labelled = set((tmp_path / "dump/raw/it_train_0.5min/text").read_text().splitlines())
    for number, model in enumerate((f"{name}_round1", name)):
        own = tmp_path / f"dump/raw/it_train_by_{name}_round{number}"
        rows = (own / "text").read_text().splitlines()
        ids = {row.split()[0] for row in rows}
        assert ids and ids.isdisjoint(row.split()[0] for row in labelled)
        assert set(" ".join(row.partition(" ")[2] for row in rows).split()) <= set(WORDS["it"])
        config = (tmp_path / "exp" / model / "config.yaml").read_text()
        assert f"- {own.relative_to(tmp_path)}\n" in config
        assert '"step": 3' in (tmp_path / "exp" / model / "train.jsonl").read_text()
    assert name in (tmp_path / "exp/RESULTS.md").read_text()
