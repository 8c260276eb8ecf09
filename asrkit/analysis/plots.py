"""Pictures: quality of the clusters by layer, and which language uses which code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from asrkit.analysis.quality import Quality
from asrkit.figures import save


def draw_quality(
    path: Path,
    lines: Mapping[str, Mapping[int, Quality]],
    levels: Mapping[str, Quality],
    *,
    title: str,
) -> None:
    """Purity and mutual information by layer, as TranUSR's figure 3.

    lines: model -> layer -> quality. levels: what has no layers (codes), as horizontal lines.
    """
    figure = Figure(figsize=(10, 4))
    names = {"phone_purity": "phone purity", "information": "mutual information (nats)"}
    for number, (field, label) in enumerate(names.items()):
        axes: Axes = figure.add_subplot(1, 2, number + 1)
        for color, (model, by_layer) in enumerate(lines.items()):
            layers = sorted(by_layer)
            values = [by_layer[layer]._asdict()[field] for layer in layers]
            axes.plot(layers, values, marker="o", label=model, color=f"C{color}")
            axes.set_xticks(layers)
        for color, (model, found) in enumerate(levels.items(), start=len(lines)):
            value = found._asdict()[field]
            axes.axhline(value, label=model, color=f"C{color}", linestyle="--")
        axes.set(xlabel="layer", ylabel=label)
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8)
    figure.suptitle(title, fontsize=11)
    save(figure, path)


def divergence(p: np.ndarray, q: np.ndarray) -> float:
    """Jensen-Shannon divergence of two distributions, in bits: 0 equal, 1 disjoint."""

    def against(a: np.ndarray, b: np.ndarray) -> float:
        there = a > 0
        return float((a[there] * np.log2(a[there] / b[there])).sum())

    mean = (p + q) / 2
    return (against(p, mean) + against(q, mean)) / 2


def usage(codes: np.ndarray, entries: int) -> np.ndarray:
    """int [N, G] codes to the share of frames that chose each of G * entries, summing to 1."""
    groups = codes.shape[1]
    flat = (codes + np.arange(groups) * entries).ravel()
    return np.bincount(flat, minlength=groups * entries) / max(len(flat), 1)


def draw_codebook(path: Path, shares: Mapping[str, np.ndarray], *, title: str) -> None:
    """Left: share of each code (by frequency) in each language; right: how much two languages
    differ in them (Jensen-Shannon divergence in bits)."""
    names = sorted(shares)
    table = np.stack([shares[name] for name in names])
    order = np.argsort(-table.sum(0), kind="stable")
    used = int((table.sum(0) > 0).sum())
    table = table[:, order][:, : max(used, 1)]
    apart = np.array([[divergence(shares[a], shares[b]) for b in names] for a in names])
    figure = Figure(figsize=(12, max(2.5, 0.45 * len(names) + 1.5)))
    left, right = figure.subplots(1, 2, width_ratios=[2, 1])
    image = left.imshow(table, aspect="auto", cmap="viridis", interpolation="nearest")
    left.set(xlabel=f"codes, most frequent first ({used} of {len(order)} used)")
    left.set_yticks(range(len(names)), names)
    figure.colorbar(image, ax=left, label="share of frames")
    image = right.imshow(apart, vmin=0, vmax=max(float(apart.max()), 0.01), cmap="magma_r")
    right.set_xticks(range(len(names)), names)
    right.set_yticks(range(len(names)), names)
    _numbers(right, apart)
    figure.colorbar(image, ax=right, label="divergence (bits)")
    figure.suptitle(title, fontsize=11)
    save(figure, path)


def draw_languages(
    path: Path,
    names: Sequence[str],
    points: np.ndarray,
    clusters: np.ndarray,
    *,
    explained: np.ndarray,
    title: str,
) -> None:
    """Languages by their first two principal components [L, 2], a color a cluster (int [L]).

    explained: [2], the components' shares of the variance.
    """
    figure = Figure(figsize=(6, 5))
    axes: Axes = figure.add_subplot()
    for name, (x, y), cluster in zip(names, points, clusters, strict=True):
        color = f"C{cluster % 10}"
        axes.plot(x, y, marker="o", color=color)
        axes.annotate(name, (x, y), xytext=(5, 4), textcoords="offset points", color=color)
    first, second = (f"{100 * share:.0f} % of the variance" for share in explained)
    axes.set(xlabel=f"first component, {first}", ylabel=f"second component, {second}")
    axes.margins(0.15)
    axes.grid(alpha=0.3)
    figure.suptitle(title, fontsize=11)
    save(figure, path)


def draw_groups(
    path: Path,
    systems: Sequence[str],
    groups: Mapping[str, Mapping[str, Sequence[float]]],
    *,
    label: str,
) -> None:
    """Error rates over systems. groups: name -> language -> a rate for each system, %; a thick line
    is the group's average, thin ones are its languages."""
    figure = Figure(figsize=(max(6.0, 1.1 * len(systems) + 2), 4.5))
    axes: Axes = figure.add_subplot()
    places = list(range(len(systems)))
    for number, (group, rates) in enumerate(groups.items()):
        color = f"C{number}"
        for language, values in rates.items():
            axes.plot(places, values, color=color, alpha=0.35, linewidth=1)
            axes.annotate(language, (places[-1], values[-1]), xytext=(6, -3),
                textcoords="offset points", fontsize=8, color=color)  # fmt: skip
        average = np.mean([list(values) for values in rates.values()], 0)
        name = f"{group} ({len(rates)} languages)"
        axes.plot(places, average, marker="o", color=color, linewidth=2.5, label=name)
    axes.set_xticks(places, systems)
    axes.set_ylabel(label)
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    save(figure, path)


def _numbers(axes: Axes, table: np.ndarray) -> None:
    if len(table) > 12:
        return
    for row, column in np.ndindex(*table.shape):
        dark = table[row, column] > 0.6 * table.max()
        color = "white" if dark else "black"
        text = f"{table[row, column]:.2f}"
        axes.text(column, row, text, ha="center", va="center", fontsize=7, color=color)
