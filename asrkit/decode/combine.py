"""One text of the n-best lists of one recognizer or of several, and the weights of doing so."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from asrkit.decode.nbest import Scored, agreement, least_risk
from asrkit.decode.rover import Vote, Voted, rover
from asrkit.files import DataError, write_json
from asrkit.score.rates import score_utterances, total
from asrkit.score.units import default_separator, split_units
from asrkit.text.non_linguistic import without_nlsyms

Lists = Mapping[str, Sequence[Scored]]

SCALES = (0.05, 0.1, 0.2, 0.5, 1.0)
ALPHAS = (0.0, 0.25, 0.5, 0.75, 1.0)
NULLS = (0.0, 0.2, 0.4, 0.6, 0.8)


@dataclasses.dataclass(frozen=True)
class Weights:
    """scale: of scores, for shares of an n-best. alpha, null: of the vote of several systems."""

    scale: float = 0.5
    alpha: float = 0.5
    null: float = 0.5

    def __post_init__(self) -> None:
        if not self.scale > 0:
            raise ValueError(f"scale is above 0, not {self.scale:g}")
        Vote(self.alpha, self.null)

    @classmethod
    def read(cls, path: Path) -> Weights:
        """Those that ``write_choice`` wrote. Raises DataError for another file."""
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            return cls(**{f.name: float(content[f.name]) for f in dataclasses.fields(cls)})
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(
                f"{path}: no weights of a combination ({type(error).__name__}: {error})"
            ) from None


def same_utterances(systems: Sequence[Lists], names: Sequence[str]) -> None:
    """Raises DataError, with an example, where lists are of different utterances."""
    for lists, name in zip(systems[1:], names[1:], strict=True):
        if other := sorted(lists.keys() ^ systems[0].keys()):
            where = names[0] if other[0] in systems[0] else name
            raise DataError(
                f"{name} and {names[0]}: {len(other)} utterances are in one of them alone, such as "
                f"{other[0]} in {where}; combine what was decoded of one data folder"
            )


def combined(systems: Sequence[Lists], weights: Weights) -> dict[str, list[str]]:
    """Utterance -> words: of one system those of least risk, of several what the vote of these
    leaves."""
    vote = Vote(weights.alpha, weights.null)
    made = {}
    for name in systems[0]:
        said = [_sure(tuple(lists[name]), weights.scale) for lists in systems]
        made[name] = [one.word for one in (rover(said, vote) if len(said) > 1 else said[0])]
    return made


@functools.lru_cache(maxsize=100_000)
def _sure(found: tuple[Scored, ...], scale: float) -> tuple[Voted, ...]:
    """The words of least risk, each with the share of the n-best that has it."""
    best = found[least_risk(found, scale)]
    return tuple(map(Voted, best.words, agreement(best.words, found, scale)))


def choose(
    systems: Sequence[Lists], references: Mapping[str, str], unit: str = "wer"
) -> list[tuple[float, Weights]]:
    """(error rate in percent, weights) of a grid, best first; ties as the grid has them. Of one
    system the scale alone is chosen. Raises DataError for other utterances than the lists'."""
    if references.keys() != systems[0].keys():
        raise DataError(
            f"{len(systems[0])} utterances were decoded and {len(references)} have a reference; "
            "they must be the same"
        )
    separator = default_separator(unit)
    refs = {k: split_units(_clean(t.split()), unit, separator) for k, t in references.items()}
    vote = itertools.product(ALPHAS, NULLS) if len(systems) > 1 else [(0.5, 0.5)]
    trials = []
    for (alpha, null), scale in itertools.product(vote, SCALES):
        weights = Weights(scale, alpha, null)
        texts = combined(systems, weights)
        hyps = {k: split_units(_clean(words), unit, separator) for k, words in texts.items()}
        rate = total(score_utterances(refs, hyps)).rate
        if rate is None:
            raise DataError("the references are empty: nothing to choose by")
        trials.append((rate, weights))
    return sorted(trials, key=lambda trial: trial[0])


def _clean(words: Sequence[str]) -> str:
    return " ".join(without_nlsyms(list(words)))


def write_choice(path: Path, unit: str, trials: Sequence[tuple[float, Weights]]) -> None:
    rows: list[dict[str, Any]] = [{**dataclasses.asdict(w), "rate": rate} for rate, w in trials]
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, {"unit": unit, **rows[0], "trials": rows})
