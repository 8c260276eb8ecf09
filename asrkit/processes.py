"""Work in other processes, none of which outlives the one that asked for it."""

from __future__ import annotations

import collections
import contextlib
import ctypes
import functools
import multiprocessing
import os
import signal
import subprocess
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Literal, TypeVar

from asrkit.files import DataError

T = TypeVar("T")
R = TypeVar("R")
Start = tuple[Callable[..., None], tuple[Any, ...]]
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)
_failure: Exception | None = None  # of this process's beginning


class Workers:
    """Processes that wait for work; see ``workers``."""

    def __init__(self, pool: ProcessPoolExecutor, nj: int) -> None:
        self._pool, self._nj = pool, nj

    def ask(self, function: Callable[[T], R], item: T) -> R:
        """``function`` of one item, computed in one of them."""
        return self._pool.submit(_work, function, item).result()

    def in_order(
        self, function: Callable[[T], R], items: Iterable[T], *, ahead: int = 4
    ) -> Iterator[R]:
        """``function`` of each item, in the order of the items.

        At most ``ahead`` items a process are taken before their turn: a set larger than memory can
        be streamed through.
        """
        waiting: collections.deque[Future[R]] = collections.deque()
        for item in items:
            waiting.append(self._pool.submit(_work, function, item))
            if len(waiting) >= ahead * self._nj:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


@contextlib.contextmanager
def workers(
    nj: int, *, start: Start | None = None, method: Literal["spawn", "fork"] = "spawn"
) -> Iterator[Workers]:
    """``nj`` processes, which end with the block and with this process, however that ends.

    start: a function and its arguments, called once at the beginning of each. method: a forked
    process inherits torch's threads in an unknown state. Raises DataError if one is killed; what
    ``start`` or a function of the work raises, the first call that needs it raises.
    """
    context = multiprocessing.get_context(method)
    pool = ProcessPoolExecutor(nj, context, initializer=_begin, initargs=(start,))
    try:
        yield Workers(pool, nj)
    except BrokenProcessPool:
        raise DataError(
            "a process was killed, perhaps for memory; run again with a smaller --nj"
        ) from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _begin(start: Start | None) -> None:
    """An error here would break the pool without its message: the first item raises it."""
    global _failure
    end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the parent, which ends the pool
    try:
        if start is not None:
            start[0](*start[1])
    except Exception as error:
        _failure = error


def _work(function: Callable[[T], R], item: T) -> R:
    if _failure is not None:
        raise _failure
    return function(item)


def end_with_parent() -> None:
    """Called in a process of multiprocessing: the kernel kills it when its parent ends, however
    that ends.

    More exactly, when the thread ends that started it. Elsewhere than on Linux it does nothing.
    """
    parent = multiprocessing.parent_process()
    if parent is not None and parent.pid is not None:
        end_with(parent.pid)


def end_with_launcher() -> None:
    """Called in a process that torchrun has started, likewise; in others it does nothing.

    torchrun ends its processes when it is asked to end, and cannot when it is killed. It starts
    them in its first thread.
    """
    if "TORCHELASTIC_RUN_ID" in os.environ:
        end_with(os.getppid())


def end_with(parent: int) -> None:
    """The kernel kills this process, which ``parent`` has just started, when the parent ends."""
    if not hasattr(_libc, "prctl"):
        return
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it had ended before this
        os._exit(1)


def run_program(command: list[str]) -> subprocess.CompletedProcess[bytes]:
    """Runs a program without input and keeps what it writes; it ends with this process."""
    return subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        preexec_fn=functools.partial(end_with, os.getpid()),
    )
