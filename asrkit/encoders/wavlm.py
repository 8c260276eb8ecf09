"""WavLM: wav2vec 2.0's network with gated relative positions (Chen et al. 2022)."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from asrkit.encoders.relative import BucketedScores, GatedScores
from asrkit.encoders.touch_unused import touch_unused
from asrkit.encoders.transformer import Transformer
from asrkit.encoders.waveform import CONV_LAYERS, WaveformEncoder
from asrkit.ranges import BelowOne, Count, NotNegative


class GatedTransformer(Transformer):
    """A Transformer whose layers share scores by distance, each with gates of its own."""

    def __init__(
        self, size: int, *, heads: int, buckets: int, max_distance: int, **options: Any
    ) -> None:
        super().__init__(
            size, heads=heads, position=lambda: GatedScores(size // heads, heads=heads), **options
        )
        self.distances = BucketedScores(heads, buckets=buckets, max_distance=max_distance)

    def enter(self, frames: Tensor, valid: Tensor | None) -> Tensor:
        # of use to no layer where LayerDrop skips them all
        return touch_unused(super().enter(frames, valid), self.distances.parameters())

    def shared(self, frames: Tensor) -> tuple[Tensor, ...]:
        return (self.distances(frames.shape[1], frames.device),)


class WavLmEncoder(WaveformEncoder):
    """Samples at 16 kHz to context frames of ``width``; the defaults are WavLM Base.

    buckets, max_distance: of the relative positions (relative.BucketedScores). conv_layers,
    conv_norm, conv_bias, normalize: see WaveformEncoder; the others: as in Wav2Vec2Encoder.
    """

    def __init__(
        self,
        *,
        conv_layers: list[list[int]] = CONV_LAYERS,
        conv_norm: str = "group",
        conv_bias: bool = False,
        normalize: bool = False,
        width: Count = 768,
        layers: Count = 12,
        heads: Count = 12,
        norm_first: bool = False,
        positional: list[Count] = [128, 16, 1],  # noqa: B006 (read only)
        buckets: Count = 320,
        max_distance: Count = 800,
        dropout: BelowOne = 0.1,
        attention_dropout: BelowOne = 0.1,
        activation_dropout: BelowOne = 0.0,
        input_dropout: BelowOne = 0.1,
        layerdrop: BelowOne = 0.05,
        feature_grad_mult: NotNegative = 0.1,
    ) -> None:
        context = GatedTransformer(
            width,
            layers=layers,
            heads=heads,
            norm_first=norm_first,
            positional=positional,
            buckets=buckets,
            max_distance=max_distance,
            dropout=dropout,
            attention_dropout=attention_dropout,
            activation_dropout=activation_dropout,
            layerdrop=layerdrop,
        )
        super().__init__(
            context,
            conv_layers=conv_layers,
            conv_norm=conv_norm,
            conv_bias=conv_bias,
            normalize=normalize,
            input_dropout=input_dropout,
            feature_grad_mult=feature_grad_mult,
        )
