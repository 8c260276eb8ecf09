"""m-CPC pre-training: tell the true latents of the next frames from others of the batch."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import torch
from torch import Tensor, nn

from asrkit import noise
from asrkit.batch import Batch, Padded
from asrkit.encoders.base import Encoder
from asrkit.encoders.causal import CausalLayer
from asrkit.objectives.base import Diagnosis, Objective, Output, Stat
from asrkit.ranges import BelowOne, Count

WARMUP = 200  # updates before which a run is not judged


@dataclasses.dataclass(frozen=True)
class Contexts:
    """The N frames of a batch [B, T] from which the ``steps`` frames after them are predicted.

    rows, frames: int64 [N]: frame t of row b, with t + steps inside the row.
    order: int64 [M], positions b * T + t of all valid frames of the batch, row by row.
    begins: int64 [B], how many of these precede each row. size: frames beyond the last context.
    """

    rows: Tensor
    frames: Tensor
    order: Tensor
    begins: Tensor
    steps: int
    size: int

    @classmethod
    def of(cls, lengths: Tensor, frames: int, steps: int, device: torch.device) -> Contexts:
        """From lengths [B] on the host and T; nothing waits for the device."""
        counts = np.maximum(lengths.numpy(), 0)
        usable = np.maximum(counts - steps, 0)
        columns = (
            np.repeat(np.arange(len(counts)), usable),
            np.concatenate([np.arange(count) for count in usable]),
            np.concatenate([np.arange(count) + row * frames for row, count in enumerate(counts)]),
            np.concatenate([[0], np.cumsum(counts)[:-1]]),
        )
        tensors = (torch.from_numpy(column.astype(np.int64)) for column in columns)
        rows, within, order, begins = (tensor.to(device, non_blocking=True) for tensor in tensors)
        return cls(rows, within, order, begins, steps, max(int(usable.max()), 1))

    def negatives(self, keys: Tensor, number: int) -> Tensor:
        """int64 [N, number]: positions b * T + t of valid frames of any row, uniform with
        replacement, none of the ``steps`` frames after the context. keys: [B] row keys."""
        words = noise.words(keys, self.size * number, self.rows.device)
        mine = words.view(len(keys), self.size, number)[self.rows, self.frames]
        drawn = (mine * max(len(self.order) - self.steps, 0)) >> 32
        first = (self.begins[self.rows] + self.frames + 1)[:, None]
        return self.order[drawn + (drawn >= first) * self.steps]


class CpcObjective(Objective):
    """Sum over contexts and steps of the cross-entropy of the true frame against ``negatives``
    others; weight = contexts. Reference: Rivière et al. 2020, section 2.

    steps: how many of the next frames each context predicts, each by a causal transformer layer of
    its own (``heads``, ``ffn_size``, ``dropout``, ``distances`` of its relative positions).
    The encoder must be causal, and its features as wide as its context.
    """

    structure = frozenset({"heads"})

    def __init__(
        self,
        encoder: Encoder,
        *,
        steps: Count = 12,
        negatives: Count = 128,
        heads: Count = 8,
        ffn_size: Count = 2048,
        distances: Count = 116,
        dropout: BelowOne = 0.1,
    ) -> None:
        super().__init__()
        if steps < 1 or negatives < 1 or distances < 1:
            raise ValueError(
                f"steps ({steps}), negatives ({negatives}), distances ({distances}) are above 0"
            )
        if not encoder.causal:
            raise ValueError("cpc predicts later frames: it needs an encoder that is causal (cpc)")
        if encoder.feature_size != encoder.output_size:
            raise ValueError("cpc compares contexts with features: they must be of one width")
        self.encoder, self.negatives = encoder, negatives
        self.predictors = nn.ModuleList(
            CausalLayer(
                encoder.output_size,
                heads=heads,
                ffn_size=ffn_size,
                distances=distances,
                dropout=dropout,
            )
            for _ in range(steps)
        )

    def forward(self, batch: Batch) -> Output:
        if batch.speech is None:
            raise ValueError("cpc pre-training needs speech, and this batch has none")
        features = self.encoder.extract(batch.speech)
        hidden = self.encoder.contextualize(features).output
        contexts = Contexts.of(
            features.lengths, features.data.shape[1], len(self.predictors), features.data.device
        )
        step = self.step if self.training else 0  # evaluation repeats step 0
        keys = noise.row_keys(batch.keys, self.seed, step, "negatives")
        return self.score(features, hidden, contexts, contexts.negatives(keys, self.negatives))

    def score(
        self, features: Padded, hidden: Padded, contexts: Contexts, negatives: Tensor
    ) -> Output:
        """The loss for given negatives [N, K], positions in the flattened features."""
        frames = features.data.shape[1]
        context = hidden.data[:, : contexts.size]
        latents = features.data.flatten(0, 1).float()
        now = contexts.rows * frames + contexts.frames
        losses, correct = [], []
        for ahead, predictor in enumerate(self.predictors, start=1):
            predicted = predictor(context)[contexts.rows, contexts.frames]
            candidates = torch.cat([(now + ahead)[:, None], negatives], 1)
            with torch.autocast(context.device.type, enabled=False):
                # all products, then the candidates': smaller than the drawn vectors themselves
                scores = (predicted.float() @ latents.t()).gather(1, candidates) / latents.shape[1]
                losses.append(-scores.log_softmax(1)[:, 0].sum())
            correct.append(_correct(scores.detach()))
        loss = torch.stack(losses).sum()
        count = len(contexts.rows)
        mean_loss, mean_correct = loss.detach() / len(losses), sum(correct) / len(correct)
        stats: dict[str, Stat] = {
            "loss": (loss.detach(), count),
            "loss_bits": (mean_loss / math.log(2), count),
            "accuracy": (mean_correct, count),
            "accuracy_first": (correct[0], count),
            "accuracy_last": (correct[-1], count),
            "features_std": _spread(latents.detach(), contexts.order),
        }
        return Output(loss, stats, count)

    def check_collapse(self, stats: dict[str, float]) -> Diagnosis | None:
        if self.step < WARMUP or stats.get("features_std", 1.0) >= 1e-3:
            return None
        return Diagnosis(
            f"the features have collapsed (standard deviation {stats['features_std']:.1e}): lower "
            "optimizer_conf.lr, or use larger batches",
            fatal=True,
        )


def _correct(scores: Tensor) -> Tensor:
    """How many rows of [N, 1 + K] have no negative above the positive, all alike not counting."""
    positive, others = scores[:, :1], scores[:, 1:]
    best = (positive >= others).all(1) & (positive > others).any(1)
    return best.sum().float()


def _spread(latents: Tensor, order: Tensor) -> Stat:
    """Standard deviation over the valid frames, averaged over channels."""
    if len(order) == 0:
        return 0.0, 0.0
    return latents[order].std(0, correction=0).mean(), 1.0
