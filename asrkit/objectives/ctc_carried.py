"""Scores of a causal encoder and a head by CTC for samples that come in parts."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from asrkit.batch import Padded
from asrkit.encoders.carried import Carried


class CarriedScores:
    """Samples to log-probabilities, those of the whole to rounding.

    context: of the encoder. scores: context frames to log-probabilities, one for each ``stride`` of
    them, which sees ``kernel``. classes: how many.
    """

    def __init__(
        self,
        context: Carried,
        scores: Callable[[Padded], Padded],
        *,
        kernel: int,
        stride: int,
        classes: int,
    ) -> None:
        self._context, self._scores = context, scores
        self._kernel, self._stride, self._classes = kernel, stride, classes
        self._held: Tensor | None = None

    def add(self, samples: Tensor) -> Tensor:
        """The next samples [S] to the next frames [T, V]."""
        self._hold(self._context.add(samples[None]))
        size = 0 if self._held is None else self._held.shape[1]
        return self._made(max(0, (size - self._kernel) // self._stride + 1))

    def rest(self) -> Tensor:
        """The last of them, at the end of the samples."""
        self._hold(self._context.rest())
        return self._made(None)

    def _hold(self, frames: Tensor | None) -> None:
        if frames is not None:
            self._held = frames if self._held is None else torch.cat([self._held, frames], 1)

    def _made(self, count: int | None) -> Tensor:
        """So many frames, or all that are left."""
        if self._held is None or count == 0:
            return torch.zeros(0, self._classes)
        size = self._held.shape[1]
        if count is not None:
            size = (count - 1) * self._stride + self._kernel
        found = self._scores(Padded(self._held[:, :size], torch.tensor([size])))
        made = found.data[0, : int(found.lengths[0])][:count]
        self._held = self._held[:, len(made) * self._stride :]
        return made
