"""w2v-BERT 2.0: pairs of log-mel frames in, Conformer layers, 50 frames a second out (Chung et al.
2021; Seamless Communication 2023)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import cast

from torch import Tensor, nn

from asrkit.batch import Padded
from asrkit.encoders.attention import SelfAttention
from asrkit.encoders.base import Hidden
from asrkit.encoders.block import Block
from asrkit.encoders.conformer import ConformerLayer, ConvModule
from asrkit.encoders.conv import at_least
from asrkit.encoders.fbank import Fbank
from asrkit.encoders.kernels.dropout import Dropout
from asrkit.encoders.kernels.tensor_cores import LayerNorm
from asrkit.encoders.logmel import WINDOW, mel_lengths
from asrkit.encoders.masked import MaskedEncoder
from asrkit.encoders.normalize import normalize_frames
from asrkit.encoders.pooling import PoolingLayer, halved
from asrkit.encoders.relative import RelativeKeys
from asrkit.encoders.side_by_side import SideBySide
from asrkit.encoders.stack import LayerStack, released_weights
from asrkit.ranges import BelowOne, Count, Natural

EPS = 1e-7  # under the root of a mel channel's variance


class KeyedConformer(LayerStack):
    """[B, T, D] to Hidden by Conformer layers with relative keys and causal convolutions."""

    def __init__(
        self,
        size: int,
        *,
        layers: int,
        heads: int,
        kernel: int,
        before: int,
        after: int,
        dropout: float,
        attention_dropout: float,
        activation_dropout: float,
        conv_dropout: float,
        layerdrop: float,
    ) -> None:
        super().__init__(size, layerdrop=layerdrop)
        self.dropout = Dropout(dropout)
        self.layers = nn.ModuleList(
            ConformerLayer(
                size,
                attention=SelfAttention(
                    size,
                    heads=heads,
                    dropout=attention_dropout,
                    position=RelativeKeys(size // heads, before=before, after=after),
                ),
                conv=ConvModule(size, kernel=kernel, causal=True, inner_norm=LayerNorm(size)),
                dropout=dropout,
                activation_dropout=activation_dropout,
                conv_dropout=conv_dropout,
            )
            for _ in range(layers)
        )
        released_weights(self.layers)

    def enter(self, frames: Tensor, valid: Tensor | None) -> Tensor:
        out: Tensor = self.dropout(frames)
        return out


class W2vBertEncoder(MaskedEncoder):
    """Samples at 16 kHz to context frames of ``width``; the defaults are w2v-BERT 2.0.

    mels: channels of Kaldi's filter banks, each brought to mean 0, variance 1 over an utterance;
    two frames of 10 ms make one. Nothing learns before their projection. before, after: the
    farthest distances of relative keys. kernel: of the convolutions. conv_dropout: after each of
    them. pooling_layers: behind the others, each of which halves the frames (pooling.py).
    layers, heads, dropout, attention_dropout, activation_dropout, input_dropout, layerdrop: as in
    Wav2Vec2Encoder.
    """

    training_options = MaskedEncoder.training_options - {"feature_grad_mult"} | {"conv_dropout"}

    def __init__(
        self,
        *,
        mels: Count = 80,
        width: Count = 1024,
        layers: Count = 24,
        heads: Count = 16,
        kernel: Count = 31,
        before: Natural = 64,
        after: Natural = 8,
        pooling_layers: Natural = 0,
        dropout: BelowOne = 0.0,
        attention_dropout: BelowOne = 0.0,
        activation_dropout: BelowOne = 0.0,
        conv_dropout: BelowOne = 0.1,
        input_dropout: BelowOne = 0.0,
        layerdrop: BelowOne = 0.1,
    ) -> None:
        context = KeyedConformer(
            width,
            layers=layers,
            heads=heads,
            kernel=kernel,
            before=before,
            after=after,
            dropout=dropout,
            attention_dropout=attention_dropout,
            activation_dropout=activation_dropout,
            conv_dropout=conv_dropout,
            layerdrop=layerdrop,
        )
        super().__init__(
            SideBySide(mels, 2), context, input_dropout=input_dropout, feature_grad_mult=0
        )
        self.fbank = Fbank(mels)
        pooling = nn.ModuleList(
            PoolingLayer(
                width,
                heads=heads,
                dropout=conv_dropout,
                attention_dropout=attention_dropout,
                activation_dropout=activation_dropout,
            )
            for _ in range(pooling_layers)
        )
        self.pooling = cast(Sequence[PoolingLayer], pooling)

    def blocks(self) -> Iterable[Block]:
        return [*super().blocks(), *self.pooling]

    def context_lengths(self, lengths: Tensor) -> Tensor:
        for _ in self.pooling:
            lengths = halved(lengths)
        return lengths

    def contextualize(
        self,
        features: Padded,
        mask: Tensor | None = None,
        *,
        channel_mask: Tensor | None = None,
        every_layer: bool = False,
    ) -> Hidden:
        hidden = super().contextualize(
            features, mask, channel_mask=channel_mask, every_layer=every_layer
        )
        frames, lengths = hidden.output.data, hidden.output.lengths.clamp(min=1)
        for layer in self.pooling:
            frames, lengths = layer(frames, lengths), halved(lengths)
        output = Padded(frames, self.context_lengths(hidden.output.lengths))
        return hidden._replace(output=output)

    def output_lengths(self, lengths: Tensor) -> Tensor:
        return self.conv.lengths(mel_lengths(lengths))

    def conv_input(self, x: Padded) -> Padded:
        frames = self.fbank(at_least(x.data[..., None], WINDOW)[..., 0])
        lengths = mel_lengths(x.lengths)
        return Padded(normalize_frames(Padded(frames, lengths), eps=EPS, correction=1), lengths)
