"""Local features of a front end that no longer learns, computed once an utterance.

Why: fine-tuning keeps wav2vec 2.0's convolutions as they were pre-trained (XLSR section 3.2) and
sees one hour thousands of times. They are a seventh of an update's work, and about a third while
the transformer is frozen too.
"""

from __future__ import annotations

import logging

import torch
from torch import Tensor
from torch.nn import functional as F

from asrkit.batch import Padded, pad
from asrkit.encoders.base import Encoder

logger = logging.getLogger("asrkit")


class FeatureCache:
    """In front of ``Encoder.extract``: remembers its results by utterance id, on their device.

    limit: bytes. What finds no room is computed each time; the log says so once.

    On a CPU a row is always extracted by itself, whether it is kept or not: its features then
    depend on nothing but its samples, and a resumed run, whose cache is empty, goes on as if it
    were full. A GPU gets the whole batch, whose shape it knows, where any row is missing.
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
        keys = [(name, int(length)) for name, length in zip(ids, speech.lengths, strict=True)]
        if speech.data.device.type == "cuda" and not all(key in self._kept for key in keys):
            return self._extract_together(encoder, keys, speech)
        rows, lengths = [], []
        for number, key in enumerate(keys):
            if key not in self._kept:
                row = speech.data[number : number + 1, : key[1]]
                frames = encoder.extract(Padded(row, speech.lengths[number : number + 1]))
                found = frames.data[0], frames.lengths
                self._keep(key, found)
            else:
                found = self._kept[key]
            rows.append(found[0])
            lengths.append(found[1])
        size = int(encoder.output_lengths(torch.tensor([speech.data.shape[1]])))
        rows[0] = F.pad(rows[0], (0, 0, 0, max(0, size - len(rows[0]))))
        return Padded(pad(rows).data, torch.cat(lengths))

    def clear(self) -> None:
        self._kept.clear()
        self.size, self._full = 0, False

    def _extract_together(
        self, encoder: Encoder, keys: list[tuple[str, int]], speech: Padded
    ) -> Padded:
        frames = encoder.extract(speech)
        for number, key in enumerate(keys):
            length = frames.lengths[number : number + 1]
            if key not in self._kept:
                self._keep(key, (frames.data[number, : max(1, int(length))], length))
        return frames

    def _keep(self, key: tuple[str, int], found: tuple[Tensor, Tensor]) -> None:
        frames, length = found
        size = frames.numel() * frames.element_size()
        if self.size + size <= self.limit:
            if frames.untyped_storage().nbytes() > size:
                frames = frames.clone()  # a part of a batch would keep all of it
            self._kept[key] = frames, length
            self.size += size
        elif not self._full:
            self._full = True
            logger.warning(
                "feature_cache_gib is used up by %d utterances; the features of the others are "
                "computed each time: raise it, or set it to 0 to compute them batch by batch",
                len(self._kept),
            )
