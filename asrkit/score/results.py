"""Collects score.json files below an experiment folder into tables, and pairs to look at."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from asrkit.files import DataError
from asrkit.score.rates import Counts, mean_rate
from asrkit.score.report import COLUMNS, markdown_row
from asrkit.score.units import NAMES


@dataclasses.dataclass(frozen=True)
class Score:
    """One score.json: ``experiment`` is the path below the root, ``mode`` the decoding folder."""

    experiment: str
    mode: str
    dataset: str
    folder: Path
    data: dict[str, Any]

    @property
    def unit(self) -> str:
        return str(self.data["unit"])

    @property
    def shown_set(self) -> str:
        """The set, and in brackets the label of the texts if the score has one."""
        label = self.data.get("label")
        return f"{self.dataset} ({label})" if label else self.dataset

    @property
    def counts(self) -> Counts:
        return _counts(self.data)


@dataclasses.dataclass(frozen=True)
class Skipped:
    """A decoding that was not done: the file ``skipped`` in its folder says why."""

    experiment: str
    mode: str
    dataset: str
    reason: str


def _place(root: Path, folder: Path) -> tuple[str, str, str]:
    """``<experiment>/<mode>/<set>`` of a folder below the root; shorter paths leave parts empty."""
    parts = folder.relative_to(root).parts
    if len(parts) >= 3:
        return "/".join(parts[:-2]), parts[-2], parts[-1]
    return (parts[0] if parts else root.resolve().name), "", parts[-1] if len(parts) > 1 else ""


def collect(root: Path) -> tuple[list[Score], list[Skipped]]:
    """All scores and skipped decodings below ``root``, sorted by experiment, mode and set.

    Raises DataError on a score.json that cannot be read or has no number.
    """
    if not root.is_dir():
        raise DataError(f"{root}: no such folder; train and decode first")
    scores, skipped = [], []
    for path in sorted(root.rglob("score.json")):
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            score = Score(*_place(root, path.parent.parent), path.parent, data)
            score.counts, NAMES[score.unit]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(
                f"{path}: not a score of asrkit ({type(error).__name__}: {error});"
                " remove it, or score again"
            ) from None
        scores.append(score)
    for path in sorted(root.rglob("skipped")):
        if path.is_file():
            reason = path.read_text(encoding="utf-8").strip() or "no reason given"
            skipped.append(Skipped(*_place(root, path.parent), " ".join(reason.split())))
    scores.sort(key=lambda s: (s.experiment, s.mode, s.dataset, s.unit))
    return scores, skipped


def _rate(score: Score | None) -> str:
    if score is None:
        return "-"
    micro = score.data["micro"]
    return "-" if micro is None else f"{micro:.1f}"


def summary_rows(scores: Sequence[Score], skipped: Sequence[Skipped]) -> list[list[str]]:
    """experiment, decode, set, PER, CER, WER, seed, date; one row for a set and way of decoding."""
    places: dict[tuple[str, str, str], dict[str, Score]] = {}
    for score in scores:
        key = (score.experiment, score.mode, score.dataset)
        places.setdefault(key, {})[score.unit] = score
    rows = []
    for (experiment, mode, _), units in places.items():
        score = next(iter(units.values()))
        first = score.data
        seed = "-" if first.get("seed") is None else str(first["seed"])
        rates = [_rate(units.get(unit)) for unit in ("per", "cer", "wer")]
        rows.append(
            [experiment, mode, score.shown_set, *rates, seed, str(first.get("date", "-"))[:10]]
        )
    for skip in skipped:
        if (skip.experiment, skip.mode, skip.dataset) not in places:
            note = f"skipped: {skip.reason}"
            rows.append([skip.experiment, skip.mode, skip.dataset, note, "", "", "-", "-"])
    return sorted(rows, key=lambda row: row[:3])


SUMMARY_HEAD = ["experiment", "decoding", "set", "PER", "CER", "WER", "seed", "date"]


def language_rows(scores: Sequence[Score], wanted: Sequence[str] = ()) -> list[list[str]]:
    """Rates by language of the sets that hold several: experiment, decoding, set, unit, ...

    wanted: languages to show and to average over; default: all there are. The last two columns are
    the average of the languages' rates, and which of them it is without.
    """
    names = list(wanted) or sorted({n for score in scores for n in score.data.get("languages", {})})
    rows = []
    for score in scores:
        languages = score.data.get("languages", {})
        if len(languages) < 2:
            continue
        cells = [
            f"{languages[n]['micro']:.1f}"
            if n in languages and languages[n]["micro"] is not None
            else "-"
            for n in names
        ]
        average = mean_rate(languages[name]["micro"] for name in names if name in languages)
        last = "-" if average is None else f"{average:.1f}"
        place = [score.experiment, score.mode, score.shown_set, NAMES[score.unit]]
        missing = [name for name, cell in zip(names, cells, strict=True) if cell == "-"]
        number = f"{len(names) - len(missing)} of {len(names)}"
        rows.append([*place, *cells, last, ", no ".join([number, *missing])])
    head = ["experiment", "decoding", "set", "", *names, "average", "languages"]
    return [head, *rows] if rows else []


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A GitHub table; bars inside cells are escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("|" + "|".join(c.replace("|", "\\|") for c in row) + "|" for row in lines)


def espnet_tables(scores: Sequence[Score]) -> str:
    """``## experiment``, then ``### WER``, ``### CER``, ``### PER`` with sclite-like columns."""
    out = []
    for experiment in dict.fromkeys(score.experiment for score in scores):
        out.append(f"## {experiment}\n")
        for unit in ("wer", "cer", "per", "ter"):
            part = [s for s in scores if s.experiment == experiment and s.unit == unit]
            if not part:
                continue
            rules = ", ".join(dict.fromkeys(str(s.data["policy"]) for s in part))
            out.append(f"### {NAMES[unit]}\n\nCounted: {rules}.\n\n{COLUMNS}")
            out.append("|---" * 9 + "|")
            for score in part:
                name = "/".join(filter(None, (score.mode, score.dataset)))
                out.append(markdown_row(name, score.counts))
                if len(score.data["languages"]) > 1:
                    out.extend(
                        markdown_row(f"{name} ({language})", _counts(numbers))
                        for language, numbers in score.data["languages"].items()
                    )
            out.append("")
    return "\n".join(out)


def _counts(numbers: dict[str, Any]) -> Counts:
    return Counts(**{field.name: numbers[field.name] for field in dataclasses.fields(Counts)})
