"""One model on the test sets of several languages: their average, and pictures of all of them."""

from __future__ import annotations

import dataclasses
import functools
import json
import operator
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from asrkit.score.plots import draw_confusions, draw_languages
from asrkit.score.rates import Counts, mean_rate
from asrkit.score.results import Score
from asrkit.score.units import NAMES

POOLED = "all"


def pool(scores: Sequence[Score]) -> list[Score]:
    """A Score for each experiment, mode and unit whose sets are of one language each, two at least.

    Its data hold what language tables and pictures need: languages, their average, counts of all.
    """
    groups: dict[tuple[str, str, str], dict[str, Score]] = {}
    for score in scores:
        languages = list(score.data["languages"])
        if len(languages) == 1:
            group = groups.setdefault((score.experiment, score.mode, score.unit), {})
            group.setdefault(languages[0], score)
    return [_joined(list(group.values())) for group in groups.values() if len(group) > 1]


def _joined(scores: list[Score]) -> Score:
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
    return Score(scores[0].experiment, scores[0].mode, POOLED, scores[0].folder, data)


def draw_pooled(scores: Sequence[Score], root: Path) -> list[Path]:
    """PNGs in ``<root>/<experiment>/images``: errors by language, confusions over all of them."""
    drawn = []
    for score in scores:
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
