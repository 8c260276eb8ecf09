"""Phases of a run: a number of updates, or a share of all of them."""

from __future__ import annotations

from asrkit.ranges import NotNegative

Phase = NotNegative


def phase_length(value: float, total: int) -> float:
    """Updates of a phase that is given as a share of ``total`` (below 1) or as their number."""
    return value * total if value < 1 else value
