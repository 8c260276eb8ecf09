"""Processes of a benchmark: none outlives it, and one that hangs is ended with all its children."""

from __future__ import annotations

import contextlib
import os
import queue
import secrets
import signal
import subprocess
import threading
import time
from pathlib import Path

MARK = "ASRKIT_BENCH_PROCESS"  # in the environment of a process and of all that it starts


class Processes:
    """Starts them in ``root``, which Python finds modules in; what they print goes to ``logs``."""

    def __init__(self, logs: Path, root: Path) -> None:
        self.logs, self.root = logs, root
        self.running: list[subprocess.Popen[str]] = []
        self.marks: dict[int, str] = {}
        logs.mkdir(parents=True, exist_ok=True)

    def log(self, name: str) -> Path:
        return self.logs / f"{name.replace('/', '_')}.log"

    def start(self, name: str, command: list[str], *, piped: bool = False) -> subprocess.Popen[str]:
        """piped: its input and output are read and written here."""
        paths = os.pathsep.join([str(self.root), *filter(None, [os.environ.get("PYTHONPATH")])])
        mark = secrets.token_hex(8)
        with open(self.log(name), "a", encoding="utf-8") as log:
            made = subprocess.Popen(
                command, cwd=self.root, text=True, start_new_session=True,
                env=os.environ | {"PYTHONPATH": paths, MARK: mark},
                stdin=subprocess.PIPE if piped else subprocess.DEVNULL,
                stdout=subprocess.PIPE if piped else log, stderr=log,
            )  # fmt: skip
        self.running.append(made)
        self.marks[made.pid] = mark
        return made

    def end(self, process: subprocess.Popen[str]) -> None:
        """Ends it, whatever it does, and all that it has started, also if it has ended itself."""
        mark = self.marks.pop(process.pid)
        while numbers := marked(mark):  # one that was being started is seen the next time
            for number in numbers:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(number, signal.SIGKILL)
            process.poll()
            time.sleep(0.01)
        process.wait()
        self.running.remove(process)

    def close(self) -> None:
        for process in list(self.running):
            self.end(process)


def marked(mark: str) -> list[int]:
    """Processes with this mark, also those in sessions of their own, as torchrun's ranks, and those
    whose parents have ended. A process that has ended has no environment any more."""
    wanted, found = f"{MARK}={mark}".encode(), []
    for environment in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):  # it has ended, or is another user's
            if wanted in environment.read_bytes().split(b"\0"):
                found.append(int(environment.parent.name))
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
