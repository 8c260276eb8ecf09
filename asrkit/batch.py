"""What travels from the data to a model: padded tensors and the batch that names them."""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import torch
from torch import Tensor

from asrkit.plain import is_plain


class Padded(NamedTuple):
    """Sequences of unequal length in one tensor.

    data: [B, T, ...], rows padded at the end (with zeros, if not said otherwise).
    lengths: [B] int64, on the host: the loop never waits for the device to learn a length.
    """

    data: Tensor
    lengths: Tensor

    def has_padding(self) -> bool:
        """Whether any row is shorter than ``data``; in plain form (asrkit/plain.py) none is."""
        return not is_plain() and int(self.lengths.min()) < self.data.shape[1]

    def valid(self) -> Tensor:
        """bool [B, T], true where a position holds data; on the device of ``data``."""
        return valid_mask(self.lengths, self.data.shape[1], self.data.device)

    def to(self, device: torch.device) -> Padded:
        return Padded(self.data.to(device, non_blocking=True), self.lengths)


def valid_mask(lengths: Tensor, size: int, device: torch.device) -> Tensor:
    """bool [B, size] from host lengths [B]."""
    return torch.arange(size, device=device) < lengths.to(device, non_blocking=True)[:, None]


def pad(rows: list[Tensor], value: float = 0) -> Padded:
    """Stacks tensors [T_i, ...] into one Padded [B, max T, ...]."""
    lengths = torch.tensor([row.shape[0] for row in rows], dtype=torch.int64)
    data = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=value)
    return Padded(data, lengths)


@dataclasses.dataclass(frozen=True)
class Batch:
    """One micro-batch of B utterances. A stream that this corpus does not have is None.

    ids: utterance ids.
    keys: [B] int64 on the host, one number an utterance (and copy, where a language is repeated).
        All random choices for a row (mask, negatives, Gumbel noise) derive from it, the seed and
        the step, so a row draws the same on any number of ranks.
    speech: [B, S] float32 at 16 kHz.
    text: [B, L] int64 labels to recognize (phones, characters, BPE units, words, or word labels:
        0 or a word at every phone).
    phones: [B, L] int64 phone labels that accompany self-supervised objectives; length 0 means
        an unlabeled utterance.
    posteriors: [B, L, P] float32 phone posteriors, one-hot when the phones come from text; P is the
        phone list without the blank, rows sum to 1, padding is 0.
    langs: [B] int64 language numbers.
    bad: one line for each utterance that could not be read and was replaced by another.
    """

    ids: list[str]
    keys: Tensor
    speech: Padded | None = None
    text: Padded | None = None
    phones: Padded | None = None
    posteriors: Padded | None = None
    langs: Tensor | None = None
    bad: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.ids)

    def to(self, device: torch.device) -> Batch:
        def move(value: Padded | None) -> Padded | None:
            return None if value is None else value.to(device)

        return dataclasses.replace(
            self,
            speech=move(self.speech),
            text=move(self.text),
            phones=move(self.phones),
            posteriors=move(self.posteriors),
            langs=None if self.langs is None else self.langs.to(device, non_blocking=True),
        )

    def pin_memory(self) -> Batch:
        """Called by torch's loader, so that ``to`` copies while the device computes."""

        def pin(value: Padded | None) -> Padded | None:
            return None if value is None else Padded(value.data.pin_memory(), value.lengths)

        return dataclasses.replace(
            self,
            speech=pin(self.speech),
            text=pin(self.text),
            phones=pin(self.phones),
            posteriors=pin(self.posteriors),
        )
