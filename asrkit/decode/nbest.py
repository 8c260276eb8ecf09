"""N-best lists of words: their files, the shares of probability in them, and the least risk.

``nbest.jsonl`` has a line for each utterance: {"id": ..., "nbest": [{"words": ..., "score": ...}]},
the best first.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from asrkit.align import align, edit_distance
from asrkit.files import DataError, atomic, read_lines

FILE = "nbest.jsonl"
_NEGLIGIBLE = 1e-4  # share of a hypothesis that changes no risk


class Scored(NamedTuple):
    """words, and the natural log of a probability that need not be normalized."""

    words: tuple[str, ...]
    score: float


def write_nbest(path: Path, rows: Iterable[tuple[str, Sequence[Scored]]]) -> None:
    with atomic(path) as out:
        for name, found in rows:
            listed = [{"words": " ".join(one.words), "score": one.score} for one in found]
            out.write(json.dumps({"id": name, "nbest": listed}, ensure_ascii=False) + "\n")


def read_nbest(path: Path) -> dict[str, list[Scored]]:
    """What ``write_nbest`` wrote. Raises DataError (file, line) for anything else."""
    found: dict[str, list[Scored]] = {}
    for number, line in enumerate(read_lines(path), start=1):
        try:
            row = json.loads(line)
            listed = [Scored(tuple(h["words"].split()), float(h["score"])) for h in row["nbest"]]
            if not listed or not isinstance(row["id"], str) or row["id"] in found:
                raise ValueError("no hypothesis, no id, or the second line of this id")
            if not all(math.isfinite(one.score) for one in listed):
                raise ValueError("a score is not finite")
            found[row["id"]] = listed
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataError(
                f"{path}:{number}: no n-best of an utterance ({type(error).__name__}: {error}); "
                "asrkit infer --data_dir --nbest 30 writes such files"
            ) from None
    if not found:
        raise DataError(f"{path}: is empty; asrkit infer --data_dir --nbest 30 writes such files")
    return found


def shares(scores: Sequence[float], scale: float) -> np.ndarray:
    """Of the probability of all, [N]: proportional to exp(scale * score). A scale below 1 makes up
    for scores of paths that are too sure."""
    values: np.ndarray = np.exp(scale * (np.array(scores) - max(scores)))
    return values / values.sum()


def least_risk(found: Sequence[Scored], scale: float) -> int:
    """Number of the hypothesis from which all are fewest words away, by their shares: the expected
    number of word errors, where they are all there is (minimum Bayes risk; Stolcke et al. 1997).

    Ties go to the one that comes first.
    """
    numbers: dict[str, int] = {}
    rows = [[numbers.setdefault(word, len(numbers)) for word in one.words] for one in found]
    weights = shares([one.score for one in found], scale)
    likely = [at for at, weight in enumerate(weights) if weight > _NEGLIGIBLE]
    risks = [
        sum(float(weights[other]) * edit_distance(rows[other], row) for other in likely)
        for row in rows
    ]
    return int(np.argmin(np.round(risks, 9)))


def agreement(words: Sequence[str], found: Sequence[Scored], scale: float) -> list[float]:
    """Of each word, the share of all hypotheses that have it in its place."""
    agreed = np.zeros(len(words))
    for share, other in zip(shares([o.score for o in found], scale), found, strict=True):
        pairs = align(words, other.words).pairs
        agreed += share * np.array([one == two for one, two in pairs if one is not None])
    return [float(value) for value in agreed]
