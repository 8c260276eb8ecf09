"""Posteriors of a network that spells a text, with errors and pauses where they are wanted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import torch

from asrkit.decode.timing import Clock
from asrkit.segmentation.frames import Columns, Frames, joined
from asrkit.tokens import TokenList

LETTERS = TokenList.build("abcdefghijklmnopqrstuvwxyz")
EACH = 4  # frames a token: one in which it is heard, and blanks
STEP = 320  # samples a frame


def posteriors(
    words: Iterable[Sequence[int]], *, errors: float = 0.0, seed: int = 0, pause: int = 10
) -> torch.Tensor:
    """Log-probabilities [T, 28] of words (columns of LETTERS), ``pause`` blanks behind each; a
    share of ``errors`` of the tokens is heard as another."""
    rng, rows = np.random.default_rng(seed), []
    for word in words:
        for token in word:
            heard = int(rng.integers(2, 28)) if rng.random() < errors else token
            rows += [0, heard, 0, 0]
        rows += [0] * pause
    soft = np.full((len(rows), len(LETTERS)), 0.001)
    soft[np.arange(len(rows)), rows] = 1
    return torch.from_numpy(np.log(soft / soft.sum(1, keepdims=True)).astype(np.float32))


def frames(log_probs: torch.Tensor) -> Frames:
    """With column n of scores for token n + 1 of LETTERS: 20 ms a frame."""
    columns = Columns(LETTERS, LETTERS.symbols[2:])
    return joined([log_probs], STEP * len(log_probs), columns, Clock(STEP, STEP))


def random_words(count: int, seed: int = 0) -> list[list[int]]:
    """Columns of LETTERS, two to eight a word."""
    rng = np.random.default_rng(seed)
    return [rng.integers(2, 28, size=rng.integers(2, 9)).tolist() for _ in range(count)]


def in_scores(words: Iterable[Sequence[int]]) -> list[list[int]]:
    """Columns of LETTERS as columns of the scores of ``frames``."""
    return [[token - 1 for token in word] for word in words]


class _Objective:
    def output_lengths(self, lengths: torch.Tensor) -> torch.Tensor:
        return lengths // STEP


class Model:
    """In a recognizer's place: says of any audio what it was given to say, frame by frame."""

    def __init__(self, log_probs: torch.Tensor, token_file: str = "text.char") -> None:
        self.tokens, self.token_file, self.step = LETTERS, token_file, 1
        self.objective = _Objective()
        self._log_probs = log_probs

    @property
    def samples(self) -> np.ndarray:
        """Audio of that length, of noise."""
        rng = np.random.default_rng(0)
        return rng.normal(0, 0.1, STEP * len(self._log_probs)).astype(np.float32)

    def frames(self, waves: Iterable[torch.Tensor]) -> Iterator[torch.Tensor]:
        """Windows are known by how they begin."""
        begins = self.samples.reshape(-1, STEP)[:, :16]
        for wave in waves:
            at = int(np.abs(begins - wave[:16].numpy()).sum(1).argmin())
            yield self._log_probs[at : at + len(wave) // STEP]


def spelled(text: str) -> list[list[int]]:
    """Words of a text as columns of LETTERS."""
    return [LETTERS.encode(word) for word in text.lower().split()]
