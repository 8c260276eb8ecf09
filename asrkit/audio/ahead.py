"""Audio read ahead of its use, by threads, in order.

Threads, not processes: libsndfile, PyAV and torch's resampler work without Python's lock, and what
they have read need not travel.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

from asrkit.audio.given import Given
from asrkit.audio.reading import AudioError
from asrkit.rate import RATE

Item = TypeVar("Item")
Found = Given | AudioError


def read_ahead(
    items: Iterable[Item],
    read: Callable[[Item], Given],
    *,
    threads: int,
    seconds: float,
) -> Iterator[tuple[Item, Found]]:
    """Each item with what ``read`` gives of it, or its AudioError, in the order of the items.

    threads: 0 reads at the item's turn. seconds: of audio that may wait; when so much does, no
    further file is begun. What else ``read`` raises is raised at the item's turn.
    """
    if threads < 1:
        for item in items:
            yield item, _try(read, item)
        return
    readers = _Readers(items, read, int(seconds * RATE))
    for _ in range(threads):
        # A daemon: the end of the program does not wait for a file system, or a pipe, that hangs.
        threading.Thread(target=readers.work, name="read ahead", daemon=True).start()
    try:
        yield from readers.results()
    finally:
        readers.stop()


def _try(read: Callable[[Item], Given], item: Item) -> Found:
    try:
        return read(item)
    except AudioError as error:
        return error


class _Readers(Generic[Item]):
    """What the threads share. Items are taken in order, so the next one to be used is never behind
    one that waits for room."""

    def __init__(
        self, items: Iterable[Item], read: Callable[[Item], Given], most_samples: int
    ) -> None:
        self._items, self._read, self._most = enumerate(items), read, most_samples
        self._changed = threading.Condition()
        self._done: dict[int, tuple[Item, Found] | BaseException] = {}
        self._taken = self._samples = 0
        self._stopped = False

    def work(self) -> None:
        while (taken := self._take()) is not None:
            number, item = taken
            found: tuple[Item, Found] | BaseException
            try:
                found = item, _try(self._read, item)
            except BaseException as error:
                found = error
            self._put(number, found)

    def _take(self) -> tuple[int, Item] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or self._samples < self._most)
            if self._stopped:
                return None
            try:
                taken = next(self._items, None)
            except BaseException as error:  # the list's own
                self._done[self._taken] = error
                taken = None
            if taken is None:
                self._stopped = True
            else:
                self._taken = taken[0] + 1
            self._changed.notify_all()
            return taken

    def _put(self, number: int, found: tuple[Item, Found] | BaseException) -> None:
        with self._changed:
            self._done[number] = found
            self._samples += _size(found)
            self._changed.notify_all()

    def results(self) -> Iterator[tuple[Item, Found]]:
        number = 0
        while (found := self._next(number)) is not None:
            if isinstance(found, BaseException):
                raise found
            yield found
            del found  # not held while the next is read
            number += 1

    def _next(self, number: int) -> tuple[Item, Found] | BaseException | None:
        with self._changed:
            self._changed.wait_for(
                lambda: number in self._done or (self._stopped and number >= self._taken)
            )
            found = self._done.pop(number, None)
            self._samples -= _size(found)
            self._changed.notify_all()
            return found

    def stop(self) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify_all()


def _size(found: tuple[Item, Found] | BaseException | None) -> int:
    return len(found[1].samples) if isinstance(found, tuple) and isinstance(found[1], Given) else 0
