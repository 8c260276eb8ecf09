"""wav2vec 2.0: raw samples in, 50 frames a second out (Baevski et al. 2020; XLSR section 2.1).

HuBERT's network (Hsu et al. 2021) and data2vec's (Baevski et al. 2022) are the same.
"""

from __future__ import annotations

from asrkit.encoders.transformer import Transformer
from asrkit.encoders.waveform import CONV_LAYERS, WaveformEncoder
from asrkit.ranges import BelowOne, Count, NotNegative


class Wav2Vec2Encoder(WaveformEncoder):
    """Samples at 16 kHz to context frames of ``width``; the defaults are wav2vec 2.0 Base.

    conv_layers: [channels, kernel, stride] each. conv_norm: group or layer.
    normalize: bring each utterance to mean 0, variance 1 first.
    positional: [kernel, groups, depth] of the position convolution. positional_affine: a gain and
    a bias for each channel before it, as in a HuBERT with batch norm.
    norm_first: pre-norm transformer. input_dropout, dropout, attention_dropout,
    activation_dropout, layerdrop, feature_grad_mult: see MaskedEncoder and Transformer.
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
        positional_affine: bool = False,
        dropout: BelowOne = 0.1,
        attention_dropout: BelowOne = 0.1,
        activation_dropout: BelowOne = 0.0,
        input_dropout: BelowOne = 0.1,
        layerdrop: BelowOne = 0.05,
        feature_grad_mult: NotNegative = 0.1,
    ) -> None:
        context = Transformer(
            width,
            layers=layers,
            heads=heads,
            norm_first=norm_first,
            positional=positional,
            positional_affine=positional_affine,
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
