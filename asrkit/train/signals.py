"""Signals that ask a run to end: remembered, and heeded where everything can be saved."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Iterator

ASKED = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)


class Stopped(Exception):
    """A signal asked for a stop; everything is saved."""

    def __init__(self, number: int) -> None:
        super().__init__(f"stopped by signal {number}; --resume true goes on")
        self.number = number


class Interrupted(Exception):
    """A signal has come, and what is in hand is not finished."""

    def __init__(self, number: int) -> None:
        super().__init__(f"signal {number}")
        self.number = number


class Signals:
    """number: of the signal that this process has received, 0 for none."""

    def __init__(self) -> None:
        self.number = 0

    @contextlib.contextmanager
    def remembered(self, *, tell: bool) -> Iterator[None]:
        """While training; a scheduler sends SIGUSR1 some time before it ends a job. A second Ctrl-C
        ends the run at once, and what the last save does not hold is lost. tell: say so."""

        def remember(number: int, _: object) -> None:
            if number == signal.SIGINT and self.number == signal.SIGINT:
                raise KeyboardInterrupt
            self.number = number
            if number == signal.SIGINT and tell:
                print("\ninterrupted: saves and stops; once more: at once", file=sys.stderr)

        old = {number: signal.signal(number, remember) for number in ASKED}
        try:
            yield
        finally:
            for number, handler in old.items():
                signal.signal(number, handler)
