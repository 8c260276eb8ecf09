"""Local features of a front end that no longer learns, computed once an utterance.

Why: fine-tuning keeps wav2vec 2.0's convolutions as they were pre-trained (XLSR section 3.2) and
hears one hour thousands of times. They are a seventh of an update's work, and about a third while
the transformer is frozen too.
"""

from __future__ import annotations

import logging

import torch
from torch import Tensor

from asrkit.batch import Padded, pad
from asrkit.encoders.base import Encoder

logger = logging.getLogger("asrkit")


class FeatureCache:
    """Stands before ``Encoder.extract``: remembers its results by utterance id, on their device.

    limit: bytes. What finds no room is computed each time; the log says so once.

    A row is always extracted by itself, whether it is kept or not: its features then depend on
    nothing but its samples, and a resumed run, whose cache is empty, goes on as if it were full.
    """

    def __init__(self, encoder: Encoder, limit: int) -> None:
        if not encoder.fixed_features:
            raise ValueError(
                "feature_cache_gib is for features that do not change: set "
                "encoder_conf.feature_grad_mult to 0, or feature_cache_gib to 0"
            )
        self.limit, self.size = limit, 0
        self._kept: dict[tuple[str, int], tuple[Tensor, Tensor]] = {}
        self._full = False

    def extract(self, encoder: Encoder, ids: list[str], speech: Padded) -> Padded:
        """As ``encoder.extract(speech)``, [B, S] to [B, T, F]; padding is 0."""
        rows, lengths = [], []
        for number, name in enumerate(ids):
            samples = speech.lengths[number : number + 1]
            key = (name, int(samples))
            if key not in self._kept:
                row = speech.data[number : number + 1, : key[1]]
                frames = encoder.extract(Padded(row, samples))
                found = frames.data[0], frames.lengths
                self._keep(key, found)
            else:
                found = self._kept[key]
            rows.append(found[0])
            lengths.append(found[1])
        return Padded(pad(rows).data, torch.cat(lengths))

    def _keep(self, key: tuple[str, int], found: tuple[Tensor, Tensor]) -> None:
        size = found[0].numel() * found[0].element_size()
        if self.size + size <= self.limit:
            self._kept[key] = found
            self.size += size
        elif not self._full:
            self._full = True
            logger.warning(
                "feature_cache_gib is used up by %d utterances; the features of the others are "
                "computed each time: raise it, or set it to 0 to compute them batch by batch",
                len(self._kept),
            )
