"""The first layer of a group-norm stack with its norm folded into the filter.

The norm scales each channel over time to mean 0 and variance 1. A filter's output is linear in the
C_in * k samples it sees, so its mean is w . mean(samples) and its variance w' cov(samples) w: both
follow from a small covariance matrix of the input (10 x 10 for speech), and the normalized layer is
one convolution with a filter of its own for every utterance.
Why: the layer's output is the largest tensor of the model (3200 frames of 512 a second); the usual
way reads and writes it three times more. Statistics cover the valid frames only, so an utterance
gets the same features alone and padded in a batch.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from asrkit.batch import valid_mask
from asrkit.encoders.kernels.tensor_cores import on_tensor_cores, windows_times
from asrkit.plain import is_plain


def normalized_first_layer(
    x: Tensor, weight: Tensor, stride: int, norm: nn.LayerNorm, lengths: Tensor
) -> Tensor:
    """x [B, T, C_in], weight [O, C_in, k], output lengths [B] to [B, T', O].

    norm: holds gain and bias [O] and eps; a bias of the convolution would cancel out.
    """
    if is_plain():
        frames = F.conv1d(x.transpose(1, 2), weight, None, stride)
        normalized = F.instance_norm(frames, weight=norm.weight, bias=norm.bias, eps=norm.eps)
        return normalized.transpose(1, 2)
    kernel = weight.shape[2]
    windows = x.unfold(1, kernel, stride).flatten(2)  # [B, T', C_in * k]
    with torch.autocast(x.device.type, enabled=False):
        samples = windows.float()
        mean, covariance = _moments(samples, lengths)
        filters = weight.flatten(1).float()  # [O, C_in * k]
        variance = ((covariance @ filters.t()) * filters.t()).sum(1)  # [B, O]
        gain = norm.weight * (variance.clamp(min=0) + norm.eps).rsqrt()
        shift = norm.bias - gain * (mean @ filters.t())
        folded = gain[:, None] * filters.t()  # [B, C_in * k, O]
    if on_tensor_cores(x):
        return windows_times(windows, folded, shift[:, None])
    return torch.baddbmm(shift[:, None].to(windows.dtype), windows, folded.to(windows.dtype))


def _moments(samples: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """Mean [B, K] and covariance [B, K, K] of [B, T, K] over the valid frames."""
    frames = samples.shape[1]
    valid = valid_mask(lengths.clamp(min=1), frames, samples.device)[..., None].float()
    count = valid.sum(1)  # [B, 1]
    mean = (samples * valid).sum(1) / count
    centered = (samples - mean[:, None]) * valid
    return mean, centered.transpose(1, 2) @ centered / count[..., None]
