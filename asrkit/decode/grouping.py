"""Which utterances are recognized together: those of like length, in batches of bounded size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from torch import Tensor


def like_lengths(lengths: Sequence[int], most: int, steps: int = 0) -> list[list[int]]:
    """Numbers of utterances of ``lengths`` samples, group by group, the longest first.

    A group times its longest, ``rounded``, is at most ``most`` samples; an utterance that is longer
    is a group of its own. Groups that are full have as many rows as any other of their length, so
    that shapes repeat.
    """
    groups: list[list[int]] = []
    room = 0
    for number in sorted(range(len(lengths)), key=lambda at: -lengths[at]):
        if not room:
            groups.append([])
            room = max(1, most // max(1, rounded(lengths[number], steps)))
        groups[-1].append(number)
        room -= 1
    return groups


def rounded(length: int, steps: int) -> int:
    """The next of ``steps`` lengths an octave, a power of two; with 0 the length itself."""
    if not steps:
        return length
    unit = max(1, (1 << max(length, 1).bit_length() - 1) // steps)
    return -(-length // unit) * unit


def windows(waves: Iterable[Tensor], first: int, most: int) -> Iterator[list[Tensor]]:
    """Runs of waveforms [S_i] of ``first`` samples together, then twice as many, up to ``most``:
    what is used one window at a time soon begins, and is later chosen among many."""
    window: list[Tensor] = []
    size, limit = 0, first
    for wave in waves:
        window.append(wave)
        size += len(wave)
        if size >= limit:
            yield window
            window, size, limit = [], 0, min(2 * limit, most)
    if window:
        yield window


class InOrder:
    """Results of a window, given out as soon as all before them are there."""

    def __init__(self, count: int) -> None:
        self._found: list[Tensor | None] = [None] * count
        self._next = 0

    def put(self, number: int, result: Tensor) -> None:
        self._found[number] = result

    def ready(self) -> Iterator[Tensor]:
        while self._next < len(self._found):
            result = self._found[self._next]
            if result is None:
                return
            self._found[self._next] = None
            self._next += 1
            yield result
