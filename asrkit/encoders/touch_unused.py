"""Parameters that a step does not use, kept in its graph.

Why: DistributedDataParallel waits for a gradient of every parameter. A layer that layerdrop skips,
or a frozen encoder, hands in zeros instead, so no search for unused parameters is needed.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
import torch.distributed as dist
from torch import Tensor, nn


def local_part(value: Tensor) -> Tensor:
    """What this process holds of a tensor that several share (FSDP); changes to it are changes to
    the whole."""
    if not dist.is_initialized():
        return value
    from torch.distributed.tensor import DTensor  # slow to import: not for a single process

    return value.to_local() if isinstance(value, DTensor) else value


def masked(frames: Tensor, mask: Tensor | None, vector: nn.Parameter) -> Tensor:
    """Frames [B, T, D], with ``vector`` [D] where bool ``mask`` [B, T] is true."""
    if mask is None:
        return touch_unused(frames, [vector])
    return torch.where(mask[..., None], vector.to(frames.dtype), frames)


def touch_unused(x: Tensor, parameters: Iterable[nn.Parameter]) -> Tensor:
    """x unchanged; every trainable one of ``parameters`` gets a gradient of zeros."""
    if not torch.is_grad_enabled():
        return x
    terms = [local_part(parameter).sum() for parameter in parameters if parameter.requires_grad]
    return x + 0 * sum(terms[1:], terms[0]) if terms else x
