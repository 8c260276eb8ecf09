"""What the speech encoders share: convolutions, projection, masking, transformer."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from typing import Any, cast

import torch
from torch import Tensor, nn

from asrkit.batch import Padded
from asrkit.encoders.base import Encoder, Hidden
from asrkit.encoders.block import Block
from asrkit.encoders.conv import EPS, ConvStack, windows
from asrkit.encoders.kernels.dropout import Dropout
from asrkit.encoders.side_by_side import SideBySide
from asrkit.encoders.stack import LayerStack
from asrkit.encoders.touch_unused import masked


class _ScaleGradient(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, scale: float) -> Tensor:
        ctx.scale = scale
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        return grad * ctx.scale, None


class MaskedEncoder(Encoder):
    """A front end's frames, a conv stack, norm and projection, masking, layers of attention.

    input_dropout: on the projected frames, before masking.
    feature_grad_mult: scales every gradient that enters the conv stack; 0 freezes it (its
        parameters then require no gradient), while norm and projection go on learning.
    """

    training_options = frozenset(
        {
            "dropout",
            "attention_dropout",
            "activation_dropout",
            "input_dropout",
            "layerdrop",
            "feature_grad_mult",
        }
    )

    def __init__(
        self,
        conv: ConvStack | SideBySide,
        context: LayerStack,
        *,
        input_dropout: float,
        feature_grad_mult: float,
    ) -> None:
        super().__init__()
        if feature_grad_mult < 0:
            raise ValueError(f"feature_grad_mult is {feature_grad_mult}; it must be 0 or more")
        size = context.size
        self.feature_size, self.output_size = conv.output_size, size
        self.front_size = conv.input_size * conv.stride
        self.feature_grad_mult = feature_grad_mult
        self.fixed_features = feature_grad_mult == 0
        self.conv = conv
        self.conv.requires_grad_(feature_grad_mult > 0)
        self.feature_norm = nn.LayerNorm(conv.output_size, eps=EPS)
        self.projection = nn.Linear(conv.output_size, size)
        self.input_dropout = Dropout(input_dropout)
        self.mask_embedding = nn.Parameter(torch.rand(size))
        self.context = context

    @abstractmethod
    def conv_input(self, x: Padded) -> Padded:
        """[B, S] samples to the conv stack's input [B, T, C]."""

    def front(self, x: Padded) -> Padded:
        """The middle of what the convolutions see for each frame: as many as their stride."""
        with torch.no_grad():
            frames = self.conv_input(x)
        offset = max(self.conv.receptive_field - self.conv.stride, 0) // 2
        size = torch.tensor([frames.data.shape[1]])
        count = max(int(self.conv.lengths(size)), 1)  # as of ``extract``, also of short input
        found = windows(frames.data, self.conv.stride, offset, count)
        return Padded(found, self.conv.lengths(frames.lengths))

    def extract(self, x: Padded) -> Padded:
        with torch.no_grad():
            frames = self.conv_input(x)
        if self.fixed_features:
            with torch.no_grad():
                return self.conv(frames)
        features = self.conv(frames)
        if self.feature_grad_mult != 1 and features.data.requires_grad:
            scaled: Any = _ScaleGradient.apply(features.data, self.feature_grad_mult)
            features = Padded(scaled, features.lengths)
        return features

    def blocks(self) -> Iterable[Block]:
        return cast(Iterable[Block], self.context.layers)

    def normalized(self, features: Tensor) -> Tensor:
        return self.feature_norm(features)

    def projected(self, features: Padded) -> Padded:
        """Features [B, T, F] to the transformer's input [B, T, D] before dropout and masking."""
        return Padded(self.projection(self.feature_norm(features.data)), features.lengths)

    def contextualize(
        self,
        features: Padded,
        mask: Tensor | None = None,
        *,
        channel_mask: Tensor | None = None,
        every_layer: bool = False,
    ) -> Hidden:
        frames = self.input_dropout(self.projected(features).data)
        frames = masked(frames, mask, self.mask_embedding)
        if channel_mask is not None:
            frames = frames.masked_fill(channel_mask[:, None], 0)
        return self.context(Padded(frames, features.lengths), every_layer=every_layer)
