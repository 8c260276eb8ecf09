"""Chooses the weights of a search on a validation set, from stored log-probabilities."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from asrkit.arguments import warn
from asrkit.decode.beam import BeamDecoder, DecodeError
from asrkit.decode.parallel import BeamTask, own_decoder, own_notes, start_worker
from asrkit.decode.search import Weights
from asrkit.files import write_json
from asrkit.processes import workers
from asrkit.score.rates import score_utterances, total
from asrkit.score.units import default_separator, split_units
from asrkit.text.non_linguistic import without_nlsyms
from asrkit.transcoder.search import WordHypothesis, WordSearch


@dataclasses.dataclass(frozen=True)
class Trial:
    """Error rate (percent) of one choice of weights."""

    lm_weight: float
    word_score: float
    rate: float
    prior_weight: float = 0.0


class _Setting(NamedTuple):
    """What all trials share. references: already as units. offsets: of label priors of weight 1."""

    decoder: BeamDecoder | WordSearch
    scores: Mapping[str, Any]
    references: Mapping[str, list[str]]
    unit: str
    offsets: np.ndarray | None = None


_data: tuple[Any, ...] = ()  # scores, references, unit and offsets, one a worker process


def _start(task: BeamTask, *data: Any) -> None:
    global _data
    start_worker(task)
    _data = data


def _work(weights: Weights) -> Trial:
    return _try(_Setting(own_decoder(), *_data), weights)


def _try(setting: _Setting, weights: Weights) -> Trial:
    lm_weight, word_score, prior_weight = weights
    search = setting.decoder.with_weights(lm_weight=lm_weight, word_score=word_score)
    words = setting.unit in ("cer", "wer")
    separator = default_separator(setting.unit)
    hyps = {}
    for key, row in setting.scores.items():
        if setting.offsets is not None and prior_weight:
            row = row + prior_weight * setting.offsets
        best = search(row)[0]
        if words or isinstance(best, WordHypothesis):
            text = without_nlsyms(best.words)
        else:
            text = search.tokens.decode(best.tokens)
        hyps[key] = split_units(" ".join(text), setting.unit, separator)
    rate = total(score_utterances(setting.references, hyps)).rate
    if rate is None:
        raise DecodeError("the references are empty: nothing to tune on")
    return Trial(lm_weight, word_score, rate, prior_weight)


def tune(
    decoder: BeamDecoder | WordSearch | BeamTask,
    scores: Mapping[str, Any],
    references: Mapping[str, str],
    *,
    unit: str = "wer",
    lm_weights: Sequence[float],
    word_scores: Sequence[float],
    prior_weights: Sequence[float] = (0.0,),
    offsets: np.ndarray | None = None,
    nj: int = 1,
) -> list[Trial]:
    """The whole grid, best first; ties go to the smaller prior_weight, lm_weight, then word_score.

    scores: id -> log-probabilities [T, V], or Candidates for a WordSearch. references: id -> text;
    both of the same utterances. offsets: [V], of label priors of weight 1 (LabelPrior.offsets).
    nj: processes, for a BeamTask; each holds the scores, the lexicon and the language model.
    """
    if not scores or scores.keys() != references.keys():
        common = len(scores.keys() & references.keys())
        raise DecodeError(
            f"{len(scores)} utterances have scores, {len(references)} a reference, {common} both;"
            " they must be the same utterances"
        )
    if not (lm_weights and word_scores and prior_weights):
        raise DecodeError("the grid is empty: give lm_weights, word_scores and prior_weights")
    separator = default_separator(unit)
    words = unit in ("cer", "wer")
    if words:
        references = {key: " ".join(without_nlsyms(t.split())) for key, t in references.items()}
    refs = {key: split_units(text, unit, separator) for key, text in references.items()}
    choices = itertools.product(lm_weights, word_scores, prior_weights)
    grid = list(itertools.starmap(Weights, choices))
    bar = tqdm(total=len(grid), desc="tune", unit="trial", delay=2)
    trials = []
    with bar, contextlib.ExitStack() as stack:
        results: Iterator[Trial]
        if nj > 1 and isinstance(decoder, BeamTask):
            arguments = (decoder, scores, refs, unit, offsets)
            pool = stack.enter_context(workers(nj, start=(_start, arguments)))
            notes = pool.ask(own_notes, None)
            results = pool.in_order(_work, grid)
        else:
            built = decoder.build() if isinstance(decoder, BeamTask) else decoder
            notes = built.notes
            setting = _Setting(built, scores, refs, unit, offsets)
            results = (_try(setting, weights) for weights in grid)
        for note in notes:
            warn(note)
        for trial in results:
            trials.append(trial)
            bar.update()
    return sorted(trials, key=lambda t: (t.rate, t.prior_weight, t.lm_weight, t.word_score))


def write_trials(path: Path, unit: str, trials: Sequence[Trial]) -> None:
    """JSON: the best weights and all trials."""
    rows = [dataclasses.asdict(trial) for trial in trials]
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, {"unit": unit, **rows[0], "trials": rows})
    best = trials[0]
    prior = f", prior_weight {best.prior_weight:g}" if best.prior_weight else ""
    print(
        f"{path}: lm_weight {best.lm_weight:g}, word_score {best.word_score:g}{prior}:"
        f" {unit.upper()} {best.rate:.2f} % of {len(trials)} trials"
    )
