"""A toy language: words are spelled by their letters, so that a Transcoder learns it in seconds."""

from __future__ import annotations

from pathlib import Path

import kaldiio
import numpy as np
import torch
from hearing import Hearing

from asrkit.bin import asr_train
from asrkit.tokens import TokenList
from asrkit.transcoder.labels import word_labels

WORDS = ["a", "bd", "bc", "cab", "dada", "cda"]  # none begins another: one reading of any text
PHONES = TokenList.build("abcd")
TOKENS = TokenList.build(WORDS)
# an n-gram that knows one of the words
ARPA = """\\data\\
ngram 1=4
ngram 2=1

\\1-grams:
-3.0	<unk>	0
-99	<s>	0
-1.0	</s>	0
-0.1	cab	0

\\2-grams:
-0.1	cab cab

\\end\\
"""


def sentences(count: int, seed: int = 0) -> list[list[str]]:
    rng = np.random.default_rng(seed)
    return [[str(w) for w in rng.choice(WORDS, size=rng.integers(1, 6))] for _ in range(count)]


def write_phones(folder: Path, texts: list[list[str]], *, posteriors: bool = False) -> Path:
    """A folder of phones with word labels; with ``posteriors``, matrices that favor them."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    lines: dict[str, list[str]] = {
        name: [] for name in ("text", "text.phn", "text.star", "utt2lang")
    }
    rows = {}
    for number, words in enumerate(texts):
        key = f"u{number:04d}"
        phones = [letter for word in words for letter in word]
        lines["text"].append(f"{key} {' '.join(words)}")
        lines["text.phn"].append(f"{key} {' '.join(phones)}")
        lines["text.star"].append(f"{key} {' '.join(word_labels(words, words))}")
        lines["utt2lang"].append(f"{key} xx")
        soft = rng.random((len(phones), 5)) * 0.1
        soft[np.arange(len(phones)), np.array(PHONES.encode(phones)) - 1] += 1
        rows[key] = (soft / soft.sum(1, keepdims=True)).astype(np.float32)
    for name, content in lines.items():
        (folder / name).write_text("\n".join(content) + "\n")
    if posteriors:
        kaldiio.save_ark(str(folder / "p.ark"), rows, scp=str(folder / "posteriors.scp"))
    return folder


def corpus(folder: Path) -> Path:
    """train, valid, phones.txt and words.txt in ``folder``."""
    write_phones(folder / "train", sentences(300))
    write_phones(folder / "valid", sentences(20, seed=1))
    PHONES.write(folder / "phones.txt")
    TOKENS.write(folder / "words.txt")
    return folder


def train_args(folder: Path, out: Path, *more: str) -> list[str]:
    """A command line that trains a small Transcoder on ``corpus``."""
    return [
        "--objective", "transcoder", "--encoder", "transcoder",
        "--encoder_conf", "{width: 32, blocks: 1, heads: 2, ffn: 64, dropout: 0.0}",
        "--optimizer_conf", "{lr: 0.01}", "--schedule_conf", "{warmup: 0.1}",
        "--train_data", str(folder / "train"), "--valid_data", str(folder / "valid"),
        "--token_list", str(folder / "words.txt"), "--token_file", "text.star",
        "--phone_list", str(folder / "phones.txt"), "--output_dir", str(out),
        "--batch_bins", "2000", "--max_batch_size", "32", "--num_workers", "0",
        "--max_update", "80", "--valid_interval", "40", "--log_interval", "20",
        "--grad_clip", "1.0", "--best_metric", "word_error_rate", *more,
    ]  # fmt: skip


def trained_model(folder: Path, out: Path) -> Path:
    """A small Transcoder that has learned ``corpus``, in ``out``."""
    assert asr_train.main(train_args(folder, out, "--set", "objective_conf.gated=true")) == 0
    return out


class Ears(Hearing):
    """In an acoustic model's place: hears a tone as 5 frames of its phone and a blank."""

    tokens = TokenList.build("abc")

    def hear(self, wave: torch.Tensor) -> torch.Tensor:
        steps = wave[: len(wave) // 2560 * 2560].view(-1, 2560)[:, :1600]
        rates = steps.diff(dim=1).square().mean(1) / steps.square().mean(1)
        phones = 2 + (rates[:, None] > torch.tensor([0.06, 0.3])).sum(1)
        frames = torch.stack([phones] * 5 + [torch.zeros_like(phones)], 1).flatten()
        return (torch.nn.functional.one_hot(frames, 5) + 1e-6).log()
