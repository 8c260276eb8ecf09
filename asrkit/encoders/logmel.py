"""Log-mel frames in place of raw samples: a lighter front end for the same network."""

from __future__ import annotations

import torch
import torchaudio
from torch import Tensor
from torch.nn import functional as F

from asrkit.batch import Padded
from asrkit.encoders.conv import ConvStack, at_least
from asrkit.encoders.kernels.mel_products import mel_energies
from asrkit.encoders.masked import MaskedEncoder
from asrkit.encoders.normalize import normalize_frames
from asrkit.encoders.transformer import Transformer
from asrkit.plain import is_plain
from asrkit.ranges import BelowOne, Count, NotNegative
from asrkit.rate import RATE

WINDOW, HOP, FFT = 400, 160, 512  # 25 ms, 10 ms at 16 kHz
FLOOR = 1e-10  # added to the energy: the logarithm of silence


class LogMelEncoder(MaskedEncoder):
    """Samples at 16 kHz to 100 log-mel frames a second, normalized for each utterance (mean and
    variance of every mel channel over its valid frames), two convolutions to 50 frames a second,
    then as Wav2Vec2Encoder, whose options it shares.

    mels: number of mel channels. conv_layers: [channels, kernel, stride] each, on the mel frames.
    """

    def __init__(
        self,
        *,
        mels: Count = 80,
        conv_layers: list[list[int]] = [[512, 3, 1], [512, 3, 2]],  # noqa: B006 (read only)
        conv_norm: str = "layer",
        conv_bias: bool = True,
        width: Count = 768,
        layers: Count = 12,
        heads: Count = 12,
        norm_first: bool = False,
        positional: list[Count] = [128, 16, 1],  # noqa: B006 (read only)
        dropout: BelowOne = 0.1,
        attention_dropout: BelowOne = 0.1,
        activation_dropout: BelowOne = 0.0,
        input_dropout: BelowOne = 0.1,
        layerdrop: BelowOne = 0.05,
        feature_grad_mult: NotNegative = 1.0,
    ) -> None:
        context = Transformer(
            width,
            layers=layers,
            heads=heads,
            norm_first=norm_first,
            positional=positional,
            dropout=dropout,
            attention_dropout=attention_dropout,
            activation_dropout=activation_dropout,
            layerdrop=layerdrop,
        )
        conv = ConvStack(mels, conv_layers, norm=conv_norm, bias=conv_bias)
        super().__init__(
            conv, context, input_dropout=input_dropout, feature_grad_mult=feature_grad_mult
        )
        with torch.device("cpu"):  # also where a model is built without memory
            self.mel = torchaudio.transforms.MelSpectrogram(
                RATE, n_fft=FFT, win_length=WINDOW, hop_length=HOP, n_mels=mels, center=False
            )

    def output_lengths(self, lengths: Tensor) -> Tensor:
        return self.conv.lengths(mel_lengths(lengths))

    def conv_input(self, x: Padded) -> Padded:
        samples = at_least(x.data[..., None], WINDOW)[..., 0]
        frames = (self._energies(samples) + FLOOR).log()
        lengths = mel_lengths(x.lengths)
        return Padded(normalize_frames(Padded(frames, lengths)), lengths)

    def _energies(self, samples: Tensor) -> Tensor:
        """[B, S] to [B, T, mels]; frame i sees samples 160 i ... 160 i + 399."""
        if is_plain():
            return mel_energies(samples, self.mel)
        side = (FFT - WINDOW) // 2  # the window is centered in the FFT
        with torch.autocast(samples.device.type, enabled=False):
            energies: Tensor = self.mel(F.pad(samples.float(), (side, side))).transpose(1, 2)
        return energies


def mel_lengths(lengths: Tensor) -> Tensor:
    """Frames whose whole window lies in ``lengths`` [B] samples."""
    return (torch.div(lengths - WINDOW, HOP, rounding_mode="floor") + 1).clamp(min=0)
