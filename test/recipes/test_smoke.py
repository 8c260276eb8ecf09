"""The whole recipe, stages 1 to 14, on a minute of noise that goes by the names of the corpus."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import whole_recipe

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


def run(recipe: Path, *options: str) -> str:
    common = [
        "--langs", "it es", "--labeled_minutes", "0.5", "--batch_bins", "320000",
        "--local_data_opts", "--lm_text false", "--beam_args", "--beam_size 5",
        "--num_workers", "0",
    ]  # fmt: skip
    sounds = str(recipe / "downloads")
    return whole_recipe.run(recipe, *common, *options, ASTERISK_SOUNDS=sounds)


def copy_recipe(folder: Path) -> Path:
    recipe = whole_recipe.copy_recipe(folder, "mini_asterisk")
    make_corpus(recipe / "downloads")
    return recipe


@pytest.mark.recipe
def test_all_stages_then_nothing_then_more_updates(tmp_path: Path) -> None:
    recipe = copy_recipe(tmp_path)
    pack = ("--stop_stage", "14", "--skip_packing", "false")
    run(recipe, "--max_update", "2", *pack)
    results = (recipe / "exp/RESULTS.md").read_text()
    for name in (
        "asr_multilingual_it_es",
        "asr_it_0.5min_scratch_it_es",
        "asr_it_0.5min_xlsr_it_es",
    ):
        assert name in results
        assert (recipe / "exp" / name / "last.pt").exists()
        assert (recipe / "exp" / name / f"{name}.zip").exists()
    assert "PER" in results and "it_test" in results

    again = run(recipe, "--max_update", "2", "--stage", "1", "--stop_stage", "5")
    assert "+ python3" not in again.replace("+ python3 -m asrkit.bin.hours", "")

    run(recipe, "--max_update", "3", "--stage", "8", "--stop_stage", "8")
    log = (recipe / "exp/asr_multilingual_it_es/train.jsonl").read_text()
    assert '"step": 3' in log


@pytest.mark.recipe
@pytest.mark.timeout(900)
def test_labels_of_the_models_own(tmp_path: Path) -> None:
    recipe = copy_recipe(tmp_path)
    # noise has no words: they are paid for, and none is sure
    (recipe / "weights.json").write_text('{"lm_weight": 0, "word_score": 30}')
    labels = ["--self_training_args", "--min_confidence 0 --weights weights.json"]
    length = ["--max_update", "2", "--self_training_update", "3"]
    run(recipe, "--method", "self_trained", *length, *labels)
    pretrained = (recipe / "exp/continue_joint_it_0.5min_it_es/train.log").read_text()
    assert "train es: " in pretrained and "train it: " in pretrained
    name = "asr_it_0.5min_self_trained_it_es"
    labeled = set((recipe / "dump/raw/it_train_0.5min/text").read_text().splitlines())
    for number, model in enumerate((f"{name}_round1", name)):
        own = recipe / f"dump/raw/it_train_by_{name}_round{number}"
        rows = (own / "text").read_text().splitlines()
        ids = {row.split()[0] for row in rows}
        assert ids and ids.isdisjoint(row.split()[0] for row in labeled)
        assert set(" ".join(row.partition(" ")[2] for row in rows).split()) <= set(WORDS["it"])
        config = (recipe / "exp" / model / "config.yaml").read_text()
        assert f"- {own.relative_to(recipe)}\n" in config
        assert '"step": 3' in (recipe / "exp" / model / "train.jsonl").read_text()
    assert name in (recipe / "exp/RESULTS.md").read_text()
