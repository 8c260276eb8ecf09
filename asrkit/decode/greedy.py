"""Greedy CTC decoding: the best symbol of every frame, repeats joined, blanks taken out."""

from __future__ import annotations

import torch
from torch import Tensor

from asrkit.batch import Padded


def collapse(frames: list[int]) -> list[int]:
    """Best symbols by frame to labels: repeats joined, then blanks (0) out (Graves 2006, B)."""
    out, last = [], 0
    for symbol in frames:
        if symbol not in (last, 0):
            out.append(symbol)
        last = symbol
    return out


def greedy_tokens(log_probs: Padded) -> list[list[int]]:
    """Log-probabilities [B, T, V] (or any scores) to B lists of token numbers; blank is 0.

    Frames beyond an utterance's length do not count; an utterance without frames gives [].
    """
    if log_probs.data.ndim != 3:
        raise ValueError(f"scores are [B, T, V], not {tuple(log_probs.data.shape)}")
    if log_probs.data.shape[1] == 0:
        return [[] for _ in range(log_probs.data.shape[0])]
    best: Tensor = log_probs.data.argmax(dim=-1).to(device="cpu", dtype=torch.int64)
    return [
        collapse(row[: int(length)])
        for row, length in zip(best.tolist(), log_probs.lengths, strict=True)
    ]
