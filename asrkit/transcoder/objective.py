"""Phones to words: a word or a star at every phone position (TranUSR section 2.3)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from asrkit.align import edit_distance
from asrkit.batch import Batch, Padded, pad, valid_mask
from asrkit.decode.greedy import greedy_tokens
from asrkit.encoders.base import Encoder
from asrkit.encoders.kernels.dropout import Dropout
from asrkit.encoders.touch_unused import touch_unused
from asrkit.objectives.base import Diagnosis, Output, Recognizer, Stat
from asrkit.objectives.ctc import ctc_losses, infeasible
from asrkit.ranges import BelowOne
from asrkit.tokens import TokenList

LOGITS = 1 << 26  # held at once; more are computed in parts, and again in the backward pass
SURE = 1e-4  # a gated star leaves the words less than this: they are not looked at
PATIENCE = 500  # updates before nothing but stars is worth a word
STATS = ("loss", "stars", "infeasible", "word_accuracy", "word_error_rate")


class Candidates(NamedTuple):
    """What positions may be: log-probabilities of the star [..., L] and of the best words
    [..., L, K], and the numbers of these words in the token list; on the host."""

    star: Tensor
    scores: Tensor
    words: Tensor

    def best(self) -> Tensor:
        """[..., L] the likeliest class: 0 for the star."""
        is_word = self.scores[..., 0] > self.star
        return torch.where(is_word, self.words[..., 0], 0)


class TranscoderObjective(Recognizer):
    """Cross-entropy of word labels, summed over phone positions; weight = positions.

    Class 0 is the star, 1 ``<unk>``, then the words of ``tokens``.
    loss: ``ce``; or ``ctc`` of the words with the star as blank, whose weight is words.
    gated: p(star) is a sigmoid, and the words share 1 - p(star) by a softmax that is computed only
        where a word ends, a fifth of all positions; else one softmax over all, as in the paper.
    """

    structure = frozenset({"loss"})

    def __init__(
        self,
        encoder: Encoder,
        tokens: TokenList,
        *,
        loss: str = "ce",
        gated: bool = False,
        final_dropout: BelowOne = 0.0,
    ) -> None:
        super().__init__()
        if loss not in ("ce", "ctc"):
            raise ValueError(f"loss is ce or ctc, not {loss!r}")
        if gated and loss == "ctc":
            raise ValueError("gated needs labels at positions: loss ce")
        self.encoder, self.tokens = encoder, tokens
        self.kind, self.gated = loss, gated
        self.final_dropout = Dropout(final_dropout)
        self.head = nn.Linear(encoder.output_size, len(tokens) - gated)
        nn.init.normal_(self.head.weight, std=encoder.output_size**-0.5)
        nn.init.zeros_(self.head.bias)
        self.gate = nn.Linear(encoder.output_size, 1) if gated else None

    def forward(self, batch: Batch) -> Output:
        hidden = self._encode(batch)
        text = batch.text
        nothing: dict[str, Stat] = dict.fromkeys(STATS, (0.0, 0.0))
        if text is None or not int(text.lengths.sum()):
            unused = touch_unused(0 * hidden.data.sum(), self.parameters())
            return Output(unused, nothing, 0)
        if self.kind == "ctc":
            return self._ctc(hidden, text)
        if bool((text.lengths > hidden.lengths).any()):
            raise ValueError("an utterance has more labels than phones; make the folders again")
        frames = self.final_dropout(_labeled(hidden.data, text.lengths))
        labels = _labeled(text.data, text.lengths)
        loss, stars, right = self._gated(frames, labels) if self.gated else self._joint(
            frames, labels
        )  # fmt: skip
        count = len(labels)
        stats = nothing | {"loss": (loss.detach(), count), "stars": (stars, count)}
        if not self.training:
            stats["word_accuracy"] = (right, (labels != 0).sum())
            stats["word_error_rate"] = self._word_errors(batch, text)
        return Output(loss, stats, count)

    def check_collapse(self, stats: dict[str, float]) -> Diagnosis | None:
        if self.step < PATIENCE or stats.get("stars", 0.0) < 0.9995:
            return None
        return Diagnosis(
            "the model writes no words: more updates may help; else raise optimizer_conf.lr, or "
            "check that phones and labels belong together",
            fatal=False,
        )

    def log_probs(self, batch: Batch) -> Padded:
        """[B, L, V], as large as that is; ``candidates`` is what decoding uses."""
        hidden = self._encode(batch)
        logits = self.head(hidden.data).float()
        if self.gate is None:
            return Padded(logits.log_softmax(-1), hidden.lengths)
        gate = self.gate(hidden.data).float()
        words = logits.log_softmax(-1) + F.logsigmoid(-gate)
        return Padded(torch.cat([F.logsigmoid(gate), words], -1), hidden.lengths)

    def output_lengths(self, lengths: Tensor) -> Tensor:
        return self.encoder.output_lengths(lengths)

    def candidates(self, batch: Batch, count: int = 1, *, sure: float = SURE) -> Candidates:
        """The star and the ``count`` best words of every position.

        sure: where a gated star leaves less than this to the words, their scores are -inf.
        """
        hidden = self._encode(batch)
        rows, size, width = hidden.data.shape
        count = min(count, len(self.tokens) - 1)
        frames = hidden.data.reshape(-1, width)
        star = frames.new_full((len(frames),), -torch.inf, dtype=torch.float32)
        scores = star[:, None].repeat(1, count)
        words = torch.ones_like(scores, dtype=torch.int64)
        there = hidden.valid().flatten()
        if self.gate is not None:
            gate = self.gate(frames).float()[:, 0]
            star = F.logsigmoid(gate)
            there = there & (F.logsigmoid(-gate) >= torch.tensor(sure).log())
        for part in torch.split(there.nonzero()[:, 0], self._at_once()):
            logits = self.head(frames[part]).float().log_softmax(-1)
            if self.gate is None:
                star[part], logits = logits[:, 0], logits[:, 1:]
            else:
                logits = logits + F.logsigmoid(-gate[part])[:, None]
            best = logits.topk(count, -1)
            scores[part], words[part] = best.values, best.indices + 1
        shape = (rows, size, count)
        return Candidates(
            star.view(rows, size).cpu(),
            scores.view(shape).cpu(),
            words.view(shape).cpu(),
        )

    def _encode(self, batch: Batch) -> Padded:
        if batch.posteriors is None:
            raise ValueError("the Transcoder reads phones, and this batch has none")
        hidden: Padded = self.encoder(batch.posteriors).output
        return hidden

    def _at_once(self) -> int:
        """Positions whose logits are held together."""
        return max(1, LOGITS // len(self.tokens))

    def _joint(self, frames: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(loss, positions whose best class is the star, right words) of one softmax over all."""

        def score(frames: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
            logits = self.head(frames).float()
            best = logits.detach().argmax(-1)
            loss = F.cross_entropy(logits, labels, reduction="sum")
            return loss, (best == 0).sum(), ((best == labels) & (labels != 0)).sum()

        loss, stars, right = self._in_parts(score, frames, labels)
        return loss, stars, right

    def _gated(self, frames: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The same with a sigmoid for the star, and a softmax where words end."""
        assert self.gate is not None
        gate = self.gate(frames).float()[:, 0]
        is_word = labels != 0
        loss = F.binary_cross_entropy_with_logits(gate, (~is_word).float(), reduction="sum")
        ends = is_word.nonzero()[:, 0]  # waits for the device: their number depends on the labels

        def score(frames: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
            logits = self.head(frames).float()
            right = (logits.detach().argmax(-1) == labels).sum()
            return F.cross_entropy(logits, labels, reduction="sum"), right

        words, right = self._in_parts(score, frames[ends], labels[ends] - 1)
        return loss + words, (gate.detach() > 0).sum(), right

    def _in_parts(self, score, frames: Tensor, labels: Tensor):  # type: ignore[no-untyped-def]
        """Sums of ``score`` over parts; what does not fit at once is not kept for the gradient."""
        size = self._at_once()
        if len(frames) <= size:
            return score(frames, labels)
        parts = [
            checkpoint(score, some, these, use_reentrant=False)
            for some, these in zip(
                torch.split(frames, size), torch.split(labels, size), strict=True
            )
        ]
        return tuple(sum(column[1:], column[0]) for column in zip(*parts, strict=True))

    def _ctc(self, hidden: Padded, text: Padded) -> Output:
        """Words as CTC labels: stars are taken out, and the star is the blank."""
        logits = self.head(self.final_dropout(hidden.data)).float()
        log_probs = Padded(logits.log_softmax(-1), hidden.lengths)
        rows = _words(text.data, text.lengths)
        words = pad([torch.tensor(row, dtype=torch.int64) for row in rows]).to(logits.device)
        labeled = (words.lengths > 0).to(logits.device, non_blocking=True)
        loss = (ctc_losses(log_probs, words) * labeled).sum()
        best = log_probs.data.detach().argmax(-1)
        count = int(words.lengths.sum())
        stars = ((best == 0) & log_probs.valid()).sum()
        stats: dict[str, Stat] = dict.fromkeys(STATS, (0.0, 0.0))
        stats |= {
            "loss": (loss.detach(), count),
            "stars": (stars, int(hidden.lengths.sum())),
            "infeasible": (infeasible(hidden.lengths, words), len(rows)),
        }
        if not self.training:
            stats["word_error_rate"] = _errors(rows, greedy_tokens(log_probs))
        return Output(loss, stats, count)

    def _word_errors(self, batch: Batch, text: Padded) -> Stat:
        best = self.candidates(batch, 1, sure=0.5).best()
        return _errors(_words(text.data, text.lengths), _words(best, text.lengths))


def _labeled(x: Tensor, lengths: Tensor) -> Tensor:
    """[B, T, ...] to [N, ...]: the first ``lengths`` positions of each row, known on the host."""
    picked = valid_mask(lengths, x.shape[1], torch.device("cpu")).flatten().nonzero()[:, 0]
    return x.flatten(0, 1).index_select(0, picked.to(x.device, non_blocking=True))


def _words(labels: Tensor, lengths: Tensor) -> list[list[int]]:
    """The words of each row of labels [B, L]: stars are taken out."""
    rows = zip(labels.tolist(), lengths.tolist(), strict=True)
    return [[number for number in row[:length] if number] for row, length in rows]


def _errors(wanted: list[list[int]], found: list[list[int]]) -> Stat:
    """Word errors and words; ``<unk>`` is never right, whatever word it stands for."""
    pairs = zip(wanted, found, strict=True)
    errors = sum(edit_distance([n if n > 1 else -1 for n in w], f) for w, f in pairs)
    return errors, sum(map(len, wanted))
