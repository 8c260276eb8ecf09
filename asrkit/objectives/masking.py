"""Span masks, drawn on the host (wav2vec 2.0 section 3.1; released code, fairseq).

A mask is a union of spans of ``length`` positions. ``prob / length`` is the probability that a
position starts a span, so ``prob`` is not the masked share: 0.65 with spans of 10 masks 0.49 of a
long row.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import torch
from torch import Tensor

from asrkit import noise
from asrkit.keys import key_of

ROUNDINGS = ("row", "batch")


@dataclasses.dataclass(frozen=True)
class SpanMask:
    """How to draw a mask.

    min_spans: at least so many spans a row, where it has room.
    same_counts: rows of a batch are cut to the smallest count of masked positions among those
        that have 2 or more, by unmasking single positions.
    rounding: the expected number of spans is rounded at random, for each ``row`` or once for the
        ``batch`` (as released code did until 2022).
    """

    prob: float
    length: int
    min_spans: int = 0
    same_counts: bool = True
    rounding: str = "row"

    def __post_init__(self) -> None:
        if not 0 <= self.prob <= 1 or self.length < 1 or self.min_spans < 0:
            raise ValueError(f"a mask needs a probability in [0, 1] and a length above 0: {self}")
        if self.rounding not in ROUNDINGS:
            raise ValueError(f"mask_rounding is {self.rounding!r}; it must be one of {ROUNDINGS}")

    def draw(self, lengths: list[int], size: int, keys: Tensor, batch_key: int) -> np.ndarray:
        """bool [B, size] for rows of ``lengths`` valid positions.

        keys: [B] row keys (noise.row_keys), batch_key: one for the batch: equal keys, equal mask.
        Never masked: positions past the end, a row's last position unless the row is too short to
        hold its spans otherwise, all of a row.
        """
        generators = [np.random.default_rng(int(key)) for key in keys]
        common = float(np.random.default_rng(batch_key).random())
        mask = np.zeros((len(lengths), size), dtype=bool)
        if self.prob == 0:
            return mask
        for row, (length, generator) in enumerate(zip(lengths, generators, strict=True)):
            own = float(generator.random())
            offset = own if self.rounding == "row" else common
            self._mask_row(mask[row], length, offset, generator)
        if self.same_counts:
            _equalize(mask, generators)
        return mask

    def _mask_row(
        self, row: np.ndarray, length: int, offset: float, generator: np.random.Generator
    ) -> None:
        spans = max(int(self.prob * length / self.length + offset), self.min_spans)
        if length < 2 or spans == 0:
            return
        starts = length - self.length
        if starts <= spans:  # too short for the rule: just enough places
            starts = spans + 1
        first = generator.choice(starts, spans, replace=False)
        positions = (first[:, None] + np.arange(self.length)).ravel()
        row[positions[positions < length]] = True
        if row[:length].all():
            row[length - 1] = False


def _equalize(mask: np.ndarray, generators: list[np.random.Generator]) -> None:
    counts = mask.sum(1)
    usable = counts[counts >= 2]
    if usable.size == 0:
        return
    target = int(usable.min())
    for row, generator in enumerate(generators):
        if counts[row] > target:
            masked = np.flatnonzero(mask[row])
            mask[row, generator.choice(masked, counts[row] - target, replace=False)] = False


def draw_mask(
    spans: SpanMask, keys: Tensor, lengths: list[int], size: int, seed: int, step: int, name: str
) -> Tensor:
    """bool [B, size] on the host, a function of (seed, step, name, row key)."""
    rows = noise.row_keys(keys, seed, step, name)
    return torch.from_numpy(spans.draw(lengths, size, rows, key_of(seed, step, name)))
