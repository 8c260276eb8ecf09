"""XLSR pre-training: tell the true quantized latent of a masked frame from distractors."""

from __future__ import annotations

import dataclasses
import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from asrkit import noise
from asrkit.batch import Batch, Padded
from asrkit.encoders.base import Encoder
from asrkit.encoders.conv import frame_weights
from asrkit.encoders.kernels.dropout import Dropout
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
from asrkit.objectives.similarity import contrast, contrast_with, draw_negatives
from asrkit.quantizers.base import Quantized, Quantizer
from asrkit.ranges import BelowOne, Count, Natural, NotNegative, Positive, Share

WARMUP = 200  # updates before which a run is not judged


@dataclasses.dataclass(frozen=True)
class Draws:
    """All random choices of one forward pass but dropout's.

    mask: bool [B, T] on the host. picks: its positions. negatives: [B, N, K] into the picks, or
    into all frames with ``negatives_from: all``. noise: [B, N, quantizer.noise_size] in (0, 1);
    None in evaluation. every: the same for a second choice, of all frames [B, T].
    """

    mask: Tensor
    picks: MaskedFrames
    negatives: Tensor
    noise: Tensor | None
    every: Tensor | None = None


class Scored(NamedTuple):
    """hidden: context [B, T, D] of the masked input. losses: [B], each row's share of the loss.
    targets: of every frame, if asked for."""

    hidden: Padded
    output: Output
    losses: Tensor
    targets: Padded | None = None


class ContrastiveObjective(FrameObjective):
    """Contrastive loss + diversity_weight * codebook penalty + features_weight * mean square of
    the local features; the sum over masked frames. Reference: XLSR section 2.2, wav2vec 2.0
    section 3.2; the defaults are wav2vec 2.0 Base.

    final_size: width in which contexts and targets are compared. compare: ``projected``, contexts
    are projected to final_size; ``context``, targets are projected to the contexts' width instead,
    so that they can stand in for them (UniSpeech). negatives: distractors a frame, from the row's
    ``masked`` frames or from ``all`` of them (negatives_from). temperature: divides the cosine.
    mask_*: see masking.SpanMask; ``same_counts`` holds on all rows of a micro-batch.
    features_dropout: on what the quantizer sees.
    """

    def __init__(
        self,
        encoder: Encoder,
        quantizer: Quantizer,
        *,
        final_size: Count = 256,
        compare: str = "projected",
        negatives: Count = 100,
        negatives_from: str = "masked",
        temperature: Positive = 0.1,
        mask_prob: Share = 0.65,
        mask_length: Count = 10,
        min_masks: Natural = 2,
        require_same_masks: bool = True,
        mask_rounding: str = "row",
        features_dropout: BelowOne = 0.1,
        diversity_weight: NotNegative = 0.1,
        features_weight: NotNegative = 10.0,
    ) -> None:
        super().__init__()
        refuse_fewer_frames(encoder)
        if compare not in ("projected", "context"):
            raise ValueError(f"compare is projected or context, not {compare!r}")
        if negatives_from not in ("masked", "all"):
            raise ValueError(f"negatives_from is masked or all, not {negatives_from!r}")
        if negatives < 1 or temperature <= 0:
            raise ValueError(f"negatives ({negatives}) and temperature ({temperature}) are above 0")
        self.encoder, self.quantizer = encoder, quantizer
        self.negatives, self.temperature = negatives, temperature
        self.negatives_from = negatives_from
        self.spans = SpanMask(mask_prob, mask_length, min_masks, require_same_masks, mask_rounding)
        self.diversity_weight, self.features_weight = diversity_weight, features_weight
        self.features_dropout = Dropout(features_dropout)
        self.target_projection: nn.Module = nn.Linear(quantizer.output_size, final_size)
        self.context_projection: nn.Module = nn.Linear(encoder.output_size, final_size)
        self.target_size = final_size
        if compare == "context":
            self.target_size = encoder.output_size
            self.target_projection = nn.Sequential(
                self.target_projection, nn.Linear(final_size, encoder.output_size)
            )
            self.context_projection = nn.Identity()

    def before_step(self, step: int) -> None:
        super().before_step(step)
        self.quantizer.before_step(step)

    def forward(self, batch: Batch) -> Output:
        features, inputs = self._features(batch)
        return self.score(features, self.draw(batch.keys, features), inputs).output

    def check_collapse(self, stats: dict[str, float]) -> Diagnosis | None:
        """Watches codebook and features, as the loss falls in a collapse, too."""
        if self.step < WARMUP or "code_perplexity" not in stats:
            return None
        codes, spread = stats["code_perplexity"], stats["features_std"]
        if codes < 1.05 * self.quantizer.groups:
            return Diagnosis(
                f"the codebook has collapsed (code perplexity {codes:.2f}): lower "
                "optimizer_conf.lr, raise objective_conf.diversity_weight, or use larger batches",
                fatal=True,
            )
        if spread < 1e-3:
            return Diagnosis(
                f"the features have collapsed (standard deviation {spread:.1e}): lower "
                "optimizer_conf.lr or objective_conf.features_weight",
                fatal=True,
            )
        return None

    def frames(self, batch: Batch) -> tuple[Frames, Output]:
        """Targets are the projected quantized latents of every frame, in a choice of their own."""
        features, inputs = self._features(batch)
        draws = self.draw(batch.keys, features, every=True)
        hidden, output, losses, targets = self.score(features, draws, inputs, every=True)
        assert targets is not None
        return Frames(hidden, targets, losses, draws.picks.counts), output

    def _features(self, batch: Batch) -> tuple[Padded, Padded]:
        """Local features, and ``quantizer_input``."""
        if batch.speech is None:
            raise ValueError("contrastive pre-training needs speech, and this batch has none")
        features = self.encoder.extract(batch.speech)
        return features, self.quantizer_input(batch.speech, features)

    def quantizer_input(self, speech: Padded, features: Padded) -> Padded:
        """[B, T, F]: of which frames the quantizer makes targets, once they are ``seen``."""
        return self.encoder.front(speech) if self.quantizer.reads_front else features

    def seen(self, inputs: Tensor) -> Tensor:
        """Frames [..., F] of ``quantizer_input`` as the quantizer takes them."""
        return inputs if self.quantizer.reads_front else self.encoder.normalized(inputs)

    def draw(self, keys: Tensor, features: Padded, *, every: bool = False) -> Draws:
        """Mask, distractors and Gumbel noise for rows of ``keys`` [B]."""
        size, device = features.data.shape[1], features.data.device
        lengths = features.lengths.tolist()
        mask = draw_mask(self.spans, keys, lengths, size, *self._purpose("mask"))
        picks = MaskedFrames.of(mask, device)
        wide = picks.frames.shape[1]
        everywhere = self.negatives_from == "all"
        negatives = draw_negatives(
            noise.row_keys(keys, *self._purpose("negatives")),
            features.lengths if everywhere else picks.counts,
            wide,
            self.negatives,
            device,
            picks.frames if everywhere else None,
        )
        second = None
        if every or everywhere:
            second = self._noise(keys, size, "gumbel of every frame", device)
        return Draws(mask, picks, negatives, self._noise(keys, wide, "gumbel", device), second)

    def _noise(self, keys: Tensor, size: int, name: str, device: torch.device) -> Tensor | None:
        if not self.training or self.quantizer.noise_size == 0:
            return None
        count = size * self.quantizer.noise_size
        rows = noise.row_keys(keys, *self._purpose(name))
        return noise.uniform(rows, count, device).view(len(keys), size, -1)

    def _quantize(self, seen: Tensor, valid: Tensor, draws: Tensor | None) -> Quantized:
        """[B, N, F] frames as the quantizer takes them (``seen``)."""
        seen = self.features_dropout(seen).flatten(0, 1)
        return self.quantizer(seen, valid.flatten(), None if draws is None else draws.flatten(0, 1))

    def _every_target(self, inputs: Padded, draws: Draws) -> tuple[Padded, Tensor]:
        """Targets [B, T, target_size] of all frames, and their codes [B, T, G]."""
        rows, size, _ = inputs.data.shape
        quantized = self._quantize(self.seen(inputs.data), inputs.valid(), draws.every)
        targets = self.target_projection(quantized.vectors).view(rows, size, -1)
        return Padded(targets, inputs.lengths), quantized.codes.view(rows, size, -1)

    def score(
        self, features: Padded, draws: Draws, inputs: Padded, *, every: bool = False
    ) -> Scored:
        """The loss for given random choices and ``quantizer_input``; ``every``: also the targets
        of all frames."""
        picks = draws.picks
        rows, wide = picks.frames.shape
        mask = draws.mask.to(features.data.device, non_blocking=True)
        hidden = self.encoder.contextualize(features, mask).output
        picked = self.seen(picks.take(inputs.data))
        quantized = self._quantize(picked, picks.valid, draws.noise)
        contexts = self.context_projection(picks.take(hidden.data))
        targets = self.target_projection(quantized.vectors).view(rows, wide, -1)
        codes = quantized.codes.view(rows, wide, -1)
        compared = (draws.negatives, picks.valid, self.temperature)
        everywhere = self.negatives_from == "all"
        pool, pool_codes = (
            self._every_target(inputs, draws) if every or everywhere else (None, None)
        )
        if everywhere:
            assert pool is not None and pool_codes is not None
            result = contrast_with(contexts, targets, codes, pool.data, pool_codes, *compared)
        else:
            result = contrast(contexts, targets, codes, *compared)
        power = _mean_square(features)
        contrastive = result.loss.sum()
        penalties = self.diversity_weight * quantized.penalty + self.features_weight * power
        loss = contrastive + picks.total * penalties
        counts = picks.counts.to(loss.device, non_blocking=True)
        losses = result.loss.sum(1) + counts * penalties
        stats: dict[str, Stat] = {
            "loss": (loss.detach(), picks.total),
            "loss_contrastive": (contrastive.detach(), picks.total),
            "loss_bits": (contrastive.detach() / math.log(2), picks.total),
            "accuracy": (result.correct.sum(), picks.total),
            "masked": (picks.total, int(features.lengths.sum())),
            **_health(quantized, power, picked, picks),
        }
        return Scored(hidden, Output(loss, stats, picks.total), losses, pool)


def _mean_square(features: Padded) -> Tensor:
    """Mean over the valid frames of the squared raw features."""
    square = features.data.float().square()
    weights = frame_weights(features.lengths, square.shape[1], square.device)
    if weights is None:
        return square.mean()
    count = max(int(features.lengths.sum()), 1) * square.shape[2]
    return (square * weights[..., None]).sum() / count


@torch.no_grad()
def _health(
    quantized: Quantized, power: Tensor, picked: Tensor, picks: MaskedFrames
) -> dict[str, Stat]:
    """Numbers that show a collapse: perplexities fall to 1 a group, the features' spread to 0."""
    usable = float(picks.total > 0)
    return {
        "perplexity": (quantized.perplexity * usable, usable),
        "code_perplexity": (quantized.code_perplexity * usable, usable),
        "diversity_penalty": (quantized.penalty * usable, usable),
        "features_power": (power * usable, usable),
        "features_std": (picks.spread(picked) * usable, usable),
    }
