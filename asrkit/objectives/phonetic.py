"""Phonetic pre-training: CTC on phones together with a self-supervised objective, from one masked
forward pass. UniSpeech builds on contrastive, UniData2vec on regression."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from asrkit import noise
from asrkit.batch import Batch, Padded
from asrkit.encoders.base import Encoder
from asrkit.encoders.kernels.dropout import Dropout
from asrkit.objectives import ctc
from asrkit.objectives.base import Diagnosis, FrameObjective, Frames, Output, Recognizer, Stat
from asrkit.objectives.ctc_head import ctc_head
from asrkit.ranges import BelowOne, NotNegative, Share
from asrkit.tokens import TokenList

NORMALIZATIONS = ("masked_frames", "utterances")


class PhoneticObjective(Recognizer):
    """ctc_weight * CTC of ``Batch.phones`` + self_weight * the base's loss on labeled utterances;
    unlabeled_weight * the base's loss on those without phones (TranUSR equations 2 and 3).

    normalization: what the sum over utterances is divided by. ``masked_frames``: both losses are
    sums, divided by the number of masked frames, as UniSpeech's code does. ``utterances``: the
    base's loss is the mean over each utterance's masked frames, the sum is divided by utterances.
    A self_weight has a meaning together with its normalization only.
    replace_prob: share of context frames that CTC sees replaced by their target (UniSpeech 0.5).
    In evaluation CTC sees what a recognizer sees: no mask, nothing replaced.
    """

    label_field = "phones"

    def __init__(
        self,
        base: FrameObjective,
        tokens: TokenList,
        *,
        ctc_weight: NotNegative = 1.0,
        self_weight: NotNegative = 0.15,
        unlabeled_weight: NotNegative = 1.0,
        normalization: str = "masked_frames",
        replace_prob: Share = 0.0,
        final_dropout: BelowOne = 0.0,
    ) -> None:
        super().__init__()
        if min(ctc_weight, self_weight, unlabeled_weight) < 0 or not 0 <= replace_prob <= 1:
            raise ValueError(
                f"weights are 0 or more ({ctc_weight}, {self_weight}, {unlabeled_weight}) and "
                f"replace_prob ({replace_prob}) lies in [0, 1]"
            )
        if normalization not in NORMALIZATIONS:
            raise ValueError(f"normalization is one of {NORMALIZATIONS}, not {normalization!r}")
        if normalization == "masked_frames" and base.spans.prob == 0:
            raise ValueError(
                "normalization masked_frames divides by the masked frames, and base_conf.mask_prob "
                "is 0: set normalization to utterances, or mask"
            )
        width = base.encoder.output_size
        if replace_prob > 0 and base.target_size != width:
            raise ValueError(
                f"replace_prob needs targets as wide as the context ({width}), not "
                f"{base.target_size}: set base_conf.compare to context"
            )
        self.base, self.tokens = base, tokens
        self.ctc_weight, self.self_weight = ctc_weight, self_weight
        self.unlabeled_weight = unlabeled_weight
        self.normalization, self.replace_prob = normalization, replace_prob
        self.final_dropout = Dropout(final_dropout)
        self.head = ctc_head(width, len(tokens))

    @property
    def encoder(self) -> Encoder:
        return self.base.encoder

    def before_step(self, step: int) -> None:
        super().before_step(step)
        self.base.before_step(step)

    def after_step(self, step: int) -> None:
        self.base.after_step(step)

    def after_init(self, parts: Sequence[str]) -> None:
        self.base.after_init(parts)

    def check_collapse(self, stats: dict[str, float]) -> Diagnosis | None:
        """A collapse of the base, or a head that writes nothing."""
        if diagnosis := self.base.check_collapse(stats):
            return diagnosis
        if self.step >= ctc.PATIENCE and stats.get("blank", 0.0) >= 0.9995:
            return Diagnosis(ctc.ALL_BLANKS, fatal=False)
        return None

    def forward(self, batch: Batch) -> Output:
        frames, own = self.base.frames(batch)
        labeled = _labeled(batch)
        log_probs = self._log_probs(self._ctc_input(batch, frames))
        ctc_losses, scores = self._ctc(batch, log_probs, labeled)
        self_losses = self._weighted(frames, labeled)
        loss = self.ctc_weight * ctc_losses.sum() + self_losses.sum()
        weight = own.weight if self.normalization == "masked_frames" else float(len(batch))
        stats = {
            **{name: value for name, value in own.stats.items() if name != "loss"},
            "loss": (loss.detach(), weight),
            "loss_self": own.stats["loss"],
            "loss_ctc": (ctc_losses.sum().detach(), int(labeled.sum())),
            "sum_self": (frames.losses.sum().detach(), 1.0),
            "sum_ctc": (ctc_losses.sum().detach(), 1.0),
            "labeled": (int(labeled.sum()), len(batch)),
            **scores,
        }
        return Output(loss, stats, weight)

    def log_probs(self, batch: Batch) -> Padded:
        if batch.speech is None:
            raise ValueError("recognition needs speech, and this batch has none")
        return self._log_probs(self.encoder(batch.speech).output)

    def output_lengths(self, lengths: Tensor) -> Tensor:
        return self.head.output_lengths(self.encoder.output_lengths(lengths))

    def _log_probs(self, hidden: Padded) -> Padded:
        scores = self.head(Padded(self.final_dropout(hidden.data), hidden.lengths))
        return Padded(scores.data.float().log_softmax(-1), scores.lengths)

    def _ctc_input(self, batch: Batch, frames: Frames) -> Padded:
        """What CTC sees: the masked context, some frames replaced; in evaluation, the plain one."""
        if not self.training:
            assert batch.speech is not None  # the base has used it
            return self.encoder(batch.speech).output
        if self.replace_prob == 0:
            return frames.hidden
        hidden, targets = frames.hidden.data, frames.targets.data
        rows = noise.row_keys(batch.keys, self.seed, self.step, "replace")
        drawn = noise.uniform(rows, hidden.shape[1], hidden.device)
        replaced = torch.where(
            (drawn < self.replace_prob)[..., None], targets.to(hidden.dtype), hidden
        )
        return Padded(replaced, frames.hidden.lengths)

    def _ctc(
        self, batch: Batch, log_probs: Padded, labeled: Tensor
    ) -> tuple[Tensor, dict[str, Stat]]:
        """[B] losses, 0 for unlabeled rows; every parameter takes part even if all of them are."""
        phones = batch.phones
        stats: dict[str, Stat] = {
            "blank": ctc.blanks(log_probs),
            "infeasible": (0.0, 0.0),
            "token_error_rate": (0.0, 0.0),
        }
        if phones is None or not bool(labeled.any()):
            return 0 * log_probs.data.sum((1, 2)), stats
        losses = ctc.ctc_losses(log_probs, phones)
        losses = torch.where(labeled.to(losses.device, non_blocking=True), losses, 0)
        stats["infeasible"] = (ctc.infeasible(log_probs.lengths, phones), int(labeled.sum()))
        if not self.training:
            stats["token_error_rate"] = _token_errors(log_probs, phones, labeled)
        return losses, stats

    def _weighted(self, frames: Frames, labeled: Tensor) -> Tensor:
        """[B] of the base's losses, times the weight that labels decide."""
        weights = torch.where(labeled, self.self_weight, self.unlabeled_weight)
        if self.normalization == "utterances":
            weights = weights / frames.counts.clamp(min=1)
        return weights.to(frames.losses, non_blocking=True) * frames.losses


def _token_errors(log_probs: Padded, phones: Padded, labeled: Tensor) -> tuple[int, int]:
    """Of labeled rows alone: others have no reference."""
    rows = labeled.to(log_probs.data.device)
    return ctc.token_errors(
        Padded(log_probs.data[rows], log_probs.lengths[labeled]),
        Padded(phones.data[rows], phones.lengths[labeled]),
    )


def _labeled(batch: Batch) -> Tensor:
    """bool [B] on the host: which utterances have phones."""
    if batch.phones is None:
        return torch.zeros(len(batch), dtype=torch.bool)
    return batch.phones.lengths > 0
