"""What bench/infer.py gives both engines: FLAC files from the clips in test/corpora, one model."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch

from asrkit.rate import RATE

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "test" / "corpora"))

LETTERS = "abcdefghijklmnopqrstuvwxyz'"
SMALL: dict[str, Any] = {
    "conv_dim": [32] * 7,
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 256,
    "num_conv_pos_embedding_groups": 4,
}


def speech() -> np.ndarray:
    """All clips, one after the other, at 16 kHz."""
    from speech import LANGUAGES, clips

    return np.concatenate([clip.samples() for lang in LANGUAGES for clip in clips(lang)])


def write_corpus(folder: Path, sound: np.ndarray, seconds: list[float]) -> list[str]:
    """FLAC files of these lengths, from random places of the sound."""
    rng = np.random.default_rng(0)
    folder.mkdir()
    paths = []
    for number, length in enumerate(int(RATE * seconds_each) for seconds_each in seconds):
        start = int(rng.integers(len(sound) - length))
        paths.append(str(folder / f"{number:05d}.flac"))
        soundfile.write(paths[-1], sound[start : start + length], RATE)
    return paths


def save_models(home: Path, sound: np.ndarray, quick: bool) -> None:
    """home/theirs and home/ours. The bias makes all letters as likely, so that text depends on
    the audio."""
    import transformers

    from asrkit.bin import convert_checkpoint

    torch.manual_seed(0)
    vocabulary = {"<pad>": 0, "<s>": 1, "</s>": 2, "<unk>": 3, "|": 4}
    vocabulary |= {letter: 5 + number for number, letter in enumerate(LETTERS)}
    config = transformers.Wav2Vec2Config(vocab_size=len(vocabulary), **(SMALL if quick else {}))
    model = transformers.Wav2Vec2ForCTC(config).eval()
    extractor = transformers.Wav2Vec2FeatureExtractor(do_normalize=True)
    inputs = extractor(sound[: RATE * 10], sampling_rate=RATE, return_tensors="pt")
    with torch.inference_mode():
        model.lm_head.weight.mul_(20)
        logits = model(**inputs).logits[0]
    with torch.no_grad():
        model.lm_head.bias.sub_(logits.mean(0))
        model.lm_head.bias[1:4] -= 100.0  # no text has these
    theirs = home / "theirs"
    model.save_pretrained(theirs)
    extractor.save_pretrained(theirs)
    (theirs / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    transformers.Wav2Vec2CTCTokenizer(str(theirs / "vocab.json")).save_pretrained(theirs)
    argv = ["--source", str(theirs), "--out", str(home / "ours")]
    if convert_checkpoint.main(argv):
        raise SystemExit("error: the model could not be converted; its message is above")


def corpora(home: Path, sound: np.ndarray, *, cuda: bool, quick: bool) -> dict[str, list[str]]:
    """Titles of the tables, and the files of each."""
    if not cuda and not quick:
        return {
            "files of 3 s": write_corpus(home / "3", sound, [3.0] * 24),
            "files of 15 s": write_corpus(home / "15", sound, [15.0] * 4),
        }
    low, high, count = (1, 4, 12) if quick else (4, 18, 240)
    lengths = np.random.default_rng(1).uniform(low, high, count)
    title = f"{count} files of {low} to {high} s"
    return {title: write_corpus(home / "mixed", sound, lengths.tolist())}
