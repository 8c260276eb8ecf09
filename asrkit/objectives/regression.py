"""data2vec for speech: predict a slow teacher's contextual view of the masked frames."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from asrkit.batch import Batch, Padded
from asrkit.encoders.base import Hidden
from asrkit.encoders.masked import MaskedEncoder
from asrkit.encoders.normalize import normalize_frames
from asrkit.objectives.base import (
    Diagnosis,
    FrameObjective,
    Frames,
    Output,
    Stat,
    refuse_fewer_frames,
)
from asrkit.objectives.ema import EmaTeacher
from asrkit.objectives.masked_frames import MaskedFrames
from asrkit.objectives.masking import SpanMask, draw_mask
from asrkit.ranges import Count, Natural, NotNegative, Share

MINIMUM_TARGET, MINIMUM_PREDICTION, MINIMUM_FEATURES = 0.1, 0.01, 1e-3  # standard deviations
COLLAPSE = (
    "the {} have collapsed (standard deviation {:.1e}): lower optimizer_conf.lr, raise "
    "ema_start and ema_end, or use larger batches"
)


class RegressionObjective(FrameObjective):
    """Smooth L1 between the student's masked frames and the teacher's view of the same frames,
    unmasked; summed over channels, divided by the root of their number; the sum over masked frames.
    Reference: data2vec sections 3.2-3.3, TranUSR equation 1; the defaults are data2vec audio Base.

    top_k: how many of the last layers make the target. target: their ``ffn`` output before dropout
    and residual, or their ``block`` output; each normalized over time, then averaged. beta: where
    square turns into absolute error (smooth_l1). predict: compare a linear map of the context, not
    the context itself. mask_*: see masking.SpanMask. ema_*: the teacher's decay (ema.EmaTeacher).
    guard_after: updates before which a run is not judged.
    """

    encoder: MaskedEncoder

    def __init__(
        self,
        encoder: MaskedEncoder,
        *,
        top_k: Count = 8,
        target: str = "ffn",
        beta: NotNegative = 0.25,
        predict: bool = True,
        mask_prob: Share = 0.65,
        mask_length: Count = 10,
        min_masks: Natural = 1,
        require_same_masks: bool = True,
        mask_rounding: str = "row",
        ema_start: Share = 0.999,
        ema_end: Share = 0.9999,
        ema_steps: Natural = 30_000,
        guard_after: Natural = 5000,
    ) -> None:
        super().__init__()
        if not isinstance(encoder, MaskedEncoder):
            raise ValueError(
                f"regression needs an encoder that masks, not {type(encoder).__name__}"
            )
        refuse_fewer_frames(encoder)
        if not 1 <= top_k <= len(encoder.context.layers):
            raise ValueError(
                f"top_k is {top_k}; the encoder has {len(encoder.context.layers)} layers"
            )
        if target not in ("ffn", "block") or beta < 0:
            raise ValueError(f"target is ffn or block, not {target!r}; beta ({beta}) is 0 or more")
        self.encoder, self.target_size = encoder, encoder.output_size
        self.top_k, self.target, self.beta = top_k, target, beta
        self.spans = SpanMask(mask_prob, mask_length, min_masks, require_same_masks, mask_rounding)
        size = encoder.output_size
        self.prediction = nn.Linear(size, size) if predict else nn.Identity()
        # positions are copied, as in the released code
        self.teacher = EmaTeacher(
            encoder.context, start=ema_start, end=ema_end, steps=ema_steps, copied=["position"]
        )
        self.guard_after = guard_after

    def after_init(self, parts: Sequence[str]) -> None:
        """A teacher that was not taken over with the encoder starts as its copy."""
        if "teacher" not in parts and any(part.split(".")[0] == "encoder" for part in parts):
            self.teacher.restart(self.encoder.context)

    def after_step(self, step: int) -> None:
        self.teacher.follow(self.encoder.context, step)

    def forward(self, batch: Batch) -> Output:
        return self.frames(batch)[1]

    def check_collapse(self, stats: dict[str, float]) -> Diagnosis | None:
        """Watches what a collapse makes constant, as the loss falls in it."""
        if self.step < self.guard_after:
            return None
        for name, least in (
            ("target", MINIMUM_TARGET),
            ("prediction", MINIMUM_PREDICTION),
            ("features", MINIMUM_FEATURES),
        ):
            spread = stats.get(f"{name}_std")
            if spread is not None and spread < least:
                what = name if name == "features" else f"{name}s"
                return Diagnosis(COLLAPSE.format(what, spread), fatal=True)
        return None

    def frames(self, batch: Batch) -> tuple[Frames, Output]:
        """Targets are the teacher's, for every frame; no gradient enters them."""
        if batch.speech is None:
            raise ValueError("regression needs speech, and this batch has none")
        features = self.encoder.extract(batch.speech)
        size, device = features.data.shape[1], features.data.device
        lengths = features.lengths.tolist()
        mask = draw_mask(self.spans, batch.keys, lengths, size, *self._purpose("mask"))
        picks = MaskedFrames.of(mask, device)
        hidden = self.encoder.contextualize(features, mask.to(device, non_blocking=True)).output
        targets = self.targets(features)
        predicted = self.prediction(picks.take(hidden.data)).float()
        wanted = picks.take(targets.data)
        losses = smooth_l1(predicted, wanted, self.beta).sum(-1) / math.sqrt(self.target_size)
        losses = torch.where(picks.valid, losses, 0).sum(1)
        loss = losses.sum()
        stats: dict[str, Stat] = {
            "loss": (loss.detach(), picks.total),
            "masked": (picks.total, int(features.lengths.sum())),
            "ema_decay": (self.teacher.decay(self.step + 1), 1.0),
            **self._health(predicted, wanted, features, picks),
        }
        output = Output(loss, stats, picks.total)
        return Frames(hidden, targets, losses, picks.counts), output

    @torch.no_grad()
    def targets(self, features: Padded) -> Padded:
        """What the teacher sees in unmasked features [B, T, F]: float32 [B, T, D]."""
        hidden: Hidden = self.teacher(self.encoder.projected(features), every_layer=True)
        layers = hidden.ffn if self.target == "ffn" else hidden.layers
        top = layers[-self.top_k :]
        levels = [normalize_frames(Padded(layer.float(), features.lengths)) for layer in top]
        return Padded(torch.stack(levels).mean(0), features.lengths)

    @torch.no_grad()
    def _health(
        self, predicted: Tensor, wanted: Tensor, features: Padded, picks: MaskedFrames
    ) -> dict[str, Stat]:
        """Spreads that a collapse brings to 0; of a micro-batch, averaged over the channels."""
        usable = float(picks.total > 0)
        seen = self.encoder.normalized(picks.take(features.data)).float()
        return {
            name: (picks.spread(x) * usable, usable)
            for name, x in (
                ("target_std", wanted),
                ("prediction_std", predicted),
                ("features_std", seen),
            )
        }


def smooth_l1(x: Tensor, y: Tensor, beta: float) -> Tensor:
    """(x - y)^2 / (2 beta) up to beta, |x - y| - beta / 2 beyond; beta 0: the squared error.

    Reference: TranUSR equation 1; the case of 0 as data2vec has it.
    """
    if beta == 0:
        return F.mse_loss(x, y, reduction="none")
    return F.smooth_l1_loss(x, y, reduction="none", beta=beta)
