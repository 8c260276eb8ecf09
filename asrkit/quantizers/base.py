"""The promise every quantizer keeps."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple

import torch
from torch import Tensor, nn


class Quantized(NamedTuple):
    """N quantized frames.

    vectors: [N, Dq].
    codes: [N, G] int64 in [0, V), the entry chosen in each of G groups.
    perplexity: scalar tensor, differentiable: how evenly the codebook is used (soft counts).
    code_perplexity: scalar tensor: the same from hard counts.
    penalty: scalar tensor, differentiable, 0 for even use: the objective adds weight * penalty.
    """

    vectors: Tensor
    codes: Tensor
    perplexity: Tensor
    code_perplexity: Tensor
    penalty: Tensor


class Quantizer(nn.Module, ABC):
    """Frames to a finite set of vectors.

    input_size: width F of the frames.
    output_size: width Dq of the vectors.
    groups: G, the codes a frame gets; the least value of the perplexities.
    entries: V, how many codes a group has.
    reads_front: the frames are those of ``Encoder.front``, which no training changes, in place of
        the normalized local features.
    """

    reads_front: bool = False
    groups: int
    entries: int
    input_size: int
    output_size: int

    @abstractmethod
    def forward(self, x: Tensor, valid: Tensor, noise: Tensor | None = None) -> Quantized:
        """[N, F] frames, of which bool [N] are real, to Quantized.

        noise: uniform numbers in (0, 1), [N, noise_size], drawn by the objective; needed in
        training, unused in evaluation.
        """

    @property
    @abstractmethod
    def noise_size(self) -> int:
        """How many uniform numbers a frame needs in training."""

    def before_step(self, step: int) -> None:
        """Called once an update; a temperature is a function of ``step``."""


def perplexity_of(shares: Tensor) -> Tensor:
    """Shares [G, V] of the entries, 1 a group, to the sum over groups of exp(entropy): a scalar."""
    return torch.exp(-(shares * torch.log(shares + 1e-7)).sum(-1)).sum()
