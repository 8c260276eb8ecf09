"""Groups of languages over systems: transfer, interference, languages not seen in pre-training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from asrkit.files import DataError
from asrkit.score.gains import system_named
from asrkit.score.pooled import pool
from asrkit.score.results import Score

Rates = dict[str, dict[str, list[float]]]  # group -> language -> percent by system


def rates_of(scores: Sequence[Score], system: str, *, mode: str, unit: str) -> dict[str, float]:
    """Language -> error rate of a system, as ``results`` names it.

    Raises DataError if there is none, or if it has two kinds of sets in this mode.
    """
    several = [score for score in [*scores, *pool(scores)] if len(score.data["languages"]) > 1]
    name = system_named(several, system)
    found = [s for s in several if (s.experiment, s.mode, s.unit) == (name, mode, unit)]
    if len(found) != 1:
        kinds = sorted({f"{s.mode} {s.unit}" for s in several if s.experiment == name})
        raise DataError(
            f"{name} has {len(found)} kinds of sets of several languages in {mode} {unit}, and one "
            f"is drawn; it has {', '.join(kinds)}"
        )
    languages = found[0].data["languages"]
    return {n: row["micro"] for n, row in languages.items() if row["micro"] is not None}


def grouped(
    by_system: Mapping[str, Mapping[str, float]], groups: Mapping[str, Sequence[str]]
) -> tuple[Rates, list[str]]:
    """The languages of each group that every system has, with their rates; and those left out.

    Averages of other languages would not be comparable. Raises DataError if a group has none.
    """
    found: Rates = {}
    missing: list[str] = []
    for group, languages in groups.items():
        everywhere = [n for n in languages if all(n in rates for rates in by_system.values())]
        missing += [name for name in languages if name not in everywhere]
        if not everywhere:
            raise DataError(f"group {group}: no language of {' '.join(languages)} has all systems")
        found[group] = {n: [rates[n] for rates in by_system.values()] for n in everywhere}
    return found, missing
