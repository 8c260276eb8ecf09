"""What objectives share that tune a whole encoder on labels: freezing, masks, kept features."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable

import torch
from torch import Tensor, nn

from asrkit.batch import Batch, Padded
from asrkit.encoders.base import Encoder, Hidden
from asrkit.encoders.feature_cache import FeatureCache
from asrkit.encoders.touch_unused import touch_unused
from asrkit.objectives.base import Objective
from asrkit.objectives.masking import SpanMask, draw_mask
from asrkit.phases import Phase, phase_length


class FineTuned(Objective):
    """An encoder whose frames a head reads.

    freeze_steps: so many first updates, or this share of all, train the head alone; the encoder
    still masks and drops.
    freeze_encoder: the head learns alone throughout, on features as they were pre-trained.
    time_spans: of frames replaced by the encoder's mask vector; channel_spans: of channels set to
    0; in training only.
    feature_cache_gib: memory, in GiB, to keep the training set's local features in, for an encoder
    whose front end is frozen (FeatureCache).
    """

    def __init__(
        self,
        encoder: Encoder,
        *,
        freeze_steps: Phase,
        freeze_encoder: bool,
        time_spans: SpanMask,
        channel_spans: SpanMask,
        feature_cache_gib: float = 0.0,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.freeze_steps, self.freeze_encoder = freeze_steps, freeze_encoder
        if freeze_encoder:
            encoder.requires_grad_(False)
        self.time_spans, self.channel_spans = time_spans, channel_spans
        if feature_cache_gib < 0:
            raise ValueError(f"feature_cache_gib is {feature_cache_gib}; it must be 0 or more")
        self.feature_cache = None
        if feature_cache_gib:
            self.feature_cache = FeatureCache(encoder, int(feature_cache_gib * 2**30))

    def frozen(self) -> Iterable[nn.Parameter]:
        return self.encoder.parameters() if self._encoder_rests() else ()

    def forget(self) -> None:
        if self.feature_cache is not None:
            self.feature_cache.clear()

    @property
    def frozen_updates(self) -> float:
        """Updates before the encoder learns."""
        return phase_length(self.freeze_steps, self.total)

    def _encoder_rests(self) -> bool:
        return self.freeze_encoder or (self.training and self.step < self.frozen_updates)

    def _encode(self, batch: Batch, *, every_layer: bool = False) -> Hidden:
        """Context frames, masked in training, without a graph while the encoder is frozen."""
        frozen = self._encoder_rests()
        with torch.no_grad() if frozen else contextlib.nullcontext():
            features = self._features(batch)
            time_mask, channel_mask = self._masks(batch.keys, features)
            hidden = self.encoder.contextualize(
                features, time_mask, channel_mask=channel_mask, every_layer=every_layer
            )
        if not frozen:
            return hidden
        touched = touch_unused(hidden.output.data, self.encoder.parameters())
        return hidden._replace(output=Padded(touched, hidden.output.lengths))

    def _features(self, batch: Batch) -> Padded:
        """Local features of a batch's speech; ValueError if it has none."""
        if batch.speech is None:
            raise ValueError("training needs speech, and this batch has none")
        if self.feature_cache is not None and self.training:
            return self.feature_cache.extract(self.encoder, batch.ids, batch.speech)
        return self.encoder.extract(batch.speech)

    def _masks(self, keys: Tensor, features: Padded) -> tuple[Tensor | None, Tensor | None]:
        if not self.training:
            return None, None
        rows, size, _ = features.data.shape
        width = self.encoder.output_size
        device = features.data.device
        purpose = (self.seed, self.step)
        time_mask = channel_mask = None
        if self.time_spans.prob > 0:
            lengths = features.lengths.tolist()
            time_mask = draw_mask(self.time_spans, keys, lengths, size, *purpose, "mask")
            time_mask = time_mask.to(device, non_blocking=True)
        if self.channel_spans.prob > 0:
            widths = [width] * rows
            channel_mask = draw_mask(self.channel_spans, keys, widths, width, *purpose, "channels")
            channel_mask = channel_mask.to(device, non_blocking=True)
        return time_mask, channel_mask
