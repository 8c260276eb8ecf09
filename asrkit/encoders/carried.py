"""A causal encoder on samples that come in parts: its state is kept, and nothing computed again but
the few local features at the border of two parts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from asrkit.batch import Padded


class Sight(NamedTuple):
    """Samples that local feature t sees: from t * hop - before to t * hop + after, both included;
    where there are none, zeros."""

    hop: int
    before: int
    after: int


class States:
    """LSTM layers on frames [1, T, D] that come in parts."""

    def __init__(self, layers: Sequence[nn.LSTM]) -> None:
        self._layers = layers
        self._states: list[tuple[Tensor, Tensor] | None] = [None for _ in layers]

    def __call__(self, frames: Tensor) -> Tensor:
        for number, layer in enumerate(self._layers):
            frames, self._states[number] = layer(frames, self._states[number])
        return frames


class Carried:
    """Samples to context frames, those of the whole.

    extract: samples to local features; context: the next features [1, T, F] to context [1, T, D].
    """

    def __init__(
        self, extract: Callable[[Padded], Padded], context: Callable[[Tensor], Tensor], sight: Sight
    ) -> None:
        self._extract, self._context, self._sight = extract, context, sight
        self._margin = -(-sight.before // sight.hop)  # features that a border spoils
        self._held: Tensor | None = None
        self._total = self._done = 0  # samples, features

    def add(self, samples: Tensor) -> Tensor | None:
        """The next samples [1, S] to the next context frames [1, T, D]; None if there are none."""
        self._held = samples if self._held is None else torch.cat([self._held, samples], 1)
        self._total += samples.shape[1]
        return self._settled(max(0, -(-(self._total - self._sight.after) // self._sight.hop)))

    def rest(self) -> Tensor | None:
        """The last of them, at the end of the samples."""
        return self._settled(None)

    def _settled(self, until: int | None) -> Tensor | None:
        """Up to feature ``until``, or to the last one."""
        if self._held is None or (until is not None and until <= self._done):
            return None
        skip = min(self._done, self._margin)
        found = self._extract(Padded(self._held, torch.tensor([self._held.shape[1]])))
        last = int(found.lengths[0]) if until is None else until - self._done + skip
        features = found.data[:, skip:last]
        self._done += features.shape[1]
        begin = max(0, self._done - self._margin) * self._sight.hop
        held = self._total - self._held.shape[1]
        self._held = self._held[:, begin - held :]
        return self._context(features) if features.shape[1] else None
