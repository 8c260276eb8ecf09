"""Micro-batches of phone posteriors and word labels, for models that read phones (TranUSR 2.3)."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import kaldiio
import numpy as np
import torch

from asrkit.batch import Batch
from asrkit.data import collate
from asrkit.data.dataset import BatchDataset
from asrkit.data.sampler import BatchSpec
from asrkit.files import DataError
from asrkit.keys import key_of
from asrkit.tokens import TokenList
from asrkit.transcoder.index import PhoneIndex
from asrkit.transcoder.labels import encode_labels
from asrkit.transcoder.noise import PhoneNoise


def one_hot(spoken: Sequence[str], phones: TokenList) -> np.ndarray:
    """float32 [L, P] of certain phones: column j is token j + 1. What is no phone of the list, the
    name of the blank included, is ``<unk>``, column 0."""
    rows = np.zeros((len(spoken), len(phones) - 1), np.float32)
    numbers = np.array(phones.encode(spoken), np.int64)
    rows[np.arange(len(spoken)), np.maximum(numbers - 1, 0)] = 1
    return rows


def read_matrix(place: str, shape: tuple[int, int]) -> np.ndarray:
    """float32 posteriors from ``file.ark:offset``. Raises DataError on another shape or file,
    and on NaN."""
    try:
        found = np.asarray(kaldiio.load_mat(place))
    except (OSError, ValueError, EOFError, AssertionError, struct.error) as error:
        reason = str(error) or "cut short, or no matrix"  # kaldiio asserts without a word
        raise DataError(f"{place}: no matrix can be read ({reason}); run stage 11 again") from None
    if found.shape != shape:
        raise DataError(
            f"{place}: the posteriors are {found.shape}, not {shape} (phones, columns of the phone"
            " list without blank); they were dumped for another phone list: run stage 11 again"
        )
    if not np.isfinite(found).all():
        raise DataError(f"{place}: the posteriors hold NaN or infinity; run stage 11 again")
    return found.astype(np.float32, copy=False)


class PhoneDataset(BatchDataset):
    """``Batch.posteriors`` [B, L, P] and ``Batch.text`` [B, L].

    phones: the columns, P = len(phones) - 1: ``<unk>`` first, then the phones; none for blank. A
        phone that is not in the list becomes ``<unk>``.
    tokens: words; turns word labels into ``Batch.text``: 0 star, 1 unknown word. None: no labels.
    noise: recognition errors for phones of text, drawn again in each epoch; needs labels.
    """

    index: PhoneIndex

    def __init__(
        self,
        index: PhoneIndex,
        phones: TokenList,
        tokens: TokenList | None,
        noise: PhoneNoise | None = None,
    ) -> None:
        if (tokens is not None or noise is not None) and index.token_file is None:
            raise DataError("labels are wanted, but the index was opened without a token file")
        self.index, self.phones, self.tokens, self.noise = index, phones, tokens, noise
        self.sample_bytes = 4 * (len(phones) - 1)

    def _batch(self, spec: BatchSpec) -> Batch:
        rows = [int(row) for row in spec.rows]
        ids = [self.index.id(row) for row in rows]
        keys = [key_of(name, int(copy)) for name, copy in zip(ids, spec.copies, strict=True)]
        matrices, labels = [], []
        for row, name, copy in zip(rows, ids, spec.copies, strict=True):
            matrix, label = self._noisy(row, spec.epoch, name, int(copy))
            matrices.append(matrix)
            labels.append(label)
        text = None
        if self.tokens is not None:
            text = collate.pad_labels([encode_labels(label, self.tokens) for label in labels])
        return Batch(
            ids=ids,
            keys=torch.tensor(keys, dtype=torch.int64),
            text=text,
            posteriors=collate.pad_arrays(matrices),
            langs=torch.tensor([int(self.index.langs[row]) for row in rows]),
        )

    def _noisy(self, row: int, *key: int | str) -> tuple[np.ndarray, list[str]]:
        """float32 [L, P] of one sentence and its word labels."""
        labels = [] if self.index.token_file is None else self.index.labels(row)
        if self.noise is None or self.index.matrix(row) is not None:
            return self.matrix(row), labels
        noisy, labels = self.noise(self.index.phones(row), labels, *key)
        return one_hot(noisy, self.phones), labels

    def matrix(self, row: int) -> np.ndarray:
        """float32 [L, P] of one sentence."""
        place, phones = self.index.matrix(row), self.index.phones(row)
        if place is None:
            return one_hot(phones, self.phones)
        return read_matrix(place, (len(phones), len(self.phones) - 1))
