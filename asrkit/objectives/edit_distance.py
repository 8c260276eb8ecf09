"""Levenshtein distance, for the error rate that training watches; kaldialign does the work."""

from __future__ import annotations

from collections.abc import Sequence

import kaldialign


def edit_distance(reference: Sequence[int], hypothesis: Sequence[int]) -> int:
    """Fewest substitutions, insertions and deletions that turn one sequence into the other."""
    return int(kaldialign.edit_distance(list(reference), list(hypothesis))["total"])
