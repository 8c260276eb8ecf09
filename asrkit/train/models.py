"""The best models of a run: kept by validation, named best.pt, averaged at the end."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from asrkit.train import checkpoint
from asrkit.train.average import average
from asrkit.train.distributed import World


class BestCheckpoints:
    """checkpoints/step_<n>.pt of the ``keep`` lowest values; best.pt also names the first."""

    def __init__(self, folder: Path, keep: int, *, active: bool) -> None:
        self.folder, self.keep, self.active = folder, keep, active
        self._rows: list[tuple[float, int]] = []  # (value, step), best first

    def path(self, step: int) -> Path:
        return self.folder / "checkpoints" / f"step_{step}.pt"

    def add(self, value: float, step: int, content: dict[str, Any]) -> None:
        value = math.inf if math.isnan(value) else value  # which compares with nothing
        rows = sorted({*self._rows, (value, step)})
        kept, dropped = rows[: self.keep], rows[self.keep :]
        self._rows = kept
        if not self.active:
            return
        if (value, step) in kept:
            self.path(step).parent.mkdir(exist_ok=True)
            checkpoint.save(self.path(step), content | {"value": value})
            checkpoint.link(self.path(kept[0][1]), self.folder / "best.pt")
        for _, old in dropped:
            self.path(old).unlink(missing_ok=True)

    def average(self) -> Path | None:
        """Writes average.pt from the kept models; None if the run was never validated."""
        if not self._rows or not self.active:
            return None
        paths = [self.path(step) for _, step in self._rows]
        content = average(paths)
        content["averaged"] = [step for _, step in self._rows]
        target = self.folder / "average.pt"
        checkpoint.save(target, content)
        return target

    @property
    def best(self) -> tuple[float, int] | None:
        """(value, step) of the best validation so far."""
        return self._rows[0] if self._rows else None

    def state(self) -> list[list[float]]:
        return [[value, float(step)] for value, step in self._rows]

    def restore(self, rows: list[list[float]], world: World) -> None:
        """``state`` of before; a model that was dropped after it was saved does not come back."""
        there = [(value, int(step)) for value, step in rows]
        kept = [row for row in there if self.path(row[1]).exists()]
        self._rows = world.gather(kept)[0]  # as the main process sees the folder: all end together
