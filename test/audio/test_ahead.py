"""Audio that threads read ahead: order, errors, room, ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing

import numpy as np
import pytest

from asrkit.audio.ahead import read_ahead
from asrkit.audio.given import Given
from asrkit.audio.reading import AudioError

THREADS = pytest.mark.parametrize("threads", [0, 1, 4])


def given(number: int) -> Given:
    return Given(np.full(1600, number, np.float32), "")


@THREADS
def test_in_order_whatever_takes_longest(threads: int) -> None:
    def read(number: int) -> Given:
        time.sleep(0.003 * (number % 3 == 0))
        return given(number)

    found = list(read_ahead(range(30), read, threads=threads, seconds=1))
    assert [item for item, _ in found] == list(range(30))
    assert all(isinstance(heard, Given) and heard.samples[0] == item for item, heard in found)


@THREADS
def test_an_error_of_a_file_stands_in_its_place_and_others_are_raised(threads: int) -> None:
    def read(number: int) -> Given:
        if number == 2:
            raise AudioError("two: is empty")
        if number == 5:
            raise KeyError("a fault")
        return given(number)

    found = read_ahead(range(9), read, threads=threads, seconds=1)
    heard = [next(found) for _ in range(5)]
    assert [str(e) for _, e in heard if isinstance(e, AudioError)] == ["two: is empty"]
    assert isinstance(heard[2][1], AudioError)
    with pytest.raises(KeyError, match="a fault"):
        next(found)


@THREADS
def test_an_error_of_the_list_itself(threads: int) -> None:
    def names() -> Iterator[int]:
        yield 1
        raise ValueError("no more names")

    with pytest.raises(ValueError, match="no more names"):
        list(read_ahead(names(), given, threads=threads, seconds=1))


def test_what_waits_is_bounded() -> None:
    """0.3 seconds may wait, of 0.1 each: no more than three, and those being read."""
    begun: list[int] = []

    def read(number: int) -> Given:
        begun.append(number)
        return given(number)

    with closing(read_ahead(range(1000), read, threads=2, seconds=0.3)) as found:
        for used in range(1, 20):
            next(found)
            time.sleep(0.002)
            assert len(begun) <= used + 3 + 2
    assert len(begun) < 30


def test_an_end_before_the_list_s_ends_the_threads() -> None:
    before = threading.active_count()
    with closing(read_ahead(range(1000), given, threads=3, seconds=0.2)) as found:
        next(found)
    end = time.monotonic() + 5
    while threading.active_count() > before and time.monotonic() < end:
        time.sleep(0.01)
    assert threading.active_count() <= before  # of another test
