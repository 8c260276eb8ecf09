"""How often a classifier is right, by the length of what it was given: counts, files, tables."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from asrkit.files import DataError, write_json
from asrkit.rate import RATE
from asrkit.score.results import markdown_table

FILE = "classes.json"
WHOLE = "whole"
AT_ONCE = 30.0  # seconds of a whole clip at most: its middle, as a network sees it


@dataclasses.dataclass(frozen=True)
class Length:
    """Clips of at least ``least`` seconds, of which the middle ``most`` are classified."""

    name: str
    least: float = 0.0
    most: float = AT_ONCE

    @classmethod
    def of(cls, name: str) -> Length:
        """``2``: two seconds; ``3-5``: three to five, as much as there is; ``whole``: the clip.
        Raises ValueError for anything else."""
        if name == WHOLE:
            return cls(name)
        first, dash, second = name.partition("-")
        try:
            least, most = float(first), float(second if dash else first)
        except ValueError:
            least = most = 0.0
        if not 0.1 <= least <= most <= AT_ONCE:
            raise ValueError(
                f"{name!r} is no length of clips: seconds such as 2, or 3-5, of 0.1 to "
                f"{AT_ONCE:g}, or {WHOLE}"
            )
        return cls(name, least, most)

    @property
    def shown(self) -> str:
        return self.name if self.name == WHOLE else f"{self.name} s"

    def of_clip(self, samples: np.ndarray) -> np.ndarray | None:
        """The middle of [S] samples, as long as it is wanted; None of a shorter clip."""
        if len(samples) < self.least * RATE:
            return None
        size = min(len(samples), int(self.most * RATE))
        start = (len(samples) - size) // 2
        return samples[start : start + size]


class Tally:
    """What clips of each class were taken for: class -> what was said of it -> clips."""

    def __init__(self, counts: dict[str, dict[str, int]] | None = None) -> None:
        self.counts = {
            name: Counter({guess: int(count) for guess, count in row.items()})
            for name, row in (counts or {}).items()
        }

    def add(self, truth: str, guess: str) -> None:
        self.counts.setdefault(truth, Counter())[guess] += 1

    def right(self, names: Iterable[str]) -> tuple[int, int]:
        """(right, all) of the clips of these classes."""
        rows = [(self.counts[name][name], self.counts[name].total())
                for name in names if name in self.counts]  # fmt: skip
        return sum(right for right, _ in rows), sum(total for _, total in rows)


@dataclasses.dataclass(frozen=True)
class Classified:
    """name: of the sets together. tallies: by the name of a length, in order."""

    name: str
    tallies: dict[str, Tally]

    def write(self, folder: Path, where_from: dict[str, Any]) -> None:
        counts = {name: tally.counts for name, tally in self.tallies.items()}
        write_json(folder / FILE, {"lengths": counts, **where_from})


def collect_classified(root: Path) -> list[Classified]:
    """Every FILE below ``root``. Raises DataError for one that is not what ``write`` wrote."""
    found = []
    for path in sorted(root.rglob(FILE)):
        try:
            lengths = json.loads(path.read_text(encoding="utf-8"))["lengths"]
            tallies = {Length.of(name).name: Tally(row) for name, row in lengths.items()}
            found.append(Classified(str(path.parent.relative_to(root)), tallies))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataError(
                f"{path}: no counts of asrkit identify ({type(error).__name__}: {error}); remove "
                "it, or run that again"
            ) from None
    return found


def accuracy_rows(done: Classified) -> list[list[str]]:
    """A head, a row for each class and one of all: percent right, and in brackets of how many."""
    tallies = done.tallies
    names = sorted({name for tally in tallies.values() for name in tally.counts})
    rows = [["", *(Length.of(name).shown for name in tallies)]]
    for shown, group in [*((name, [name]) for name in names), ("all", names)]:
        cells = []
        for tally in tallies.values():
            right, total = tally.right(group)
            cells.append(f"{100 * right / total:.1f} ({total})" if total else "-")
        rows.append([shown, *cells])
    return rows


def confusion_rows(tally: Tally) -> list[list[str]]:
    """A head, and for each class how many clips of it were taken for which."""
    guesses = sorted({name for row in tally.counts.values() for name in row} | set(tally.counts))
    rows = [["taken for", *guesses]]
    for name in sorted(tally.counts):
        rows.append([name, *(str(tally.counts[name][guess]) for guess in guesses)])
    return rows


def sections(done: Sequence[Classified]) -> str:
    """Markdown of RESULTS.md; empty for none."""
    parts = []
    for one in done:
        head, *rows = accuracy_rows(one)
        parts.append(f"### {one.name}\n\n{markdown_table(head, rows)}")
    return (
        "\n\n".join(["## Classification, percent of clips right (number of clips)", *parts])
        if parts
        else ""
    )
