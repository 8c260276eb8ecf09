"""Which class an utterance is of, such as its language: pooled frames of an encoder, and a head."""

from __future__ import annotations

import re

import torch
from torch import Tensor
from torch.nn import functional as F

from asrkit import noise
from asrkit.batch import Batch, Padded
from asrkit.encoders.base import Encoder
from asrkit.encoders.kernels.dropout import Dropout
from asrkit.objectives.base import Output, Scorer, Stat
from asrkit.objectives.fine_tuned import FineTuned
from asrkit.objectives.masking import SpanMask
from asrkit.objectives.pooled_head import PooledHead, stretches
from asrkit.phases import Phase
from asrkit.ranges import BelowOne, Count, Natural, Share
from asrkit.tokens import TokenList

SPECIALS = 2  # <blank> and <unk>, which are no classes
MOST_PAIRS = 10  # classes of which validation counts each pair
_NAME = re.compile(r"[\w.+-]+")  # it becomes part of a metric's name, and of its curve's file


class ClassifyObjective(FineTuned, Scorer):
    """Sum over utterances of the cross-entropy of their class, the label in ``Batch.text``;
    weight = labeled utterances. Of an utterance with several labels each is right in its share.

    tokens: the classes, behind the two symbols that no list is without.
    hidden_size: of a layer between the pooled frames and the classes; 0 for none.
    least_share: in training a stretch of each utterance is classified, at least this share of it:
    what is to be recognized in a second of speech is learned from seconds.
    freeze_steps, freeze_encoder, final_dropout, mask_*, channel_mask_*: as of CtcObjective.

    Validation has ``accuracy``, and ``accuracy_<class>``; up to 10 classes also
    ``<class>_as_<other>``, the share of a class that was taken for another.
    """

    def __init__(
        self,
        encoder: Encoder,
        tokens: TokenList,
        *,
        hidden_size: Natural = 256,
        least_share: Share = 1.0,
        freeze_steps: Phase = 0,
        freeze_encoder: bool = False,
        final_dropout: BelowOne = 0.0,
        mask_prob: Share = 0.0,
        mask_length: Count = 10,
        channel_mask_prob: Share = 0.0,
        channel_mask_length: Count = 64,
    ) -> None:
        super().__init__(
            encoder,
            freeze_steps=freeze_steps,
            freeze_encoder=freeze_encoder,
            time_spans=SpanMask(mask_prob, mask_length, 0, same_counts=False),
            channel_spans=SpanMask(channel_mask_prob, channel_mask_length, 0, same_counts=False),
        )
        self.tokens, self.least_share = tokens, least_share
        self.classes = tokens.symbols[SPECIALS:]
        if len(self.classes) < 2:
            raise ValueError(f"needs two classes to tell apart; token_list has {self.classes}")
        if odd := [name for name in self.classes if not _NAME.fullmatch(name)]:
            raise ValueError(f"token_list: {odd[0]!r} is no class: letters, digits, _ . + - only")
        self.final_dropout = Dropout(final_dropout)
        self.head = PooledHead(encoder.output_size, len(self.classes), hidden=hidden_size)

    def forward(self, batch: Batch) -> Output:
        log_probs = self._classify(self._encode(batch).output)
        if batch.text is None:
            nothing: Stat = (0.0, 0.0)
            stats = {"loss": nothing, "accuracy": nothing, **self._by_class(None, None)}
            return Output(0 * log_probs.sum(), stats, 0)
        counts = self._counts(batch.text)
        share = counts / counts.sum(1, keepdim=True).clamp(min=1)
        loss = -(share * log_probs).sum()
        known = share.sum()  # 1 of each labeled utterance
        given = int((batch.text.lengths > 0).sum())  # of a class that was never learned, too
        with torch.no_grad():
            best = F.one_hot(log_probs.argmax(1), len(self.classes))
            right = ((counts > 0) & (best > 0)).sum()
        stats = {
            "loss": (loss.detach(), known),
            "accuracy": (right, given),
            **self._by_class(share, best),
        }
        return Output(loss, stats, known)

    def _counts(self, text: Padded) -> Tensor:
        """[B, L] labels to [B, classes]: how often an utterance has each."""
        of_a_class = text.valid() & (text.data >= SPECIALS)
        hot = F.one_hot((text.data - SPECIALS).clamp(min=0), len(self.classes))
        return (hot * of_a_class[..., None]).sum(1)

    def _by_class(self, share: Tensor | None, best: Tensor | None) -> dict[str, Stat]:
        """Statistics of each class; of validation alone, as they wait for the device."""
        size = len(self.classes)
        pairs = [[0.0] * size for _ in range(size)]
        if share is not None and best is not None and not self.training:
            pairs = (share.T @ best.to(share.dtype)).tolist()
        found: dict[str, Stat] = {}
        for name, row, at in zip(self.classes, pairs, range(size), strict=True):
            total = sum(row)
            found[f"accuracy_{name}"] = (row[at], total)
            if size <= MOST_PAIRS:
                for other, taken in zip(self.classes, row, strict=True):
                    if other != name:
                        found[f"{name}_as_{other}"] = (taken, total)
        return found

    def _features(self, batch: Batch) -> Padded:
        features = super()._features(batch)
        if self.training and self.least_share < 1:
            keys = noise.row_keys(batch.keys, self.seed, self.step, "stretch")
            return stretches(features, keys, self.least_share)
        return features

    def log_probs(self, batch: Batch) -> Padded:
        """float32 [B, 1, classes], as one frame; length 0 where the encoder makes no frame."""
        if batch.speech is None:
            raise ValueError("classification needs speech, and this batch has none")
        hidden = self.encoder(batch.speech).output
        return Padded(self._classify(hidden)[:, None], hidden.lengths.clamp(max=1))

    def _classify(self, hidden: Padded) -> Tensor:
        scores = self.head(Padded(self.final_dropout(hidden.data), hidden.lengths))
        return scores.float().log_softmax(-1)
