"""Starts programs by forking one process that has imported them: a start takes milliseconds.

Run as a program it reads a JSON command line a line and answers with a number: ``["start", stderr,
[argument, ...]]`` with that of the new process, ``["wait", process, seconds]`` with its exit code
(-9: killed), or with null if it has not ended by then.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import traceback
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
HANGS = 600  # seconds; a busy machine is no hang


class Forker:
    """A forker of ``asrkit.bin.<program>``; a context."""

    def __init__(self, program: str, before: str = "") -> None:
        """before: Python that runs first, to break something."""
        path = [str(ROOT), str(ROOT / "test"), os.environ.get("PYTHONPATH", "")]
        self._process = subprocess.Popen(
            [sys.executable, __file__, program, before],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(path), "OMP_NUM_THREADS": "1"},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def __enter__(self) -> Forker:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def _ask(self, *words: Any) -> Any:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(words) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def start(self, stderr: Path, argv: list[str]) -> int:
        """The number of a new process, the first of a session."""
        return self._ask("start", str(stderr), argv)

    def wait(self, process: int, seconds: float) -> int | None:
        return self._ask("wait", process, seconds)

    def run(self, stderr: Path, argv: list[str], seconds: float = HANGS) -> int | None:
        return self.wait(self.start(stderr, argv), seconds)


def _start(program: Any, stderr: str, argv: list[str]) -> int:
    if process := os.fork():
        return process
    os.setsid()
    null, log = os.open(os.devnull, os.O_RDWR), os.open(stderr, os.O_WRONLY | os.O_CREAT, 0o600)
    os.ftruncate(log, 0)
    for source, target in ((null, 0), (null, 1), (log, 2)):
        os.dup2(source, target)
    code = 1
    try:
        code = program.main(argv)
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else 1
    except BaseException:
        traceback.print_exc()
    # as at the end of an interpreter, which waits for what multiprocessing has started
    sys.stderr.flush()
    from multiprocessing.util import _exit_function

    _exit_function()
    os._exit(code)


def _wait(process: int, seconds: float) -> int | None:
    deadline = time.monotonic() + seconds
    while True:
        found, status = os.waitpid(process, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > deadline:
            return None
        time.sleep(0.01)


def main() -> None:
    import importlib

    program = importlib.import_module(f"asrkit.bin.{sys.argv[1]}")
    exec(sys.argv[2])
    for line in sys.stdin:
        what, *words = json.loads(line)
        answer = _start(program, *words) if what == "start" else _wait(*words)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
