"""Conformer layers (Gulati et al. 2020): attention and convolution between half feed-forwards."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn import functional as F

from asrkit.encoders.attention import SelfAttention
from asrkit.encoders.block import Block
from asrkit.encoders.kernels.dropout import Dropout
from asrkit.encoders.kernels.tensor_cores import LayerNorm
from asrkit.encoders.touch_unused import touch_unused
from asrkit.encoders.transformer import FFN_RATIO


class FeedForward(nn.Module):
    """[B, T, D] to [B, T, D]: norm, expansion, activation, dropout, contraction."""

    def __init__(
        self, size: int, *, dropout: float, activation: Callable[[Tensor], Tensor] = F.silu
    ) -> None:
        super().__init__()
        self.activation = activation
        self.norm = LayerNorm(size)
        self.fc1 = nn.Linear(size, FFN_RATIO * size)
        self.fc2 = nn.Linear(FFN_RATIO * size, size)
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.fc2(self.dropout(self.activation(self.fc1(self.norm(x)))))
        return out


class ConvModule(nn.Module):
    """[B, T, D] to [B, T, D]: norm, gated expansion, depthwise convolution, inner norm, swish,
    mixing of channels.

    kernel: of the depthwise convolution, odd. causal: a frame sees the ``kernel`` - 1 before it and
    none after; else as many on both sides. inner_norm: takes [B, T, D].
    """

    def __init__(self, size: int, *, kernel: int, causal: bool, inner_norm: nn.Module) -> None:
        super().__init__()
        if kernel % 2 == 0:
            raise ValueError(f"kernel is odd, not {kernel}")
        self.before = kernel - 1 if causal else kernel // 2
        self.after = kernel - 1 - self.before
        self.norm = LayerNorm(size)
        self.enter = nn.Linear(size, 2 * size, bias=False)
        self.depthwise = nn.Conv1d(size, size, kernel, groups=size, bias=False)
        self.inner_norm = inner_norm
        self.leave = nn.Linear(size, size, bias=False)

    def forward(self, x: Tensor, valid: Tensor | None) -> Tensor:
        """valid: bool [B, T]; frames outside are zeros to the convolution."""
        x = self.norm(x)
        if valid is not None:
            x = x * valid[..., None]
        x = F.pad(F.glu(self.enter(x), -1), (0, 0, self.before, self.after))
        x = self.depthwise(x.transpose(1, 2)).transpose(1, 2)
        out: Tensor = self.leave(F.silu(self.inner_norm(x)))
        return out


class ConformerLayer(Block):
    """Half a feed-forward, attention, convolution, half a feed-forward, norm; with dropout and
    residual around each.

    attention, conv: what lies between them, of the same width. dropout: after each part but the
    convolution, which has conv_dropout.
    """

    def __init__(
        self,
        size: int,
        *,
        attention: SelfAttention,
        conv: ConvModule,
        dropout: float,
        activation_dropout: float,
        conv_dropout: float,
    ) -> None:
        super().__init__()
        self.ffn1 = FeedForward(size, dropout=activation_dropout)
        self.attention_norm = LayerNorm(size)
        self.attention = attention
        self.conv = conv
        self.ffn2 = FeedForward(size, dropout=activation_dropout)
        self.final_norm = LayerNorm(size)
        self.dropout = Dropout(dropout)
        self.conv_dropout = Dropout(conv_dropout)

    def forward(
        self, x: Tensor, lengths: Tensor, valid: Tensor | None, kept: bool = True, *shared: Tensor
    ) -> tuple[Tensor, Tensor]:
        """As TransformerLayer; the second output is that of the last feed-forward."""
        if not kept:
            return touch_unused(x, self.parameters()), x
        x = x + 0.5 * self.dropout(self.ffn1(x))
        x = x + self.dropout(self.attention(self.attention_norm(x), lengths, valid, *shared))
        x = x + self.conv_dropout(self.conv(x, valid))
        ffn = self.ffn2(x)
        return self.adapted(self.final_norm(x + 0.5 * self.dropout(ffn))), ffn
