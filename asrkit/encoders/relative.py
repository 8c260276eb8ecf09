"""What the distance between two frames adds to their attention, in its several published forms.

Each is called with (x [B, T, D], query [B, H, T, W], *shared) and returns the query that meets the
keys, and scores [B, H, T, T] to be added to their products over sqrt(W).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


class RelativeKeys(nn.Module):
    """q_i . r_(j - i) / sqrt(W), one learned vector r for each distance, shared by the heads (Shaw
    et al. 2018).

    before, after: the farthest distances that have vectors of their own; farther frames use theirs.
    """

    def __init__(self, width: int, *, before: int, after: int) -> None:
        super().__init__()
        self.before, self.after = before, after
        self.vectors = nn.Parameter(torch.empty(before + after + 1, width).normal_(std=0.02))

    def forward(self, x: Tensor, query: Tensor) -> tuple[Tensor, Tensor]:
        rows, heads, frames, width = query.shape
        time = torch.arange(frames, device=x.device)
        at = (time - time[:, None]).clamp(-self.before, self.after) + self.before  # j - i
        by_distance = query @ (self.vectors.to(query.dtype) * width**-0.5).t()
        return query, by_distance.gather(-1, at.expand(rows, heads, -1, -1))


class ProjectedDistances(nn.Module):
    """((q_i + u) . k_j + (q_i + v) . r_(i - j)) / sqrt(W): r are sinusoids of the distance, which
    each layer projects; u and v are learned for each head (Transformer-XL; Dai et al. 2019).
    """

    def __init__(self, width: int, *, heads: int) -> None:
        super().__init__()
        self.project = nn.Linear(heads * width, heads * width, bias=False)
        self.content = nn.Parameter(nn.init.xavier_uniform_(torch.empty(heads, width)))
        self.distance = nn.Parameter(nn.init.xavier_uniform_(torch.empty(heads, width)))

    def forward(self, x: Tensor, query: Tensor, sinusoids: Tensor) -> tuple[Tensor, Tensor]:
        """sinusoids: [2 T - 1, D], see ``distance_sinusoids``."""
        rows, heads, frames, width = query.shape
        vectors = self.project(sinusoids).view(-1, heads, width).permute(1, 2, 0)
        by_distance = ((query + self.distance[:, None]) * width**-0.5) @ vectors
        time = torch.arange(frames, device=x.device)
        at = frames - 1 - (time[:, None] - time)  # i - j
        scores = by_distance.gather(-1, at.expand(rows, heads, -1, -1))
        met = query + self.content[:, None]
        return met.to(query.dtype), scores.to(query.dtype)


def distance_sinusoids(frames: int, size: int, device: torch.device) -> Tensor:
    """[2 T - 1, D]: sines and cosines in turn of the distances T - 1, T - 2, ..., 1 - T."""
    distance = torch.arange(frames - 1, -frames, -1, device=device).float()
    rate = torch.exp(torch.arange(0, size, 2, device=device).float() * (-math.log(10000) / size))
    angle = distance[:, None] * rate
    return torch.stack([angle.sin(), angle.cos()], -1).flatten(1)[:, :size]


class GatedScores(nn.Module):
    """Scores [H, T, T] that all layers share, by a gate of each query frame (Chi et al. 2022).

    The two halves of a frame's gate come from its part of the layer's input, not from the query.
    """

    def __init__(self, width: int, *, heads: int) -> None:
        super().__init__()
        self.gate = nn.Linear(width, 8)
        self.scale = nn.Parameter(torch.ones(1, heads, 1, 1))

    def forward(self, x: Tensor, query: Tensor, shared: Tensor) -> tuple[Tensor, Tensor]:
        rows, heads, frames, width = query.shape
        parts = x.view(rows, frames, heads, width).transpose(1, 2)
        halves = self.gate(parts).view(rows, heads, frames, 2, 4).sum(-1).sigmoid()
        update, reset = halves.chunk(2, -1)
        gate = update * (reset * self.scale - 1) + 2
        return query, (gate * shared).to(query.dtype)


class BucketedScores(nn.Module):
    """A learned score [H, T, T] for each distance j - i and head (T5; Raffel et al. 2020).

    Half of the buckets are for later frames. Of a half, the first half are distances of their own,
    the others logarithmic up to max_distance; farther frames are in the last one.
    """

    def __init__(self, heads: int, *, buckets: int, max_distance: int) -> None:
        super().__init__()
        if buckets % 4 or max_distance <= buckets // 4:
            raise ValueError(
                f"buckets ({buckets}) is a multiple of 4, and max_distance ({max_distance}) more "
                "than a quarter of it"
            )
        self.buckets, self.max_distance = buckets, max_distance
        self.scores = nn.Parameter(torch.empty(buckets, heads).normal_(std=0.02))

    def forward(self, frames: int, device: torch.device) -> Tensor:
        time = torch.arange(frames, device=device)
        return self.scores[self._bucket(time - time[:, None])].permute(2, 0, 1)

    def _bucket(self, distance: Tensor) -> Tensor:
        """Of distances [T, T]; in float32, in which the released networks have their borders."""
        half = self.buckets // 2
        exact = half // 2
        far = distance.abs()
        share = (far.clamp(min=1).float() / exact).log() / math.log(self.max_distance / exact)
        logarithmic = (exact + share * (half - exact)).long().clamp(max=half - 1)
        return torch.where(far < exact, far, logarithmic) + (distance > 0).long() * half
