"""A toy language: every symbol is a tone, every utterance a few tones; learned in seconds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from asrkit.tokens import TokenList

TONES = {"a": 2500.0, "b": 5600.0, "c": 12500.0}  # radians a second
STEP, GAP = 1600, 960  # samples of a tone, and of the silence after it


def write_dump(folder: Path, utterances: int, *, seed: int = 0, lang: str = "xx") -> Path:
    """A dump folder of tone sequences, as stages 3-5 leave it."""
    rng = np.random.default_rng(seed)
    (folder / "audio").mkdir(parents=True)
    lines: dict[str, list[str]] = {
        name: []
        for name in ("wav.scp", "text", "text.phn", "utt2spk", "utt2lang", "utt2num_samples")
    }
    names = [f"{lang}_s-{number:03d}" for number in range(utterances)]
    for name in names:
        symbols = [str(s) for s in rng.choice(list(TONES), size=rng.integers(3, 7))]
        time = np.arange(STEP) / 16_000
        gap = np.zeros(GAP)
        wave = np.concatenate([w for s in symbols for w in (np.sin(TONES[s] * time), gap)])
        wave = (0.3 * wave + 0.01 * rng.standard_normal(len(wave))).astype(np.float32)
        path = folder / "audio" / f"{name}.flac"
        soundfile.write(path, wave, 16_000)
        text = " ".join(symbols)
        for file, value in {
            "wav.scp": str(path), "text": text, "text.phn": text, "utt2spk": f"{lang}_s",
            "utt2lang": lang, "utt2num_samples": str(len(wave)),
        }.items():  # fmt: skip
            lines[file].append(f"{name} {value}\n")
    lines["spk2utt"] = [f"{lang}_s {' '.join(names)}\n"]
    for file, content in lines.items():
        (folder / file).write_text("".join(content))
    return folder


def write_tokens(path: Path) -> Path:
    TokenList.build(TONES).write(path)
    return path


TINY_ENCODER = (
    "{conv_layers: [[32, 3, 1], [32, 3, 2]], mels: 20, width: 32, layers: 1, heads: 2, "
    "positional: [7, 4, 1], norm_first: true, dropout: 0.1, attention_dropout: 0.0, "
    "input_dropout: 0.0, layerdrop: 0.0}"
)


def ctc_args(folder: Path, out: Path, *more: str) -> list[str]:
    """A command line that trains CTC on ``folder``/train, made by ``corpus``."""
    return [
        "--objective", "ctc", "--objective_conf", "{mask_prob: 0.0, channel_mask_prob: 0.0}",
        "--encoder", "logmel", "--encoder_conf", TINY_ENCODER,
        "--optimizer_conf", "{lr: 0.01}", "--schedule_conf", "{warmup: 0.1}",
        "--train_data", str(folder / "train"), "--valid_data", str(folder / "valid"),
        "--token_list", str(folder / "tokens.txt"), "--token_file", "text.phn",
        "--output_dir", str(out), "--batch_bins", "200000", "--num_workers", "0",
        "--grad_clip", "5.0", "--best_metric", "token_error_rate", *more,
    ]  # fmt: skip


def corpus(folder: Path) -> Path:
    """train (150 utterances), valid (12) and tokens.txt in ``folder``."""
    write_dump(folder / "train", 150)
    write_dump(folder / "valid", 12, seed=1)
    write_tokens(folder / "tokens.txt")
    return folder
