"""Chooses lm_weight and word_score on a validation set, from stored log-probabilities."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import multiprocessing
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from asrkit.data.marks import without_marks
from asrkit.decode.beam import BeamDecoder, DecodeError
from asrkit.decode.parallel import BeamTask
from asrkit.score.rates import score_utterances, total
from asrkit.score.units import default_separator, split_units


@dataclasses.dataclass(frozen=True)
class Trial:
    """Error rate (per cent) of one pair of weights."""

    lm_weight: float
    word_score: float
    rate: float


class _Setting(NamedTuple):
    """What all trials share. references: already as units."""

    decoder: BeamDecoder
    scores: Mapping[str, np.ndarray]
    references: Mapping[str, list[str]]
    unit: str


_setting: _Setting | None = None  # one a worker process


def _start(task: BeamTask, *rest: Any) -> None:
    global _setting
    _setting = _Setting(task.build(), *rest)


def _work(weights: tuple[float, float]) -> Trial:
    assert _setting is not None
    return _try(_setting, weights)


def _try(setting: _Setting, weights: tuple[float, float]) -> Trial:
    lm_weight, word_score = weights
    search = setting.decoder.with_weights(lm_weight=lm_weight, word_score=word_score)
    words = setting.unit in ("cer", "wer")
    separator = default_separator(setting.unit)
    hyps = {}
    for key, row in setting.scores.items():
        best = search(row)[0]
        text = without_marks(best.words) if words else search.tokens.decode(best.tokens)
        hyps[key] = split_units(" ".join(text), setting.unit, separator)
    rate = total(score_utterances(setting.references, hyps)).rate
    if rate is None:
        raise DecodeError("the references are empty: nothing to tune on")
    return Trial(lm_weight, word_score, rate)


def tune(
    decoder: BeamDecoder | BeamTask,
    scores: Mapping[str, np.ndarray],
    references: Mapping[str, str],
    *,
    unit: str = "wer",
    lm_weights: Sequence[float],
    word_scores: Sequence[float],
    nj: int = 1,
) -> list[Trial]:
    """All pairs of the grid, best first; ties go to the smaller lm_weight, then word_score.

    scores: id -> log-probabilities [T, V]. references: id -> text; both of the same utterances.
    nj: processes, for a BeamTask; each holds the scores, the lexicon and the language model.
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
    grid = list(itertools.product(lm_weights, word_scores))
    bar = tqdm(total=len(grid), desc="tune", unit="pair", delay=2)
    trials = []
    with bar, contextlib.ExitStack() as stack:
        results: Iterator[Trial]
        if nj > 1 and isinstance(decoder, BeamTask):
            # spawn: a forked child would inherit torch's threads in an unknown state
            context = multiprocessing.get_context("spawn")
            arguments = (decoder, scores, refs, unit)
            pool = ProcessPoolExecutor(nj, context, initializer=_start, initargs=arguments)
            results = stack.enter_context(pool).map(_work, grid)
        else:
            built = decoder.build() if isinstance(decoder, BeamTask) else decoder
            setting = _Setting(built, scores, refs, unit)
            results = (_try(setting, weights) for weights in grid)
        for trial in results:
            trials.append(trial)
            bar.update()
    return sorted(trials, key=lambda t: (t.rate, t.lm_weight, t.word_score))
