"""Attention by rotated frames (Su et al. 2021), as the Conformers of fairseq have it."""

from __future__ import annotations

import torch
from torch import Tensor

from asrkit.encoders.attention import SelfAttention


class RotaryAttention(SelfAttention):
    """Queries and keys are projected from frames whose channels, head by head, are rotated by an
    angle that grows with time. What all layers share are the cosines and sines of ``rotations``.
    """

    def projected(self, x: Tensor, *shared: Tensor) -> Tensor:
        rows, frames, size = x.shape
        cosine, sine = shared[0][:, :, None]
        parts = x.view(rows, frames, self.heads, -1)
        first, second = parts.chunk(2, -1)
        rotated = parts * cosine + torch.cat([-second, first], -1) * sine
        turned = self.qkv(rotated.view(rows, frames, size).to(x.dtype))
        # values are of frames as they are; one matrix holds the three
        return torch.cat([turned[..., : 2 * size], self.qkv(x)[..., 2 * size :]], -1)


def rotations(frames: int, width: int, device: torch.device) -> Tensor:
    """[2, T, W]: cosines and sines for the two halves of a head's W channels."""
    rate = 1 / 10000 ** (torch.arange(0, width, 2, device=device).float() / width)
    angle = torch.arange(frames, device=device).float()[:, None] * rate
    angle = torch.cat([angle, angle], -1)
    return torch.stack([angle.cos(), angle.sin()])
