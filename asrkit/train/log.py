"""Where a run's numbers go: train.jsonl, TensorBoard, curves as PNG, a progress bar, train.log."""

from __future__ import annotations

import contextlib
import json
import logging
import math
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

from asrkit.files import append, atomic, writing
from asrkit.objectives.base import Stat
from asrkit.train.distributed import World
from asrkit.train.metrics import STOPPED, read_metrics
from asrkit.train.tensorboard import TensorBoard

logger = logging.getLogger("asrkit")


def to_file_and_screen(path: Path) -> None:
    """Log lines go to ``path`` and to stderr."""
    style = logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%d %H:%M:%S")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    for old in list(logger.handlers):
        logger.removeHandler(old)
        with contextlib.suppress(OSError):  # its disk may have been full
            old.close()
    for handler in (_LogFile(path, encoding="utf-8"), logging.StreamHandler(sys.stderr)):
        handler.setFormatter(style)
        logger.addHandler(handler)


class _LogFile(logging.FileHandler):
    """A log that cannot be written ends the run as any other file does."""

    def handleError(self, record: logging.LogRecord) -> None:
        error = sys.exc_info()[1]
        if isinstance(error, OSError):
            with writing(self.baseFilename):
                raise error
        super().handleError(record)


class Meter:
    """Adds up (sum, count) statistics where they lie; nothing waits for the device until read."""

    def __init__(self) -> None:
        self._sums: dict[str, list[Tensor | float]] = {}

    def add(self, stats: dict[str, Stat]) -> None:
        for name, (total, count) in stats.items():
            total = total.detach() if isinstance(total, Tensor) else total
            old = self._sums.get(name)
            self._sums[name] = [total, count] if old is None else [old[0] + total, old[1] + count]

    def averages(self, world: World) -> dict[str, float]:
        """Averages over all ranks since the last call; a name without items is left out.

        A rank that saw no batch (validation deals them out unevenly) takes part with nothing.
        """
        names = sorted(self._sums)
        flat = [torch.as_tensor(v, dtype=torch.float64) for n in names for v in self._sums[n]]
        self._sums = {}
        values = torch.stack([v.to(world.device) for v in flat]).tolist() if flat else []
        totals: dict[str, tuple[float, float]] = {}
        pairs = zip(names, zip(values[::2], values[1::2], strict=True), strict=True)
        for mine in world.gather(dict(pairs)):
            for name, (total, count) in mine.items():
                old = totals.get(name, (0.0, 0.0))
                totals[name] = (old[0] + total, old[1] + count)
        return {name: total / count for name, (total, count) in sorted(totals.items()) if count}


class MetricsLogger:
    """Numbers of one run, appended to; a resumed run drops lines past the step it resumes at.

    A context, which closes what it opened. Raises DataError where the disk is full.
    """

    def __init__(self, folder: Path, *, start: int, total: int, active: bool) -> None:
        self.folder, self.active = folder, active
        self.path = folder / "train.jsonl"
        if not active:
            return
        if self.path.exists():  # even at 0: a run may end before it saves, and begin again
            rows = read_metrics(self.path)
            kept = [row for row in rows if row["step"] <= start and row["split"] != STOPPED]
            text = "".join(json.dumps(row) + "\n" for row in kept)
            with atomic(self.path) as out:  # a full disk must not cost what there was
                out.write(text)
        self._board = TensorBoard(folder / "tensorboard", first=start + 1)
        self._bar = tqdm(
            total=total,
            initial=start,
            desc=folder.name,
            unit="update",
            mininterval=1.0,
            leave=False,
        )

    def tick(self) -> None:
        if self.active:
            self._bar.update()

    def write(self, step: int, split: str, stats: dict[str, float]) -> None:
        if not self.active:
            return
        row: dict[str, Any] = {"step": step, "split": split}
        row |= {name: float(f"{value:.6g}") for name, value in stats.items()}
        append(self.path, json.dumps(row) + "\n")
        self._board.add(step, split, stats)
        shown = " ".join(f"{name} {value:.4g}" for name, value in stats.items())
        self.say(f"{split} step {step}: {shown}")

    def stop(self, step: int, why: str) -> None:
        """The last row of a run that ends before max_update."""
        if self.active:
            append(self.path, json.dumps({"step": step, "split": STOPPED}) + "\n")
            self.say(why)

    def say(self, message: str, level: int = logging.INFO) -> None:
        if self.active:
            with logging_redirect_tqdm(loggers=[logger]):
                logger.log(level, message)

    def draw(self) -> None:
        """Plots what was written so far."""
        if self.active:
            draw_curves(self.path, self.folder / "images")

    def __enter__(self) -> MetricsLogger:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if not self.active:
            return
        self._bar.close()
        self._board.close(failed=kind is not None)


def draw_curves(metrics: Path, folder: Path) -> None:
    """One PNG a statistic, training and validation together."""
    from matplotlib.figure import Figure  # slow to import: only the end of a run pays for it

    from asrkit.figures import save

    curves: dict[str, dict[str, list[tuple[int, float]]]] = defaultdict(lambda: defaultdict(list))
    for row in read_metrics(metrics):
        for name, value in row.items():
            if name not in ("step", "split") and math.isfinite(value):
                curves[name][row["split"]].append((row["step"], value))
    folder.mkdir(exist_ok=True)
    for name, splits in curves.items():
        figure = Figure(figsize=(6, 4))
        axes = figure.subplots()
        for split, points in splits.items():
            axes.plot(
                *zip(*points, strict=True), label=split, marker="." if len(points) < 50 else ""
            )
        axes.set(xlabel="update", title=name.replace("_", " "))
        axes.grid(alpha=0.3)
        axes.legend()
        save(figure, folder / f"{name}.png")
