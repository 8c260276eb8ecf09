"""Levenshtein distance, for the error rate that training watches (scoring has its own aligner)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def edit_distance(reference: Sequence[int], hypothesis: Sequence[int]) -> int:
    """Fewest substitutions, insertions and deletions that turn one sequence into the other."""
    columns = np.arange(len(hypothesis) + 1)
    hypothesis_row = np.asarray(hypothesis, dtype=np.int64)
    row = columns.copy()
    for number, symbol in enumerate(reference, 1):
        # Deletions and substitutions at once; an insertion costs one a column from its left.
        changed = np.minimum(row[1:] + 1, row[:-1] + (hypothesis_row != symbol))
        best = np.concatenate([[number], changed])
        row = np.minimum.accumulate(best - columns) + columns
    return int(row[-1])
