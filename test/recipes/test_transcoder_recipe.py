"""Stages 10 to 13 with a Transcoder: a language of three words, each of them a tone."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
import whole_recipe
from make_audio import data_dir
from tones import GAP, STEP, TINY_ENCODER

TONES = {"va": 2500.0, "sono": 5600.0, "luce": 12500.0}  # radians a second
RECOGNIZER = f"""objective: ctc
objective_conf: {{mask_prob: 0.0, channel_mask_prob: 0.0}}
encoder: logmel
encoder_conf: {TINY_ENCODER}
optimizer_conf: {{lr: 0.01}}
batch_bins: 300000
max_update: 150
valid_interval: 75
grad_clip: 5.0
best_metric: token_error_rate
num_workers: 0
"""
TRANSCODER = """objective: transcoder
objective_conf: {gated: true}
encoder: transcoder
encoder_conf: {width: 32, blocks: 1, heads: 2, ffn: 64, dropout: 0.0}
optimizer_conf: {lr: 0.01}
token_file: text.star
batch_bins: 2000
max_batch_size: 32
max_update: 60
valid_interval: 30
grad_clip: 1.0
best_metric: word_error_rate
num_workers: 0
"""
TUNED = "init_take: [encoder, head, gate]\n" + TRANSCODER.replace(": 60", ": 4").replace(
    "{lr: 0.01}", "{lr: 0.001}"
).replace(": 30", ": 2")


def speak(folder: Path, count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    audio, text = {}, {}
    (folder / "wav").mkdir(parents=True)
    time = np.arange(2 * STEP) / 16_000
    for number in range(count):
        words = [str(word) for word in rng.choice(list(TONES), size=rng.integers(2, 5))]
        pieces = [p for w in words for p in (np.sin(TONES[w] * time), np.zeros(GAP))]
        wave = 0.3 * np.concatenate(pieces)
        key = f"it_s-{folder.name}{number:03}"
        path = folder / "wav" / f"{key}.wav"
        soundfile.write(path, wave + 0.01 * rng.standard_normal(len(wave)), 16_000)
        audio[key], text[key] = str(path), " ".join(words)
    tables = {"utt2lang": dict.fromkeys(audio, "it"), "utt2spk": dict.fromkeys(audio, "it_s")}
    data_dir(folder, audio, text=text, **tables, spk2utt={"it_s": " ".join(sorted(audio))})


@pytest.mark.recipe
@pytest.mark.timeout(600)
def test_from_audio_to_words(tmp_path: Path) -> None:
    recipe = whole_recipe.bare_recipe(tmp_path / "asr1")
    for name, text in (("asr", RECOGNIZER), ("p2w", TRANSCODER), ("p2w_hyp", TUNED)):
        (recipe / f"{name}.yaml").write_text(text)
    for part, count, seed in (("train", 100, 0), ("valid", 8, 1), ("test", 8, 2)):
        speak(recipe / f"data/it_{part}", count, seed)
    rng = np.random.default_rng(3)
    lines = [" ".join(rng.choice(list(TONES), size=rng.integers(1, 9))) for _ in range(300)]
    (recipe / "data/lm_text").mkdir()
    (recipe / "data/lm_text/it.txt").write_text("\n".join(lines) + "\n")
    options = [
        "--langs", "it", "--target", "it", "--finetune_config", "asr.yaml", "--asr_tag", "x",
        "--transcoder_config", "p2w.yaml", "--transcoder_hyp_config", "p2w_hyp.yaml",
        "--transcoder_text_args", "--valid 10 --test 20", "--use_ngram", "false", "--nj", "1",
        "--inference_modes", "transcoder transcoder_text", "--inference_nj", "1",
    ]  # fmt: skip
    said = whole_recipe.run(recipe, *options)
    assert "has only 3 words, fewer than asked for" in said

    def wer(place: str) -> float:
        score = json.loads((recipe / "exp" / place / "score_wer/score.json").read_text())
        assert score["oov_rate"] == 0
        return float(score["micro"])

    assert wer("p2w_it/decode_text/it_text") < 5
    assert wer("p2w_it/decode_text/it_test") < 5  # the transcripts' phones, read in place of heard
    assert wer("asr_x/decode_p2w_text/it_test") < 30
    assert wer("asr_x/decode_p2w/it_test") < 30
    heard = recipe / "exp/asr_x/hypotheses/it"
    halves = [(heard / f"part{n}of2/text.star").read_text().splitlines() for n in (1, 2)]
    assert 80 <= sum(map(len, halves)) <= 100
    table = (recipe / "exp/RESULTS.md").read_text()
    assert "decode_p2w_text" in table and "OOV 0.00 %" in table
    again = whole_recipe.run(recipe, *options, "--stage", "10")
    assert "asrkit.bin.dump_posteriors" not in again
    noisy = ["--transcoder_noise", "true", "--transcoder_hyp_config", "", "--stage", "10"]
    whole_recipe.run(recipe, *options, *noisy)
    assert "confusions.json" in (recipe / "exp/p2w_noise_it_asr_x/config.yaml").read_text()
    assert wer("asr_x/decode_p2w_noise_text/it_test") < 30
