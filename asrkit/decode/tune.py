"""Chooses lm_weight and word_score on a validation set, from stored log-probabilities."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping, Sequence

import numpy as np
from tqdm import tqdm

from asrkit.data.marks import without_marks
from asrkit.decode.beam import BeamDecoder, DecodeError
from asrkit.score.rates import score_utterances, total
from asrkit.score.units import default_separator, split_units


@dataclasses.dataclass(frozen=True)
class Trial:
    """Error rate (per cent) of one pair of weights."""

    lm_weight: float
    word_score: float
    rate: float


def tune(
    decoder: BeamDecoder,
    scores: Mapping[str, np.ndarray],
    references: Mapping[str, str],
    *,
    unit: str = "wer",
    lm_weights: Sequence[float],
    word_scores: Sequence[float],
) -> list[Trial]:
    """All pairs of the grid, best first; ties go to the smaller lm_weight, then word_score.

    scores: id -> log-probabilities [T, V]. references: id -> text; both of the same utterances.
    """
    if not scores or scores.keys() != references.keys():
        common = len(scores.keys() & references.keys())
        raise DecodeError(
            f"{len(scores)} utterances have scores, {len(references)} a reference, {common} both;"
            " they must be the same utterances"
        )
    if not lm_weights or not word_scores:
        raise DecodeError("the grid is empty: give lm_weights and word_scores")
    separator = default_separator(unit)
    words = unit in ("cer", "wer")
    if words:
        references = {key: " ".join(without_marks(t.split())) for key, t in references.items()}
    refs = {key: split_units(text, unit, separator) for key, text in references.items()}
    trials = []
    grid = list(itertools.product(lm_weights, word_scores))
    for lm_weight, word_score in tqdm(grid, desc="tune", delay=2):
        search = decoder.with_weights(lm_weight=lm_weight, word_score=word_score)
        hyps = {}
        for key, row in scores.items():
            best = search(row)[0]
            text = without_marks(best.words) if words else decoder.tokens.decode(best.tokens)
            hyps[key] = split_units(" ".join(text), unit, separator)
        rate = total(score_utterances(refs, hyps)).rate
        if rate is None:
            raise DecodeError("the references are empty: nothing to tune on")
        trials.append(Trial(lm_weight, word_score, rate))
    return sorted(trials, key=lambda t: (t.rate, t.lm_weight, t.word_score))
