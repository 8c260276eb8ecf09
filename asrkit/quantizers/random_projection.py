"""Codes that nothing learns: the nearest of random vectors to a random projection (BEST-RQ,
arXiv 2202.01855, section 3.1; several codebooks as in USM, arXiv 2303.01037, section 3.1)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from asrkit.quantizers.base import Quantized, Quantizer, perplexity_of
from asrkit.ranges import Count


class RandomProjectionQuantizer(Quantizer):
    """Each of ``groups`` random projections of what the fixed front end made of a frame is compared
    with random vectors of its own; all of them have length 1. The defaults are BEST-RQ's.

    Meant for front ends whose frames are normalized, as log-mel frames of LogMelEncoder are:
    without that most frames share a few codes, and raw samples say more of phase than of sound.

    entries: vectors a group. vector_size: width of a projection.
    """

    reads_front = True
    projection: Tensor
    codebook: Tensor

    def __init__(
        self,
        input_size: int,
        *,
        groups: Count = 1,
        entries: Count = 8192,
        vector_size: Count = 16,
    ) -> None:
        super().__init__()
        self.input_size, self.output_size = input_size, groups * vector_size
        self.groups, self.entries = groups, entries
        projection = torch.empty(groups, input_size, vector_size)
        for matrix in projection:
            nn.init.xavier_uniform_(matrix)
        self.register_buffer("projection", projection)
        vectors = torch.randn(groups, entries, vector_size)
        self.register_buffer("codebook", F.normalize(vectors, dim=-1))

    @property
    def noise_size(self) -> int:
        return 0

    @torch.no_grad()
    def forward(self, x: Tensor, valid: Tensor, noise: Tensor | None = None) -> Quantized:
        """Of vectors of one length the nearest is that with the largest product, so that the
        projection need not be scaled."""
        with torch.autocast(x.device.type, enabled=False):
            projected = torch.einsum("nf,gfd->gnd", x.float(), self.projection)
            codes = torch.bmm(projected, self.codebook.transpose(1, 2)).argmax(-1)
        counts = self.codebook.new_zeros(self.groups, self.entries)
        counts.scatter_add_(1, codes, valid.to(counts.dtype).expand_as(codes))
        perplexity = perplexity_of(counts / valid.sum().clamp(min=1))
        most = self.groups * self.entries
        vectors = torch.stack(
            [book[row] for book, row in zip(self.codebook, codes, strict=True)], 1
        )
        return Quantized(
            vectors=vectors.flatten(1),
            codes=codes.t(),
            perplexity=perplexity,
            code_perplexity=perplexity,
            penalty=(most - perplexity) / most,
        )
