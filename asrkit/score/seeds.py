"""Runs that differ in their seed alone: each value, their mean and their spread."""

from __future__ import annotations

import re
import statistics
from collections.abc import Sequence

from asrkit.score.results import Score
from asrkit.score.units import NAMES

SEED = re.compile(r"_seed\d+(?=_|/|$)")
SEEDS_HEAD = ["system", "decoding", "set", "", "by seed", "mean", "deviation"]


def system_of(score: Score) -> str:
    """The experiment's name without its ``_seedN``."""
    return SEED.sub("", score.experiment)


def seed_rows(scores: Sequence[Score]) -> list[list[str]]:
    """Rows as SEEDS_HEAD for systems scored with two seeds or more; deviation of the sample.

    A score without a rate (no reference tokens) or without a seed is left out.
    """
    groups: dict[tuple[str, str, str, str], dict[int, float]] = {}
    for score in scores:
        rate, seed = score.data["micro"], score.data.get("seed")
        if rate is not None and seed is not None:
            key = (system_of(score), score.mode, score.shown_set, score.unit)
            groups.setdefault(key, {})[int(seed)] = float(rate)
    rows = []
    for (system, mode, dataset, unit), rates in sorted(groups.items()):
        if len(rates) < 2:
            continue
        values = [rates[seed] for seed in sorted(rates)]
        each = ", ".join(f"{rates[seed]:.1f} ({seed})" for seed in sorted(rates))
        mean, spread = statistics.mean(values), statistics.stdev(values)
        rows.append([system, mode, dataset, NAMES[unit], each, f"{mean:.1f}", f"{spread:.1f}"])
    return rows
