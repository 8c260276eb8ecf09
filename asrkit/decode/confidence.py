"""How likely a word that was recognized is right.

Of a search with a lexicon: the probability by a logistic regression on three things. Agreement: the
share of the n-best, by their scores, that has the word in its place. Gap: natural log of the best
path's probability in the word's frames against that of the likeliest tokens there, for each token.
Length: of the word in tokens. Of a word of a Transcoder the share is its probability, and there is
no gap (transcoder/model.py). Of tokens alone: the mean of the network's probability in the frames
in which the path holds them.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from asrkit.decode.hypothesis import Evidence, Hypothesis
from asrkit.decode.nbest import Scored, agreement
from asrkit.decode.timing import Span
from asrkit.files import DataError, write_json

NBEST = 30  # hypotheses that a word may agree with
FILE = "confidence.json"  # beside the model, if it was fitted to it
_SCALE = 0.5  # of scores, for shares of the n-best: scores of paths are too sure
_SHARES = (0.01, 0.99)
_WORST = -5.0  # of a gap
_BINS = 10


@dataclasses.dataclass(frozen=True)
class Calibration:
    """Weights of the evidence. The defaults were fitted on the valid sets of egs/mini_asterisk with
    lexicon and 4-gram; ``asrkit calibrate`` fits a model's own."""

    bias: float = -1.645
    agreement: float = 0.602
    gap: float = 0.819
    length: float = 0.689

    def __call__(self, evidence: Evidence) -> float:
        """Probability that the word is right."""
        weights = (self.agreement, self.gap, self.length)
        logit = self.bias + sum(w * e for w, e in zip(weights, evidence, strict=True))
        return 1 / (1 + math.exp(-max(-30.0, min(logit, 30.0))))

    @classmethod
    def of(cls, folder: Path, default: Calibration | None = None) -> Calibration:
        """That of a model's folder, else the default. Raises DataError for a damaged file."""
        path = folder / FILE
        if not path.exists():
            return default or cls()
        names = [field.name for field in dataclasses.fields(cls)]
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            found = [float(content[name]) for name in names]
            if not all(map(math.isfinite, found)):
                raise ValueError("a number is not finite")
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(
                f"{path}: no calibration ({type(error).__name__}: {error}); remove it, or run "
                "asrkit calibrate again"
            ) from None
        return cls(*found)

    def write(self, folder: Path) -> Path:
        """The file in a model's folder."""
        write_json(folder / FILE, dataclasses.asdict(self))
        return folder / FILE

    @classmethod
    def fit(cls, evidence: Sequence[Evidence], right: Sequence[bool]) -> Calibration:
        """The weights under which these outcomes are likeliest. Raises DataError where all are the
        same, or too few."""
        from sklearn.linear_model import LogisticRegression  # only here: it takes a second to load

        if min(sum(right), len(right) - sum(right)) < 20:
            raise DataError(
                f"{sum(right)} right words and {len(right) - sum(right)} wrong ones: a calibration "
                "needs 20 of each; give it more data"
            )
        model = LogisticRegression(C=100.0).fit(np.array(evidence), np.array(right))
        return cls(float(model.intercept_[0]), *map(float, model.coef_[0]))


AGREEMENT_ALONE = Calibration(bias=0.0, agreement=1.0, gap=0.0, length=0.0)


class Quality(NamedTuple):
    """How good confidences are. auc: the chance that a right word has more than a wrong one. ece:
    expected calibration error, over ten bins of equal width (Guo et al. 2017)."""

    auc: float
    ece: float


def quality(confidences: Sequence[float], right: Sequence[bool]) -> Quality:
    """Raises DataError where no word is right, or none is wrong."""
    sure, good = np.array(confidences), np.array(right, bool)
    if good.all() or not good.any():
        raise DataError("all words are right, or all wrong: there is nothing to tell apart")
    order = np.sort(sure)
    ranks = (np.searchsorted(order, sure, "left") + np.searchsorted(order, sure, "right")) / 2
    wins = ranks[good].sum() - good.sum() ** 2 / 2
    auc = wins / (good.sum() * (~good).sum())
    bins = np.minimum((sure * _BINS).astype(int), _BINS - 1)
    each = [bins == number for number in set(bins.tolist())]
    ece = sum(abs(sure[one].mean() - good[one].mean()) * one.mean() for one in each)
    return Quality(float(auc), float(ece))


def evidence_of(
    found: Sequence[Hypothesis], groups: Sequence[Sequence[Span]], path: Tensor, log_probs: Tensor
) -> list[Evidence]:
    """Of the words of the best of ``found``: ``groups`` are the spans of their tokens in ``path``
    [T], the best path's tokens in ``log_probs`` [T, V]."""
    listed = [Scored(tuple(one.words), one.score) for one in found]
    agreed = agreement(found[0].words, listed, _SCALE)
    held = log_probs.gather(1, path.long()[:, None])[:, 0]
    behind = (held - log_probs.amax(1)).clamp(min=-50.0)
    lost = torch.cat([behind.new_zeros(1), behind.cumsum(0)]).tolist()
    rows = []
    for share, group in zip(agreed, groups, strict=True):
        gap = (lost[group[-1].end] - lost[group[0].start]) / len(group)
        rows.append(evidence_from(share, gap, len(group)))
    return rows


def evidence_from(share: float, gap: float, length: int) -> Evidence:
    """share: of what was found possible, between 0 and 1. gap: a natural log. length: in tokens."""
    low, high = _SHARES
    share = min(max(share, low), high)
    return Evidence(math.log(share / (1 - share)), max(gap, _WORST), math.log(length))
