"""wav2vec 2.0 with Conformer layers in place of the transformer's, as fairseq released them."""

from __future__ import annotations

from torch import Tensor, nn

from asrkit.encoders.affine import ChannelAffine
from asrkit.encoders.attention import SelfAttention
from asrkit.encoders.conformer import ConformerLayer, ConvModule
from asrkit.encoders.kernels.dropout import Dropout
from asrkit.encoders.kernels.tensor_cores import LayerNorm
from asrkit.encoders.relative import ProjectedDistances, distance_sinusoids
from asrkit.encoders.rotary import RotaryAttention, rotations
from asrkit.encoders.stack import LayerStack, released_weights
from asrkit.encoders.waveform import CONV_LAYERS, WaveformEncoder
from asrkit.ranges import BelowOne, Count, NotNegative

POSITIONS = ("relative", "rotary")


class PositionedConformer(LayerStack):
    """[B, T, D] to Hidden by Conformer layers, then a norm. positions: relative or rotary."""

    def __init__(
        self,
        size: int,
        *,
        layers: int,
        heads: int,
        positions: str,
        kernel: int,
        dropout: float,
        attention_dropout: float,
        activation_dropout: float,
        conv_dropout: float,
        layerdrop: float,
    ) -> None:
        super().__init__(size, layerdrop=layerdrop)
        if positions not in POSITIONS:
            raise ValueError(f"positions is {' or '.join(POSITIONS)}, not {positions!r}")
        if positions == "rotary" and size // heads % 2:
            raise ValueError(f"rotary positions need an even width a head, not {size // heads}")
        self.positions, self.width = positions, size // heads
        self.dropout = Dropout(dropout)
        self.layers = nn.ModuleList(
            ConformerLayer(
                size,
                attention=self._attention(size, heads, attention_dropout),
                conv=ConvModule(size, kernel=kernel, causal=False, inner_norm=ChannelAffine(size)),
                dropout=dropout,
                activation_dropout=activation_dropout,
                conv_dropout=conv_dropout,
            )
            for _ in range(layers)
        )
        self.norm = LayerNorm(size)
        released_weights(self.layers)

    def _attention(self, size: int, heads: int, dropout: float) -> SelfAttention:
        if self.positions == "rotary":
            return RotaryAttention(size, heads=heads, dropout=dropout)
        position = ProjectedDistances(self.width, heads=heads)
        return SelfAttention(size, heads=heads, dropout=dropout, position=position)

    def enter(self, frames: Tensor, valid: Tensor | None) -> Tensor:
        out: Tensor = self.dropout(frames)
        return out

    def shared(self, frames: Tensor) -> tuple[Tensor, ...]:
        count, device = frames.shape[1], frames.device
        if self.positions == "rotary":
            return (rotations(count, self.width, device),)
        return (distance_sinusoids(count, self.size, device),)

    def leave(self, frames: Tensor) -> Tensor:
        out: Tensor = self.norm(frames)
        return out


class Wav2Vec2ConformerEncoder(WaveformEncoder):
    """Samples at 16 kHz to context frames of ``width``; the defaults are the released Large.

    positions: relative (as in Transformer-XL) or rotary. kernel: of the layers' convolutions, which
    have a gain and a bias for each channel in place of the batch norm that they were pre-trained
    with. conv_dropout: after them. conv_layers, conv_norm, conv_bias, normalize: see
    WaveformEncoder; the others: as in Wav2Vec2Encoder.
    """

    training_options = WaveformEncoder.training_options | {"conv_dropout"}

    def __init__(
        self,
        *,
        conv_layers: list[list[int]] = CONV_LAYERS,
        conv_norm: str = "layer",
        conv_bias: bool = True,
        normalize: bool = True,
        width: Count = 1024,
        layers: Count = 24,
        heads: Count = 16,
        positions: str = "relative",
        kernel: Count = 31,
        dropout: BelowOne = 0.1,
        attention_dropout: BelowOne = 0.1,
        activation_dropout: BelowOne = 0.1,
        conv_dropout: BelowOne = 0.1,
        input_dropout: BelowOne = 0.0,
        layerdrop: BelowOne = 0.0,
        feature_grad_mult: NotNegative = 0.1,
    ) -> None:
        context = PositionedConformer(
            width,
            layers=layers,
            heads=heads,
            positions=positions,
            kernel=kernel,
            dropout=dropout,
            attention_dropout=attention_dropout,
            activation_dropout=activation_dropout,
            conv_dropout=conv_dropout,
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
