"""Masked prediction: which code does the fixed front end's frame behind the mask have? (BEST-RQ,
arXiv 2202.01855.) No distractors, no teacher, no temperature."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from asrkit.batch import Batch, Padded
from asrkit.encoders.base import Encoder
from asrkit.objectives.base import (
    Diagnosis,
    FrameObjective,
    Frames,
    Output,
    Stat,
    refuse_fewer_frames,
)
from asrkit.objectives.masked_frames import MaskedFrames
from asrkit.objectives.masking import SpanMask, draw_mask
from asrkit.quantizers.base import Quantized, Quantizer
from asrkit.ranges import Count, Natural, Share

WARMUP = 200  # updates before which a run is not judged


class Scored(NamedTuple):
    """hidden: context [B, T, D] of the masked input. codes: of every frame, [B, T, G]. losses: [B],
    each row's share of the loss. counts: [B] int64 on the host, masked frames of each row."""

    hidden: Padded
    codes: Tensor
    losses: Tensor
    counts: Tensor
    output: Output


class PredictionObjective(FrameObjective):
    """Cross-entropy of the masked frames' codes, the mean over a quantizer's groups, each with a
    linear classifier of its own; the sum over masked frames.

    The quantizer must have nothing to learn: no gradient would reach it. mask_*: see
    masking.SpanMask; the defaults are BEST-RQ's: spans of 400 ms that start at 1 % of the 10-ms
    frames. For other objectives a frame's target is the mean of its codes' classifier weights.
    """

    def __init__(
        self,
        encoder: Encoder,
        quantizer: Quantizer,
        *,
        mask_prob: Share = 0.4,
        mask_length: Count = 20,
        min_masks: Natural = 1,
        require_same_masks: bool = False,
        mask_rounding: str = "row",
    ) -> None:
        super().__init__()
        refuse_fewer_frames(encoder)
        if any(parameter.requires_grad for parameter in quantizer.parameters()):
            raise ValueError(
                f"prediction needs a quantizer that learns nothing, not "
                f"{type(quantizer).__name__}: set quantizer to random_projection"
            )
        self.encoder, self.quantizer = encoder, quantizer
        self.target_size = encoder.output_size
        self.spans = SpanMask(mask_prob, mask_length, min_masks, require_same_masks, mask_rounding)
        self.classifier = nn.Linear(encoder.output_size, quantizer.groups * quantizer.entries)

    def forward(self, batch: Batch) -> Output:
        return self._score(batch).output

    def check_collapse(self, stats: dict[str, float]) -> Diagnosis | None:
        """The codes cannot collapse; audio can be such that all frames have one."""
        if self.step < WARMUP or "code_perplexity" not in stats:
            return None
        codes = stats["code_perplexity"]
        if codes >= 1.05 * self.quantizer.groups:
            return None
        return Diagnosis(
            f"nearly all frames have one code (code perplexity {codes:.2f}), and there is nothing "
            "to learn: check that the audio is not silence, and that the encoder's front end "
            "normalizes its frames (logmel does)",
            fatal=True,
        )

    def frames(self, batch: Batch) -> tuple[Frames, Output]:
        """Targets are the classifier's weights of every frame's codes."""
        hidden, codes, losses, counts, output = self._score(batch)
        targets = Padded(self._targets(codes), hidden.lengths)
        return Frames(hidden, targets, losses, counts), output

    def _score(self, batch: Batch) -> Scored:
        if batch.speech is None:
            raise ValueError("prediction needs speech, and this batch has none")
        features = self.encoder.extract(batch.speech)
        rows, size, _ = features.data.shape
        device = features.data.device
        lengths = features.lengths.tolist()
        mask = draw_mask(self.spans, batch.keys, lengths, size, *self._purpose("mask"))
        picks = MaskedFrames.of(mask, device)
        hidden = self.encoder.contextualize(features, mask.to(device, non_blocking=True)).output
        front = self.encoder.front(batch.speech)
        quantized: Quantized = self.quantizer(front.data.flatten(0, 1), front.valid().flatten())
        codes = quantized.codes.view(rows, size, -1)
        wanted = picks.take(codes)
        logits = self.classifier(picks.take(hidden.data)).float()
        logits = logits.view(*wanted.shape, self.quantizer.entries)
        losses = F.cross_entropy(logits.flatten(0, 2), wanted.flatten(), reduction="none")
        losses = torch.where(picks.valid, losses.view(wanted.shape).mean(-1), 0).sum(1)
        loss = losses.sum()
        correct = (logits.argmax(-1) == wanted).float().mean(-1) * picks.valid
        usable = float(picks.total > 0)
        stats: dict[str, Stat] = {
            "loss": (loss.detach(), picks.total),
            "loss_bits": (loss.detach() / math.log(2), picks.total),
            "accuracy": (correct.sum(), picks.total),
            "masked": (picks.total, int(features.lengths.sum())),
            "code_perplexity": (quantized.code_perplexity * usable, usable),
        }
        return Scored(hidden, codes, losses, picks.counts, Output(loss, stats, picks.total))

    def _targets(self, codes: Tensor) -> Tensor:
        """Codes [B, T, G] to [B, T, D]."""
        groups = torch.arange(self.quantizer.groups, device=codes.device)
        weights = self.classifier.weight
        return weights[groups * self.quantizer.entries + codes].mean(2)
