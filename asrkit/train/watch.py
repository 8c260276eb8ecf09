"""What became of the other processes of a run: one that fails or is killed ends all, by its name.

A process that has gone leaves the others waiting: gloo says that a connection was closed, nccl says
nothing until its timeout. So each tells the store of the run how it ends, and looks every other
second for what the others said, and for those of its own machine that are no more. A signal that
one of them has received is passed on in the same way.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

EVERY = 2.0  # seconds between two looks
PATIENCE = 6.0  # seconds for the loop to notice by itself, before the process is ended
GRACE = 1.0  # seconds for a process that is asked to end
REFUSALS = 3  # of a connection, until nobody listens
_FAILED = "failed"
_SIGNAL = "signal"
_BEGUN = "begun"


class LostProcess(RuntimeError):
    """Another process of the run has ended; the message says which, and why if it is known."""


def refuse_orphans() -> None:
    """Raises LostProcess where torchrun was killed before this process was ready to end with it.

    It holds the store of the run before it starts anything: where nobody listens, it has gone, and
    torch would wait for half an hour.
    """
    if os.environ.get("TORCHELASTIC_USE_AGENT_STORE") != "True":
        return
    host, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
    for _ in range(REFUSALS):
        try:
            socket.create_connection((host, port), timeout=PATIENCE).close()
        except ConnectionRefusedError:
            time.sleep(EVERY / 2)
        except OSError:  # slow, or beyond this host's knowledge: for torch to find out
            return
        else:
            return
    raise LostProcess(
        f"the launcher of this run (torchrun on {host}, port {port}) has gone; start it again. "
        "--resume true goes on from last.pt, if there is one"
    )


class Store(Protocol):
    """What is used of torch.distributed.Store."""

    def set(self, key: str, value: str) -> None: ...
    def get(self, key: str) -> bytes: ...
    def check(self, keys: list[str]) -> bool: ...


def myself() -> tuple[str, str, int]:
    """Machine, its space of process numbers (a container has its own), process number."""
    try:
        space = os.readlink("/proc/self/ns/pid")
    except OSError:
        space = ""
    return socket.gethostname(), space, os.getpid()


def is_alive(process: int) -> bool:
    """Whether a process of this machine runs; one that waits to be collected does not."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    except OSError:  # another system than Linux
        return True
    return state not in "ZX"


class Watch:
    """Looks after the others from a thread of its own; ``everyone``: ``myself()`` of each rank.

    signal: the number of one that any of them has received; 0: none.
    """

    def __init__(self, store: Store, rank: int, everyone: list[tuple[str, str, int]]) -> None:
        self._store, self._rank, self._everyone = store, rank, everyone
        here = everyone[rank][:2]
        self.signal = 0
        self._near = [r for r, who in enumerate(everyone) if who[:2] == here and r != rank]
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True, name="watch")
        self._thread.start()

    def end(self) -> None:
        """This process has done its part: the others need not mind that it goes."""
        self._stop()
        with contextlib.suppress(RuntimeError):  # the store may have gone with the first process
            self._store.set(f"ended/{self._rank}", "")

    def wait_for_first(self) -> None:
        """Until process 0 has come here, too, however long that takes; it waits for nobody."""
        if self._rank == 0:
            self._store.set(_BEGUN, "")
        while not self._store.check([_BEGUN]):
            time.sleep(0.1)

    def tell_signal(self, number: int) -> None:
        """The others know of it within seconds."""
        if not self.signal:
            self.signal = number
            with contextlib.suppress(RuntimeError):
                self._store.set(_SIGNAL, str(number))

    def fail(self, reason: str) -> None:
        """This process ends; the others will, within seconds."""
        self._stop()
        self._tell(self._rank, f"ended: {reason}")

    @contextlib.contextmanager
    def terminable(self) -> Iterator[None]:
        """Here SIGTERM ends this process once it has said which other has gone, if one has.

        torchrun sends it to all others at once. The handler that was there before is there again
        afterwards, whatever ends the block.
        """
        process = os.getpid()

        def terminate(number: int, _: object) -> None:
            if os.getpid() == process:  # and not one that it has forked
                if (reason := self.why(GRACE)) is not None:
                    print(f"error: {reason}", file=sys.stderr, flush=True)
                self.fail("a signal asked it to end")
            os._exit(128 + number)

        old = signal.signal(signal.SIGTERM, terminate)
        try:
            yield
        finally:
            signal.signal(signal.SIGTERM, old)

    def _stop(self) -> None:
        self._over.set()
        self._thread.join(EVERY)  # within the store at the end of the program, it would abort it

    def why(self, seconds: float) -> str | None:
        """Which other process has ended, once it is known; None if none has after ``seconds``."""
        deadline = time.monotonic() + seconds
        while (reason := self._reason()) is None and time.monotonic() < deadline:
            time.sleep(0.1)
        return reason

    def _look(self) -> None:
        while not self._over.wait(EVERY):
            reason = self._reason()
            if reason is not None and not self._over.wait(PATIENCE):
                print(f"error: {reason}", file=sys.stderr, flush=True)
                os._exit(1)  # the main thread waits for the other within nccl
            with contextlib.suppress(RuntimeError):  # of which the next look finds the reason
                if not self.signal and self._store.check([_SIGNAL]):
                    self.signal = int(self._store.get(_SIGNAL))

    def _reason(self) -> str | None:
        try:
            if self._store.check([_FAILED]):
                return self._store.get(_FAILED).decode()
            gone = (rank for rank in self._near if not is_alive(self._everyone[rank][2]))
            if killed := [rank for rank in gone if not self._store.check([f"ended/{rank}"])]:
                self._tell(killed[0], "was killed, perhaps for memory")
                return self._store.get(_FAILED).decode()
        except RuntimeError:
            return (
                f"the machine of process 0 of this run ({self._everyone[0][0]}) cannot be reached "
                "any more. --resume true goes on from last.pt"
            )
        return None

    def _tell(self, rank: int, what: str) -> None:
        """The first to tell is right: what comes later follows from it."""
        machine, _, process = self._everyone[rank]
        text = f"process {rank} of this run (on {machine}, number {process}) {what}"
        if "--resume" not in text:
            text += ". --resume true goes on from last.pt"
        with contextlib.suppress(RuntimeError):  # with the store, all have gone
            if not self._store.check([_FAILED]):
                self._store.set(_FAILED, text)
