"""How well clusters of frames tell phones apart: purities and mutual information.

Reference: HuBERT (Hsu et al. 2021), section IV-B; TranUSR section 4.1 and figure 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Quality(NamedTuple):
    """phone_purity: share of frames that have their cluster's most frequent phone.
    cluster_purity: share of frames that lie in their phone's most frequent cluster.
    information: mutual information of phone and cluster in nats; pnmi: the same over the phones'
    entropy. frames, phones, clusters: how many there are, the last two counted if they occur.

    With more clusters phone_purity and information rise and cluster_purity falls: compare equal
    numbers only.
    """

    phone_purity: float
    cluster_purity: float
    information: float
    pnmi: float
    frames: int
    phones: int
    clusters: int


def contingency(phones: np.ndarray, clusters: np.ndarray) -> np.ndarray:
    """int64 [phones, clusters] counts of frames from two label sequences of equal length."""
    if phones.shape != clusters.shape or phones.ndim != 1:
        raise ValueError(f"{phones.shape} phone labels for {clusters.shape} cluster labels")
    _, rows = np.unique(phones, return_inverse=True)
    _, columns = np.unique(clusters, return_inverse=True)
    wide = int(columns.max()) + 1 if len(columns) else 0
    tall = int(rows.max()) + 1 if len(rows) else 0
    return np.bincount(rows * wide + columns, minlength=tall * wide).reshape(tall, wide)


def quality(table: np.ndarray) -> Quality:
    """From counts [phones, clusters]; rows and columns of zeros do not matter."""
    total = int(table.sum())
    if total == 0:
        raise ValueError("no frame has both a phone and a cluster")
    joint = table / total
    phones, clusters = joint.sum(1), joint.sum(0)
    there = joint > 0
    ratio = joint[there] / np.outer(phones, clusters)[there]
    information = float((joint[there] * np.log(ratio)).sum())
    entropy = float(-(phones[phones > 0] * np.log(phones[phones > 0])).sum())
    return Quality(
        phone_purity=float(joint.max(0).sum()),
        cluster_purity=float(joint.max(1).sum()),
        information=information,
        pnmi=information / entropy if entropy > 0 else 0.0,
        frames=total,
        phones=int((phones > 0).sum()),
        clusters=int((clusters > 0).sum()),
    )


def markdown(rows: Sequence[tuple[str, str, int, Quality]]) -> str:
    """A row a model, representation and number of clusters asked for."""
    lines = [
        "| model | frames of | clusters | used | phone purity | cluster purity | MI, nats | PNMI |",
        "|---|---|--:|--:|--:|--:|--:|--:|",
    ]
    for model, what, asked, q in rows:
        lines.append(
            f"| {model} | {what} | {asked} | {q.clusters} | {100 * q.phone_purity:.1f} % | "
            f"{100 * q.cluster_purity:.1f} % | {q.information:.3f} | {q.pnmi:.3f} |"
        )
    return "\n".join(lines) + "\n"
