"""The context network of wav2vec 2.0: convolutional positions, then transformer layers."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from asrkit.batch import Padded
from asrkit.encoders.attention import SelfAttention
from asrkit.encoders.base import Hidden
from asrkit.encoders.block import Block
from asrkit.encoders.kernels.dropout import Dropout
from asrkit.encoders.kernels.tensor_cores import LayerNorm
from asrkit.encoders.positional import ConvPosition
from asrkit.encoders.touch_unused import touch_unused

FFN_RATIO = 4  # every published model of the family


class TransformerLayer(Block):
    """Self-attention and feed-forward, each with dropout, residual and norm (before or after)."""

    def __init__(
        self,
        size: int,
        *,
        heads: int,
        norm_first: bool,
        dropout: float,
        attention_dropout: float,
        activation_dropout: float,
    ) -> None:
        super().__init__()
        self.norm_first = norm_first
        self.attention = SelfAttention(size, heads=heads, dropout=attention_dropout)
        self.attention_norm = LayerNorm(size)
        self.fc1 = nn.Linear(size, FFN_RATIO * size)
        self.fc2 = nn.Linear(FFN_RATIO * size, size)
        self.ffn_norm = LayerNorm(size)
        self.dropout = Dropout(dropout)
        self.activation_dropout = Dropout(activation_dropout)

    def _ffn(self, x: Tensor) -> Tensor:
        return self.fc2(self.activation_dropout(F.gelu(self.fc1(x))))

    def forward(
        self, x: Tensor, lengths: Tensor, valid: Tensor | None, kept: bool = True
    ) -> tuple[Tensor, Tensor]:
        """x [B, T, D] to (output, feed-forward output before dropout and residual).

        kept: without it x passes through; asked here, as the weights may be gathered for a call.
        """
        if not kept:
            return touch_unused(x, self.parameters()), x
        if self.norm_first:
            x = x + self.dropout(self.attention(self.attention_norm(x), lengths, valid))
            ffn = self._ffn(self.ffn_norm(x))
            return self.adapted(x + self.dropout(ffn)), ffn
        x = self.attention_norm(x + self.dropout(self.attention(x, lengths, valid)))
        ffn = self._ffn(x)
        return self.adapted(self.ffn_norm(x + self.dropout(ffn))), ffn


class Transformer(nn.Module):
    """[B, T, D] to Hidden. Linear weights N(0, 0.02), biases 0, as in the released models.

    positional: [kernel, groups, depth] of the position convolution. positional_affine: see
        ConvPosition.
    norm_first: norms before attention and feed-forward, and one at the end (Large); else after
        them, and one before the first layer (Base).
    layerdrop: probability that a layer is skipped in training; drawn on the host from torch's CPU
        generator.
    """

    def __init__(
        self,
        size: int,
        *,
        layers: int,
        heads: int,
        norm_first: bool,
        positional: list[int],
        dropout: float,
        attention_dropout: float,
        activation_dropout: float,
        layerdrop: float,
        positional_affine: bool = False,
    ) -> None:
        super().__init__()
        if len(positional) != 3 or min(positional) < 1:
            raise ValueError(f"positional must be [kernel, groups, depth], not {positional}")
        if not 0 <= layerdrop < 1:
            raise ValueError(f"a layerdrop of {layerdrop} is not in [0, 1)")
        kernel, groups, depth = positional
        self.norm_first, self.layerdrop = norm_first, layerdrop
        self.position = ConvPosition(
            size, kernel=kernel, groups=groups, depth=depth, affine=positional_affine
        )
        self.norm = LayerNorm(size)
        self.dropout = Dropout(dropout)
        self.layers = nn.ModuleList(
            TransformerLayer(
                size,
                heads=heads,
                norm_first=norm_first,
                dropout=dropout,
                attention_dropout=attention_dropout,
                activation_dropout=activation_dropout,
            )
            for _ in range(layers)
        )
        for module in self.layers.modules():
            if isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, std=0.02)
                nn.init.zeros_(module.bias)

    def _kept(self) -> list[bool]:
        if not self.training or self.layerdrop == 0:
            return [True] * len(self.layers)
        return [draw >= self.layerdrop for draw in torch.rand(len(self.layers)).tolist()]

    def forward(self, x: Padded, *, every_layer: bool = False) -> Hidden:
        """every_layer: keep each layer's output (input first) and feed-forward output."""
        lengths = x.lengths.clamp(min=1)  # a softmax over no frame at all were NaN
        frames, valid = x.data, None
        if (known := Padded(frames, lengths)).has_padding():
            valid = known.valid()
        frames = frames + self.position(frames, valid)
        if not self.norm_first:
            frames = self.norm(frames)
        frames = self.dropout(frames)
        outputs, ffns = [frames], []
        for layer, kept in zip(self.layers, self._kept(), strict=True):
            frames, ffn = layer(frames, lengths, valid, kept)
            if kept:
                ffns.append(ffn)
            outputs.append(frames)
        if self.norm_first:
            frames = self.norm(frames)
        output = Padded(frames, x.lengths)
        return Hidden(output, tuple(outputs), tuple(ffns)) if every_layer else Hidden(output)
