"""Encoders that read samples by convolutions: wav2vec 2.0 and those that share its front."""

from __future__ import annotations

from torch import Tensor

from asrkit.batch import Padded
from asrkit.encoders.conv import ConvStack
from asrkit.encoders.masked import MaskedEncoder
from asrkit.encoders.normalize import normalize_waveform
from asrkit.encoders.stack import LayerStack

CONV_LAYERS = [[512, 10, 5], *[[512, 3, 2]] * 4, *[[512, 2, 2]] * 2]


class WaveformEncoder(MaskedEncoder):
    """Samples at 16 kHz, a stack of convolutions, ``context``.

    conv_layers: [channels, kernel, stride] each. conv_norm: group or layer.
    normalize: bring each utterance to mean 0, variance 1 first.
    """

    def __init__(
        self,
        context: LayerStack,
        *,
        conv_layers: list[list[int]],
        conv_norm: str,
        conv_bias: bool,
        normalize: bool,
        input_dropout: float,
        feature_grad_mult: float,
    ) -> None:
        conv = ConvStack(1, conv_layers, norm=conv_norm, bias=conv_bias)
        super().__init__(
            conv, context, input_dropout=input_dropout, feature_grad_mult=feature_grad_mult
        )
        self.normalize = normalize

    def output_lengths(self, lengths: Tensor) -> Tensor:
        return self.conv.lengths(lengths)

    def conv_input(self, x: Padded) -> Padded:
        samples = normalize_waveform(x) if self.normalize else x.data
        return Padded(samples[..., None], x.lengths)
