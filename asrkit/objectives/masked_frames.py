"""The masked frames of a batch, gathered into one tensor."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor


class MaskedFrames(NamedTuple):
    """Positions of the masked frames.

    frames: [B, N] frame numbers, row by row in order, filled up with 0; on the device.
    valid: bool [B, N], which of them are real; on the device.
    counts: [B] int64, real ones a row; on the host. A row with one is given none: there would
        be nothing to compare it with.
    """

    frames: Tensor
    valid: Tensor
    counts: Tensor

    @classmethod
    def of(cls, mask: Tensor, device: torch.device) -> MaskedFrames:
        """From a bool mask [B, T] on the host."""
        rows = [np.flatnonzero(row) for row in mask.numpy()]
        rows = [row if row.size >= 2 else row[:0] for row in rows]
        counts = np.array([row.size for row in rows], dtype=np.int64)
        frames = np.zeros((len(rows), max(int(counts.max()), 1)), dtype=np.int64)
        for number, row in enumerate(rows):
            frames[number, : row.size] = row
        valid = np.arange(frames.shape[1])[None] < counts[:, None]
        return cls(
            torch.from_numpy(frames).to(device, non_blocking=True),
            torch.from_numpy(valid).to(device, non_blocking=True),
            torch.from_numpy(counts),
        )

    @property
    def total(self) -> int:
        return int(self.counts.sum())

    def take(self, x: Tensor) -> Tensor:
        """[B, T, D] to the picked [B, N, D]."""
        rows = torch.arange(x.shape[0], device=x.device)[:, None]
        return x[rows, self.frames]

    @torch.no_grad()
    def spread(self, x: Tensor) -> Tensor:
        """Standard deviation over the real frames of x [B, N, D], mean over the channels."""
        weights = self.valid[..., None].float()
        count = max(self.total, 1)
        mean = (x * weights).sum((0, 1)) / count
        return (((x - mean).square() * weights).sum((0, 1)) / count).sqrt().mean()
