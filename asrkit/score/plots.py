"""Pictures of a scored set: phone-by-phone confusions, and the error rate by language."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from asrkit.align import DELETED, INSERTED
from asrkit.figures import save


def confusion_shares(
    table: Mapping[str, Mapping[str, int]], top: int
) -> tuple[list[str], list[str], np.ndarray]:
    """Rows (the ``top`` most frequent reference tokens), columns (those, other, <del>), shares.

    Shares are of the row: each row sums to 1.
    """
    sizes = {ref: sum(row.values()) for ref, row in table.items() if ref != INSERTED}
    rows = sorted(sizes, key=lambda ref: (-sizes[ref], ref))[:top]
    columns = [*rows, "other", DELETED]
    place = {name: number for number, name in enumerate(columns)}
    shares = np.zeros((len(rows), len(columns)))
    for number, ref in enumerate(rows):
        for hyp, count in table[ref].items():
            known = hyp in place and hyp != "other"
            shares[number, place[hyp] if known else place["other"]] += count / sizes[ref]
    return rows, columns, shares


def draw_confusions(
    path: str | Path, table: Mapping[str, Mapping[str, int]], *, title: str, top: int = 40
) -> None:
    """PNG of the row-normalized confusion matrix of the most frequent reference tokens."""
    rows, columns, shares = confusion_shares(table, top)
    if not rows:
        return
    size = max(4.0, 0.27 * len(columns) + 2)
    figure = Figure(figsize=(size, size * (len(rows) + 4) / (len(columns) + 4)))
    axes: Axes = figure.add_subplot()
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    axes.set_xticks(range(len(columns)), columns, fontsize=9, rotation=90 if _long(columns) else 0)
    axes.set_yticks(range(len(rows)), rows, fontsize=9)
    axes.xaxis.tick_top()
    axes.set_xlabel("recognized")
    axes.set_ylabel("reference, most frequent first")
    for row, column in zip(*np.nonzero(shares >= 0.05), strict=True):
        share = shares[row, column]
        color = "white" if share > 0.6 else "black"
        text = f"{100 * share:.0f}"
        axes.text(column, row, text, ha="center", va="center", fontsize=6, color=color)
    figure.colorbar(image, ax=axes, fraction=0.03, pad=0.02, label="share of the reference phone")
    axes.set_title(title, fontsize=11)
    save(figure, Path(path))


def _long(names: list[str]) -> bool:
    return any(len(name) > 2 for name in names[:-2])


def draw_languages(path: str | Path, summary: Mapping[str, Any], *, title: str) -> None:
    """PNG of the error rate by language, split into substitutions, deletions and insertions."""
    parts: dict[str, Mapping[str, Any]] = dict(summary["languages"])
    parts["all"] = summary
    names = [name for name, part in parts.items() if part["tokens"]]
    if not names:
        return
    figure = Figure(figsize=(max(4.0, 0.7 * len(names) + 2), 3.6))
    axes: Axes = figure.add_subplot()
    base = np.zeros(len(names))
    colors = {"substitutions": "#4c72b0", "deletions": "#dd8452", "insertions": "#8c8c8c"}
    for kind, color in colors.items():
        heights = np.array([100 * parts[name][kind] / parts[name]["tokens"] for name in names])
        axes.bar(names, heights, bottom=base, label=kind, color=color)
        base += heights
    for place, rate in enumerate(base):
        axes.text(place, rate, f"{rate:.1f}", ha="center", va="bottom", fontsize=9)
    axes.set_ylabel("errors per 100 reference tokens")
    axes.set_ylim(0, max(base.max() * 1.15, 1.0))
    axes.set_title(title, fontsize=11)
    axes.legend(fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    save(figure, Path(path))
