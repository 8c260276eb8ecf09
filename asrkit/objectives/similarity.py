"""The contrastive loss from one similarity matrix an utterance (XLSR equation 1).

Why a matrix: the distractors of a frame are other masked frames of its utterance, so all scores
that the loss can need are the N x N products of N contexts and N targets. How often frame j is a
distractor of frame i is a count; a softmax over 1 + K drawn candidates equals a softmax over the N
frames whose scores are raised by the logarithm of their counts. No tensor of drawn vectors
[B, N, K, D], nor of drawn scores, is made.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from asrkit import noise


def draw_negatives(
    keys: Tensor,
    counts: Tensor,
    size: int,
    number: int,
    device: torch.device,
    own: Tensor | None = None,
) -> Tensor:
    """int64 [B, size, number]: for each of ``size`` frames, others among the row's counts[b].

    Uniform with replacement, never the frame itself. keys: [B] row keys. own: [B, size], which of
    the row's counts[b] a frame is; the first, second ... if not given. Rows and frames past the
    count hold numbers without meaning, inside [0, max(counts, size)).
    """
    words = noise.words(keys, size * number, device).view(-1, size, number)
    others = (counts - 1).clamp(min=0).to(device, non_blocking=True)[:, None, None]
    drawn = (words * others) >> 32
    if own is None:
        own = torch.arange(size, device=device)[None]
    most = max(int(counts.max()), size) - 1
    return (drawn + (drawn >= own[..., None])).clamp(max=most)


class Contrast(NamedTuple):
    """loss, correct: [B, N], 0 where not valid."""

    loss: Tensor
    correct: Tensor


def contrast(
    contexts: Tensor,
    targets: Tensor,
    codes: Tensor,
    negatives: Tensor,
    valid: Tensor,
    temperature: float,
) -> Contrast:
    """Cross-entropy of each context's own target against its negatives, cosine / temperature.

    contexts, targets: [B, N, D]; codes: [B, N, G], a negative of equal codes does not count;
    negatives: int64 [B, N, K]; valid: bool [B, N]. A frame counts as correct if no negative scores
    higher, and not if all score the same.
    """
    with torch.autocast(contexts.device.type, enabled=False):
        context = F.normalize(contexts.float(), dim=-1, eps=1e-8)
        target = F.normalize(targets.float(), dim=-1, eps=1e-8)
        scores = context @ target.transpose(1, 2) / temperature  # [B, N, N]
        drawn, same = _drawn(negatives, targets.shape[1]), _same(codes, codes)
        own = torch.eye(scores.shape[1], dtype=torch.bool, device=scores.device)
        weights = torch.where(same, 0, drawn).masked_fill(own, 1)
        positive = scores.diagonal(dim1=1, dim2=2)
        loss = (scores + weights.log()).logsumexp(-1) - positive
        best = _is_best(positive, scores, (drawn > 0) & ~own, same & ~own)
        return Contrast(torch.where(valid, loss, 0), (best & valid).float())


def contrast_with(
    contexts: Tensor,
    targets: Tensor,
    codes: Tensor,
    pool: Tensor,
    pool_codes: Tensor,
    negatives: Tensor,
    valid: Tensor,
    temperature: float,
) -> Contrast:
    """As ``contrast``, with negatives from a pool [B, T, D] of its own, codes [B, T, G]."""
    with torch.autocast(contexts.device.type, enabled=False):
        context = F.normalize(contexts.float(), dim=-1, eps=1e-8)
        target = F.normalize(targets.float(), dim=-1, eps=1e-8)
        others = F.normalize(pool.float(), dim=-1, eps=1e-8)
        positive = (context * target).sum(-1) / temperature
        scores = context @ others.transpose(1, 2) / temperature  # [B, N, T]
        drawn = _drawn(negatives, pool.shape[1])
        same = _same(codes, pool_codes)
        weighted = scores + torch.where(same, 0, drawn).log()
        loss = torch.cat([positive[..., None], weighted], -1).logsumexp(-1) - positive
        best = _is_best(positive, scores, drawn > 0, same)
        return Contrast(torch.where(valid, loss, 0), (best & valid).float())


@torch.no_grad()
def _is_best(positive: Tensor, scores: Tensor, rivals: Tensor, same: Tensor) -> Tensor:
    """bool [B, N]: no rival scores above the positive [B, N], and not all of them alike; rivals of
    the ``same`` codes score nothing."""
    scores = scores.masked_fill(same, -torch.inf)
    highest = scores.masked_fill(~rivals, -torch.inf).amax(-1)
    lowest = scores.masked_fill(~rivals, torch.inf).amin(-1)
    return (positive >= highest) & ~(positive <= lowest)


def _drawn(negatives: Tensor, pool: int) -> Tensor:
    """How often frame j of ``pool`` was drawn for frame i, float [B, N, pool]."""
    rows, size, _ = negatives.shape
    counts = torch.zeros(rows, size, pool, device=negatives.device)
    ones = torch.ones((), device=negatives.device).expand_as(negatives)
    return counts.scatter_add_(2, negatives, ones)


def _same(codes: Tensor, others: Tensor) -> Tensor:
    """Whether frames i and j have all codes [B, ., G] in common, bool [B, N, T]."""
    return (codes[:, :, None] == others[:, None]).all(-1)
