"""The context network of wav2vec 2.0: convolutional positions, then transformer layers."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn import functional as F

from asrkit.encoders.attention import SelfAttention
from asrkit.encoders.block import Block
from asrkit.encoders.kernels.dropout import Dropout
from asrkit.encoders.kernels.tensor_cores import LayerNorm
from asrkit.encoders.positional import ConvPosition
from asrkit.encoders.stack import LayerStack, released_weights
from asrkit.encoders.touch_unused import touch_unused

FFN_RATIO = 4  # every published model of the family


class TransformerLayer(Block):
    """Self-attention and feed-forward, each with dropout, residual and norm (before or after).

    position: of the attention; see relative.py.
    """

    def __init__(
        self,
        size: int,
        *,
        heads: int,
        norm_first: bool,
        dropout: float,
        attention_dropout: float,
        activation_dropout: float,
        position: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.norm_first = norm_first
        self.attention = SelfAttention(
            size, heads=heads, dropout=attention_dropout, position=position
        )
        self.attention_norm = LayerNorm(size)
        self.fc1 = nn.Linear(size, FFN_RATIO * size)
        self.fc2 = nn.Linear(FFN_RATIO * size, size)
        self.ffn_norm = LayerNorm(size)
        self.dropout = Dropout(dropout)
        self.activation_dropout = Dropout(activation_dropout)

    def _ffn(self, x: Tensor) -> Tensor:
        return self.fc2(self.activation_dropout(F.gelu(self.fc1(x))))

    def forward(
        self, x: Tensor, lengths: Tensor, valid: Tensor | None, kept: bool = True, *shared: Tensor
    ) -> tuple[Tensor, Tensor]:
        """x [B, T, D] to (output, feed-forward output before dropout and residual).

        kept: without it x passes through; asked here, as the weights may be gathered for a call.
        shared: what ``position`` is given of all layers.
        """
        if not kept:
            return touch_unused(x, self.parameters()), x
        if self.norm_first:
            x = x + self.dropout(self.attention(self.attention_norm(x), lengths, valid, *shared))
            ffn = self._ffn(self.ffn_norm(x))
            return self.adapted(x + self.dropout(ffn)), ffn
        x = self.attention_norm(x + self.dropout(self.attention(x, lengths, valid, *shared)))
        ffn = self._ffn(x)
        return self.adapted(self.ffn_norm(x + self.dropout(ffn))), ffn


class Transformer(LayerStack):
    """[B, T, D] to Hidden. Linear weights N(0, 0.02), biases 0, as in the released models.

    positional: [kernel, groups, depth] of the position convolution. positional_affine: see
        ConvPosition.
    norm_first: norms before attention and feed-forward, and one at the end (Large); else after
        them, and one before the first layer (Base).
    position: makes each layer's (relative.py).
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
        position: Callable[[], nn.Module] | None = None,
    ) -> None:
        super().__init__(size, layerdrop=layerdrop)
        if len(positional) != 3 or min(positional) < 1:
            raise ValueError(f"positional must be [kernel, groups, depth], not {positional}")
        kernel, groups, depth = positional
        self.norm_first = norm_first
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
                position=None if position is None else position(),
            )
            for _ in range(layers)
        )
        released_weights(self.layers)

    def enter(self, frames: Tensor, valid: Tensor | None) -> Tensor:
        frames = frames + self.position(frames, valid)
        if not self.norm_first:
            frames = self.norm(frames)
        out: Tensor = self.dropout(frames)
        return out

    def leave(self, frames: Tensor) -> Tensor:
        out: Tensor = self.norm(frames) if self.norm_first else frames
        return out
