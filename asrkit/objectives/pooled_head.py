"""An utterance as one vector, the mean and standard deviation of its frames, and a classifier."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from asrkit import noise
from asrkit.batch import Padded

_LEAST = 1e-6  # of a variance: a single frame has none, and a square root no slope there


def pooled(frames: Padded) -> Tensor:
    """[B, T, D] to float32 [B, 2 D]: mean and standard deviation over the frames that are valid
    (x-vectors' statistics pooling, Snyder et al. 2018); zeros and 0.001 for none."""
    valid = frames.valid()[..., None]
    count = valid.sum(1).clamp(min=1)
    data = frames.data.float().masked_fill(~valid, 0.0)
    mean = data.sum(1) / count
    apart = (data - mean[:, None]).masked_fill(~valid, 0.0)
    variance = apart.square().sum(1) / count
    return torch.cat([mean, variance.clamp(min=_LEAST).sqrt()], dim=1)


def stretches(features: Padded, keys: Tensor, least: float) -> Padded:
    """Of each row of [B, T, F] a stretch, drawn by its key: a share between ``least`` and all of
    its frames, one at least, anywhere in it."""
    share, place = noise.uniform(keys, 2, torch.device("cpu")).unbind(1)
    lengths = features.lengths
    kept = (lengths * (least + (1 - least) * share)).ceil().long().clamp(min=1).minimum(lengths)
    start = ((lengths - kept + 1) * place).long()
    size = max(int(kept.max()), 1)
    rows, last = features.data.shape[0], features.data.shape[1] - 1
    at = (start[:, None] + torch.arange(size)).clamp(max=last)
    device = features.data.device
    at = at.to(device, non_blocking=True)
    row = torch.arange(rows, device=device)[:, None]
    cut = Padded(features.data[row, at], kept)
    return Padded(cut.data.masked_fill(~cut.valid()[..., None], 0.0), kept)


class PooledHead(nn.Module):
    """Frames [B, T, D] to scores [B, classes]: statistics, a hidden layer if ``hidden`` is not 0,
    and one product."""

    def __init__(self, size: int, classes: int, *, hidden: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(2 * size)
        self.hidden = nn.Sequential(nn.Linear(2 * size, hidden), nn.ReLU()) if hidden else None
        self.output = nn.Linear(hidden or 2 * size, classes)

    def forward(self, frames: Padded) -> Tensor:
        vectors = self.norm(pooled(frames))
        if self.hidden is not None:
            vectors = self.hidden(vectors)
        scores: Tensor = self.output(vectors)
        return scores
