"""TensorBoard's curves of a run, whose errors are told once and with their path."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path

from torch.utils.tensorboard import SummaryWriter

from asrkit.files import writing


class TensorBoard:
    """Writes curves to ``folder``; ``first``: what is there from this update on is not shown.

    A thread of tensorboard's writes, which prints its error with a traceback and hands it over to
    the next call, if there is one. Here it is handed over alone: DataError by any call, and by
    ``close`` at the latest.
    """

    def __init__(self, folder: Path, *, first: int) -> None:
        self._folder = folder
        self._error: BaseException | None = None
        self._before = threading.excepthook
        threading.excepthook = self._failed
        try:
            with writing(folder):
                self._writer = SummaryWriter(str(folder), purge_step=first)
        except BaseException:
            threading.excepthook = self._before
            raise

    def add(self, step: int, split: str, stats: dict[str, float]) -> None:
        with writing(self._folder):
            for name, value in stats.items():
                self._writer.add_scalar(f"{split}/{name}", value, step)

    def close(self, *, failed: bool) -> None:
        """failed: another error is on its way, which this one must not replace."""
        try:
            with contextlib.suppress(Exception) if failed else writing(self._folder):
                self._writer.close()
                if self._error is not None:
                    raise self._error
        finally:
            threading.excepthook = self._before

    def _failed(self, told: threading.ExceptHookArgs) -> None:
        if type(told.thread).__module__.startswith("tensorboard."):
            self._error = told.exc_value
        else:
            self._before(told)
