"""Processes of a benchmark: none outlives it, and one that hangs is ended with all its children."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import threading
from collections import defaultdict
from pathlib import Path


class Processes:
    """Starts them in ``root``, which Python finds modules in; what they print goes to ``logs``."""

    def __init__(self, logs: Path, root: Path) -> None:
        self.logs, self.root = logs, root
        self.running: list[subprocess.Popen[str]] = []
        logs.mkdir(parents=True, exist_ok=True)

    def log(self, name: str) -> Path:
        return self.logs / f"{name.replace('/', '_')}.log"

    def start(self, name: str, command: list[str], *, piped: bool = False) -> subprocess.Popen[str]:
        """piped: its input and output are read and written here."""
        paths = os.pathsep.join([str(self.root), *filter(None, [os.environ.get("PYTHONPATH")])])
        with open(self.log(name), "a", encoding="utf-8") as log:
            made = subprocess.Popen(
                command, cwd=self.root, text=True, start_new_session=True,
                env=os.environ | {"PYTHONPATH": paths},
                stdin=subprocess.PIPE if piped else subprocess.DEVNULL,
                stdout=subprocess.PIPE if piped else log, stderr=log,
            )  # fmt: skip
        self.running.append(made)
        return made

    def end(self, process: subprocess.Popen[str]) -> None:
        """Ends it, whatever it does, and all that it has started."""
        for number in family(process.pid) if process.poll() is None else ():
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
        process.wait()
        self.running.remove(process)

    def close(self) -> None:
        for process in list(self.running):
            self.end(process)


def family(first: int) -> list[int]:
    """A process and its descendants, also those in sessions of their own, as torchrun's ranks."""
    children = defaultdict[int, list[int]](list)
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has ended
            parent = stat.read_text(encoding="utf-8", errors="replace").rsplit(")", 1)[1].split()[1]
            children[int(parent)].append(int(stat.parent.name))
    found = [first]
    for number in found:
        found += children[number]
    return found


def answers_of(worker: subprocess.Popen[str]) -> queue.Queue[str | None]:
    """The lines of results that it prints, as they come, and None at the end."""
    assert worker.stdout is not None
    stream, found = worker.stdout, queue.Queue[str | None]()

    def read() -> None:
        for text in stream:
            if text.startswith('{"row"'):
                found.put(text)
        found.put(None)

    threading.Thread(target=read, daemon=True).start()
    return found
