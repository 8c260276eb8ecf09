"""Levenshtein alignment and distance of a reference and a hypothesis; kaldialign does the work."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import kaldialign

# Names of a gap in tables of confusions: in the hypothesis, in the reference.
DELETED, INSERTED = "<del>", "<ins>"
_GAP = "\0"


@dataclasses.dataclass(frozen=True)
class Alignment:
    """Pairs (reference token, hypothesis token); None stands for a gap on that side."""

    pairs: list[tuple[str | None, str | None]]

    @property
    def correct(self) -> int:
        return sum(ref == hyp for ref, hyp in self.pairs)

    @property
    def substitutions(self) -> int:
        return sum(ref is not None and hyp is not None and ref != hyp for ref, hyp in self.pairs)

    @property
    def deletions(self) -> int:
        return sum(hyp is None for _, hyp in self.pairs)

    @property
    def insertions(self) -> int:
        return sum(ref is None for ref, _ in self.pairs)


def align(ref: Sequence[str], hyp: Sequence[str]) -> Alignment:
    """An alignment with the fewest errors, every error costing 1; the same one in every run."""
    if not ref or not hyp:
        return Alignment([(token, None) for token in ref] + [(None, token) for token in hyp])
    pairs = kaldialign.align(list(ref), list(hyp), _GAP)
    return Alignment(
        [
            (None if left == _GAP else left, None if right == _GAP else right)
            for left, right in pairs
        ]
    )


def edit_distance(ref: Sequence[int], hyp: Sequence[int]) -> int:
    """Fewest substitutions, insertions and deletions that turn one sequence into the other."""
    return int(kaldialign.edit_distance(list(ref), list(hyp))["total"])
