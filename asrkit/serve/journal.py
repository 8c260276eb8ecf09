"""Every change to a folder of corrections, a JSON line each, on the disk before it is confirmed."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from asrkit.files import DataError, append, writing

NAME = "journal.jsonl"
Event = dict[str, Any]


class Journal:
    """The journal of ``folder``, which is this process's alone until ``close``.

    A last line without its end was cut by a crash, before anyone got an answer: it is removed.
    Raises DataError where another process has the folder, and for any other line that is not an
    event.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        folder.mkdir(parents=True, exist_ok=True)
        with writing(self.path):
            self._lock = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock)
            raise DataError(
                f"{folder}: another asrkit serve works on it; open the page of that one, or stop it"
            ) from None

    def read(self) -> Iterator[Event]:
        """The events so far, in order."""
        with open(self.path, "rb") as lines:
            whole = 0
            for number, line in enumerate(lines, 1):
                if not line.endswith(b"\n"):
                    break
                yield self._event(number, line)
                whole += len(line)
        if whole < self.path.stat().st_size:
            with writing(self.path):
                os.truncate(self.path, whole)

    def _event(self, number: int, line: bytes) -> Event:
        with contextlib.suppress(ValueError, RecursionError):
            if isinstance(event := json.loads(line), dict):
                return event
        raise DataError(
            f"{self.path}:{number}: is not an event; restore the file from a backup, or remove "
            "this line and with it one change"
        )

    def add(self, event: Event) -> None:
        """Keeps an event, or raises DataError with nothing kept."""
        append(self.path, json.dumps(event, ensure_ascii=False) + "\n", sync=True)

    def close(self) -> None:
        os.close(self._lock)
