"""A small token list, log-probabilities written as strings, and n-gram models written by hand."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from asrkit.tokens import TokenList

TOKENS = TokenList.build(["a", "b", "c", "d"])


def scores(frames: str, *, sure: float = 0.9, tokens: TokenList = TOKENS) -> np.ndarray:
    """Log-probabilities [T, V]: one letter a frame, ``-`` is the blank, ``_`` is ``<space>``."""
    out = np.full((len(frames), len(tokens)), math.log((1 - sure) / (len(tokens) - 1)))
    for frame, letter in enumerate(frames):
        name = {"-": "<blank>", "_": "<space>"}.get(letter, letter)
        out[frame, tokens.symbols.index(name)] = math.log(sure)
    return out.astype(np.float32)


def unsure(frames: list[dict[str, float]], tokens: TokenList = TOKENS) -> np.ndarray:
    """Log-probabilities from probabilities by token and frame; the rest is shared evenly."""
    out = []
    for frame in frames:
        rest = (1 - sum(frame.values())) / (len(tokens) - len(frame))
        out.append([math.log(frame.get(symbol, rest)) for symbol in tokens.symbols])
    return np.array(out, dtype=np.float32)


def unigram_arpa(path: Path, log10: dict[str, float]) -> Path:
    """An ARPA file of unigrams; KenLM wants bigrams too, so there is one that never occurs."""
    entries = {"<unk>": -5.0, "<s>": -99.0, "</s>": -1.0, **log10}
    rows = "".join(f"{value}\t{word}\t0\n" for word, value in entries.items())
    path.write_text(
        f"\\data\\\nngram 1={len(entries)}\nngram 2=1\n\n\\1-grams:\n{rows}\n"
        "\\2-grams:\n-9\t<s> </s>\n\n\\end\\\n",
        encoding="utf-8",
    )
    return path
