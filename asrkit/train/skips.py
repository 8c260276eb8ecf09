"""Updates that are skipped because a gradient is not finite: so many in a row end the run."""

from __future__ import annotations

from torch import Tensor

from asrkit.objectives.base import Objective


class TrainingError(RuntimeError):
    """Training cannot go on; the message says why and what to try."""


class Skips:
    """Counts the updates skipped in a row; ``most`` of them raise TrainingError."""

    def __init__(self, objective: Objective, most: int) -> None:
        self.objective, self.most = objective, most
        self._in_a_row = 0

    def reset(self) -> None:
        """An update was done."""
        self._in_a_row = 0

    def add(self, update: int, gradients: list[Tensor]) -> None:
        """``update`` was skipped; gradients: of all parameters that have one, in their order."""
        self._in_a_row += 1
        if self._in_a_row < self.most:
            return
        learning = [(n, p) for n, p in self.objective.named_parameters() if p.requires_grad]
        names = [n for n, p in learning if p.grad is not None]
        first = next(
            (n for n, g in zip(names, gradients, strict=True) if not g.isfinite().all()), "?"
        )
        raise TrainingError(
            f"update {update}: {self._in_a_row} gradients in a row were not finite "
            f"(first in {first}); last.pt is the last good state. Lower optimizer_conf.lr, set "
            "grad_clip, or try --precision fp32"
        )
