"""Waveforms and labels of one micro-batch as padded tensors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from asrkit.batch import Padded, pad
from asrkit.keys import key_of


def crop_start(length: int, target: int, *key: int | str) -> int:
    """Where a crop of ``target`` samples begins in ``length``: uniform, and fixed by ``key``."""
    return key_of(*key, "crop") % (length - target + 1)


def pad_arrays(rows: Sequence[np.ndarray], size: int = 0) -> Padded:
    """Rows [T_i, ...] to float32 [B, T, ...], zeros behind; T is the longest, and ``size`` at
    least. Copied by numpy: no threads to wait for."""
    lengths = [len(row) for row in rows]
    data = np.zeros((len(rows), max(size, *lengths), *rows[0].shape[1:]), np.float32)
    for target, row in zip(data, rows, strict=True):
        target[: len(row)] = row
    return Padded(torch.from_numpy(data), torch.tensor(lengths, dtype=torch.int64))


def pad_labels(rows: Sequence[Sequence[int]]) -> Padded:
    """int64 [B, L], zeros behind; a row may have no label at all."""
    return pad([torch.tensor(list(row), dtype=torch.int64) for row in rows])
