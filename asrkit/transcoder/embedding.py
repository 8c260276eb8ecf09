"""What encoders of phone posteriors share: the linear layer in place of an embedding."""

from __future__ import annotations

import math
from abc import abstractmethod

import torch
from torch import Tensor, nn

from asrkit.batch import Padded
from asrkit.encoders.base import Encoder, Hidden
from asrkit.encoders.kernels.dropout import Dropout
from asrkit.encoders.touch_unused import masked
from asrkit.tokens import TokenList


def sinusoids(size: int, width: int, device: torch.device) -> Tensor:
    """[size, width] sines and cosines of the position (Vaswani et al. 2017, section 3.5)."""
    half = (width + 1) // 2
    rates = torch.exp(torch.arange(half, device=device) * (-math.log(10_000.0) / max(half, 1)))
    angles = torch.arange(size, device=device)[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], 1)[:, :width]


class PosteriorEncoder(Encoder):
    """Posteriors [B, L, P] to [B, L, D], P = len(phones) - 1 columns: ``<unk>``, then the phones.

    hard: the input becomes one-hot at its best phone first (the ablation without probabilities).
    position: add sinusoids (Vaswani et al. 2017); the convolutions know local order only.
    """

    training_options = frozenset({"dropout"})

    def __init__(
        self, phones: TokenList, *, width: int, hard: bool, position: bool, dropout: float
    ) -> None:
        super().__init__()
        self.feature_size = self.front_size = len(phones) - 1
        self.output_size = width
        self.hard, self.position = hard, position
        # Without bias a certain phone gives a row of the weights, as an embedding would.
        self.embed = nn.Linear(self.feature_size, width, bias=False)
        nn.init.normal_(self.embed.weight)
        self.dropout = Dropout(dropout)
        self.mask_embedding = nn.Parameter(torch.rand(width))

    def output_lengths(self, lengths: Tensor) -> Tensor:
        return lengths

    def extract(self, x: Padded) -> Padded:
        if x.data.ndim != 3 or x.data.shape[2] != self.feature_size:
            raise ValueError(
                f"the posteriors are {tuple(x.data.shape)}, the phone list wants [B, L,"
                f" {self.feature_size}]; model and phones belong to different experiments"
            )
        if not self.hard:
            return x
        best = nn.functional.one_hot(x.data.argmax(-1), self.feature_size).to(x.data.dtype)
        return Padded(best * x.valid()[..., None], x.lengths)

    def front(self, x: Padded) -> Padded:
        """The posteriors as they are."""
        return x

    def contextualize(
        self,
        features: Padded,
        mask: Tensor | None = None,
        *,
        channel_mask: Tensor | None = None,
        every_layer: bool = False,
    ) -> Hidden:
        frames = masked(self.embed(features.data), mask, self.mask_embedding)
        if self.position:
            frames = frames + sinusoids(frames.shape[1], frames.shape[2], frames.device)
        frames = self.dropout(frames)
        if channel_mask is not None:
            frames = frames.masked_fill(channel_mask[:, None], 0)
        return self.context(Padded(frames, features.lengths), every_layer)

    @abstractmethod
    def context(self, x: Padded, every_layer: bool) -> Hidden:
        """[B, L, D] with positions to the encoder's output."""
