"""A system on the test sets of several languages: their average, and plots of all of them."""

from __future__ import annotations

import dataclasses
import functools
import json
import operator
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from asrkit.score.plots import draw_confusions, draw_languages
from asrkit.score.rates import Counts, mean_rate
from asrkit.score.results import Score
from asrkit.score.units import NAMES

POOLED = "all"


def systems_of(scores: Sequence[Score]) -> dict[Path, str]:
    """Folder of each score of one language -> the system that it is a part of.

    That is the experiment, where it has sets of several languages. Models of one language each are
    one system if their names differ in the language alone: ``asr_*_xlsr_10`` of asr_it_xlsr_10.
    """
    known: dict[str, set[str]] = {}
    single = [score for score in scores if len(score.data["languages"]) == 1]
    for score in single:
        known.setdefault(score.experiment, set()).update(score.data["languages"])
    names = {}
    for score in single:
        (language,) = score.data["languages"]
        name = score.experiment
        if len(known[name]) == 1:
            name = re.sub(rf"(?<=_){re.escape(language)}(?=_|$)", "*", name, count=1)
        names[score.folder] = name
    return names


def pool(scores: Sequence[Score]) -> list[Score]:
    """A Score for each system, mode, kind of set and unit that has two languages at least.

    Its data hold what language tables and plots need: languages, their average, counts of all.
    """
    systems = systems_of(scores)
    groups: dict[tuple[str, str, str, str], dict[str, Score]] = {}
    for score in scores:
        if score.folder not in systems:
            continue
        (language,) = score.data["languages"]
        kind = score.shown_set.replace(f"{language}_", "", 1)
        key = (systems[score.folder], score.mode, kind, score.unit)
        groups.setdefault(key, {}).setdefault(language, score)
    return [
        _joined(system, list(group.values()))
        for (system, *_), group in groups.items()
        if len(group) > 1
    ]


def _joined(system: str, scores: list[Score]) -> Score:
    languages = {name: row for s in scores for name, row in s.data["languages"].items()}
    counts = functools.reduce(operator.add, (s.counts for s in scores), Counts())
    data = {
        "unit": scores[0].unit,
        "languages": languages,
        "average_over_languages": mean_rate(row["micro"] for row in languages.values()),
        "micro": counts.rate,
        **dataclasses.asdict(counts),
        "parts": [str(s.folder) for s in scores],
    }
    return Score(system, scores[0].mode, POOLED, scores[0].folder, data)


def draw_pooled(scores: Sequence[Score], root: Path) -> list[Path]:
    """PNGs in ``<root>/<experiment>/images``: errors by language, confusions over all of them.

    Of single models: a system of one model a language has no folder.
    """
    drawn = []
    for score in scores:
        if "*" in score.experiment:
            continue
        folder = root / score.experiment / "images"
        folder.mkdir(parents=True, exist_ok=True)
        label = NAMES[score.unit]
        stem = f"{score.mode}_{score.unit}"
        languages = folder / f"{stem}_languages.png"
        draw_languages(languages, score.data, title=f"{score.experiment}: {label} by language")
        drawn.append(languages)
        if score.unit == "per":
            confusions = folder / f"{stem}_confusions.png"
            table = _tables([Path(part) / "confusions.json" for part in score.data["parts"]])
            title = f"{score.experiment}: confusions, {label} {score.data['micro']:.1f} %"
            draw_confusions(confusions, table, title=title, top=60)
            drawn.append(confusions)
    return drawn


def _tables(paths: Sequence[Path]) -> dict[str, Counter[str]]:
    joined: dict[str, Counter[str]] = {}
    for path in paths:
        for ref, row in json.loads(path.read_text(encoding="utf-8")).items():
            joined.setdefault(ref, Counter()).update(row)
    return joined
