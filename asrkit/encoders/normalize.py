"""Signals brought to mean 0 and variance 1 over the valid part of each utterance."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from asrkit.batch import Padded
from asrkit.encoders.conv import EPS
from asrkit.plain import is_plain


def normalize_frames(x: Padded, *, eps: float = EPS, correction: int = 0) -> Tensor:
    """[B, T, C]: every channel of a row to mean 0, variance 1 over its valid frames; padding 0.

    The variance is the mean square over ``correction`` frames fewer than there are.
    """
    if is_plain():
        centered = x.data - x.data.mean(1, keepdim=True)
        variance = centered.square().mean(1, keepdim=True)
        if correction:
            variance = variance * (x.data.shape[1] / (x.data.shape[1] - correction))
        return centered * torch.rsqrt(variance + eps)
    valid = x.valid()[..., None].to(x.data.dtype)
    count = valid.sum(1, keepdim=True).clamp(min=1)
    centered = (x.data - (x.data * valid).sum(1, keepdim=True) / count) * valid
    variance = centered.square().sum(1, keepdim=True) / (count - correction).clamp(min=1)
    return centered * torch.rsqrt(variance + eps)


def normalize_waveform(x: Padded) -> Tensor:
    """[B, S]: each row to mean 0 and variance 1 over its valid samples (eps 1e-5), padding 0.

    In plain form a row that leaves [-1, 1] stays as it is: sherpa-onnx does the same to the samples
    of any model before its graph, and a second time is another scale where recordings are quiet.
    """
    if x.has_padding():
        return normalize_frames(Padded(x.data[..., None], x.lengths))[..., 0]
    normalized = F.layer_norm(x.data, x.data.shape[1:], eps=EPS)
    if not is_plain():
        return normalized
    return torch.where(x.data.abs().amax(1, keepdim=True) > 1, x.data, normalized)
