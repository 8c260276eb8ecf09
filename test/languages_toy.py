"""Two languages of tones, as far apart as two languages can be, and a classifier of them."""

from __future__ import annotations

from pathlib import Path

import pytest
import tones
from tones import TINY_ENCODER, write_dump

from asrkit.bin import token_list

HIGH = {"a": 9000.0, "b": 16000.0, "c": 21000.0}  # radians a second, of the second language


def corpus(folder: Path) -> Path:
    """train and valid of xx and yy, xx_train, ..., and languages.txt in ``folder``."""
    for part, count in (("train", 24), ("valid", 6)):
        write_dump(folder / f"xx_{part}", count, lang="xx", seed=len(part))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(tones, "TONES", HIGH)
            write_dump(folder / f"yy_{part}", count, lang="yy", seed=len(part))
    texts = [str(folder / f"{lang}_train" / "utt2lang") for lang in ("xx", "yy")]
    assert token_list.main(["--text", *texts, "--out", str(folder / "languages.txt")]) == 0
    return folder


def classify_args(folder: Path, out: Path, *more: str) -> list[str]:
    """A command line that trains a classifier on the two training sets."""
    data = {name: [str(folder / f"{lang}_{name}") for lang in ("xx", "yy")]
            for name in ("train", "valid")}  # fmt: skip
    return [
        "--objective", "classify", "--objective_conf", "{hidden_size: 8, least_share: 0.5}",
        "--encoder", "logmel", "--encoder_conf", TINY_ENCODER,
        "--optimizer_conf", "{lr: 0.01}", "--schedule_conf", "{warmup: 0.1}",
        "--train_data", *data["train"], "--valid_data", *data["valid"],
        "--token_list", str(folder / "languages.txt"), "--token_file", "utt2lang",
        "--output_dir", str(out), "--batch_bins", "60000", "--num_workers", "0", *more,
    ]  # fmt: skip
