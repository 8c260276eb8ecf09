"""Product quantization by Gumbel softmax (wav2vec 2.0 section 2, equation 1; XLSR section 2.1)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from asrkit.quantizers.base import Quantized, Quantizer, perplexity_of
from asrkit.ranges import Count, Positive, Share


class GumbelQuantizer(Quantizer):
    """Each of ``groups`` codebooks gives one of ``entries`` vectors; the choices are joined.

    vector_size: width of the joined vector, a multiple of groups.
    temperature: max(temperature_start * temperature_decay ** step, temperature_end).
    """

    def __init__(
        self,
        input_size: int,
        *,
        groups: Count = 2,
        entries: Count = 320,
        vector_size: Count = 256,
        temperature_start: Positive = 2.0,
        temperature_end: Positive = 0.5,
        temperature_decay: Share = 0.999995,
    ) -> None:
        super().__init__()
        if vector_size % groups:
            raise ValueError(f"vector_size {vector_size} is not a multiple of {groups} groups")
        self.input_size, self.output_size = input_size, vector_size
        self.groups, self.entries = groups, entries
        self.start, self.end = temperature_start, temperature_end
        self.decay = temperature_decay
        self.temperature = temperature_start
        self.codebook = nn.Parameter(torch.rand(groups, entries, vector_size // groups))
        self.score = nn.Linear(input_size, groups * entries)
        nn.init.normal_(self.score.weight)
        nn.init.zeros_(self.score.bias)

    @property
    def noise_size(self) -> int:
        return self.groups * self.entries

    def before_step(self, step: int) -> None:
        self.temperature = max(self.start * self.decay**step, self.end)

    def forward(self, x: Tensor, valid: Tensor, noise: Tensor | None = None) -> Quantized:
        """Training: hard choice with the gradient of the soft one. Evaluation: plain argmax."""
        with torch.autocast(x.device.type, enabled=False):
            logits = self.score(x.float()).view(-1, self.groups, self.entries)
            if self.training:
                if noise is None:
                    raise ValueError("the Gumbel quantizer needs noise in training")
                gumbel = -torch.log(-torch.log(noise.view_as(logits)))
                soft = ((logits + gumbel) / self.temperature).softmax(-1)
                codes = soft.argmax(-1)
                choice = F.one_hot(codes, self.entries) - soft.detach() + soft
            else:
                codes = logits.argmax(-1)
                choice = F.one_hot(codes, self.entries).to(logits.dtype)
            vectors = torch.einsum("ngv,gvd->ngd", choice, self.codebook)
            perplexity = _perplexity(logits.softmax(-1), valid)
            with torch.no_grad():
                hard = F.one_hot(logits.argmax(-1), self.entries).to(logits.dtype)
                code_perplexity = _perplexity(hard, valid)
        most = self.groups * self.entries
        return Quantized(
            vectors=vectors.flatten(1),
            codes=codes,
            perplexity=perplexity,
            code_perplexity=code_perplexity,
            penalty=(most - perplexity) / most,
        )


def _perplexity(probs: Tensor, valid: Tensor) -> Tensor:
    """[N, G, V] distributions, of which [N] count, to the sum over groups of exp(entropy)."""
    weights = valid.to(probs.dtype)
    return perplexity_of(torch.einsum("n,ngv->gv", weights, probs) / weights.sum().clamp(min=1))
