"""How many fewer errors systems make than a baseline, averaged over the languages of both."""

from __future__ import annotations

from collections.abc import Sequence

from asrkit.files import DataError
from asrkit.score.rates import mean_rate
from asrkit.score.results import Score
from asrkit.score.units import NAMES

GAINS_HEAD = ["system", "decoding", "set", "", "languages", "average", "baseline", "fewer errors %"]


def gain_rows(
    scores: Sequence[Score], baseline: str, wanted: Sequence[str] = ()
) -> list[list[str]]:
    """Rows as GAINS_HEAD of every Score of several languages that has a baseline to compare with:
    that of the same decoding, set and unit.

    baseline: a system as the table by language calls it, or the end of ``asr_*_<baseline>``.
    wanted: the languages that count, if not all. Raises DataError if no system has that name.
    """
    several = [score for score in scores if len(score.data.get("languages", {})) > 1]
    name = system_named(several, baseline)
    theirs = {_place(score): _rates(score, wanted) for score in several if score.experiment == name}
    rows = []
    for score in several:
        base, mine = theirs.get(_place(score), {}), _rates(score, wanted)
        both = [language for language in mine if language in base]
        if score.experiment == name or not both:
            continue
        average, before = (mean_rate(rates[n] for n in both) for rates in (mine, base))
        assert average is not None and before is not None
        gain = "-" if before == 0 else f"{100 * (before - average) / before:.1f}"
        place = [score.experiment, score.mode, score.shown_set, NAMES[score.unit]]
        rows.append([*place, " ".join(both), f"{average:.1f}", f"{before:.1f}", gain])
    return rows


def system_named(scores: Sequence[Score], name: str) -> str:
    """The experiment that is called ``name`` or ``asr_*_<name>``; DataError if none is."""
    known = list(dict.fromkeys(score.experiment for score in scores))
    for found in (name, f"asr_*_{name}"):
        if found in known:
            return found
    raise DataError(
        f"no system {name!r} with several languages to compare; there are: "
        + (", ".join(known) or "none")
    )


def _place(score: Score) -> tuple[str, str, str]:
    return score.mode, score.shown_set, score.unit


def _rates(score: Score, wanted: Sequence[str]) -> dict[str, float]:
    """Language -> rate, of those that have one."""
    return {
        name: row["micro"]
        for name, row in score.data["languages"].items()
        if row["micro"] is not None and (not wanted or name in wanted)
    }
