"""How long a run will take: told once, after the first micro-batches, and refused if hopeless."""

from __future__ import annotations

import pytest

from asrkit.options import Options
from asrkit.train import pace
from asrkit.train.pace import Hopeless, Pace


class Clock:
    """Every look at it takes ``each`` seconds."""

    def __init__(self, each: float) -> None:
        self.now, self.each = 100.0, each

    def perf_counter(self) -> float:
        self.now += self.each
        return self.now


def told(
    monkeypatch: pytest.MonkeyPatch, each: float, micro_batches: int, made: Pace, count: int = 1
) -> list[tuple[int, str]]:
    """(after which micro-batch, line)"""
    monkeypatch.setattr(pace, "time", Clock(each))
    lines = [(n, made.done(count)) for n in range(1, micro_batches + 1)]
    return [(n, line) for n, line in lines if line]


def options(**changes: object) -> Options:
    return Options(**{"max_update": 1000, "accum_grad": 4} | changes)  # type: ignore[arg-type]


def test_long_micro_batches_are_told_of_after_two(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Pace(options(), hours=0.5, seen=50.0)
    ((after, line),) = told(monkeypatch, 6.0, 20, made)
    assert after == 3
    assert line == (
        "1000 updates of 24 seconds will take 6 hours and 40 minutes at this pace; 30.0 minutes of"
        " speech are seen 100.0 times"
    )


def test_short_ones_are_averaged_over_thirty(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Pace(options(max_update=60, accum_grad=1), step=10)
    ((after, line),) = told(monkeypatch, 0.1, 40, made)
    assert after == 31
    assert line == "50 updates of 0.10 seconds will take 5.00 seconds at this pace"


def test_whole_updates_of_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Pace(options())
    ((after, line),) = told(monkeypatch, 12.0, 5, made, count=4)
    assert after == 2
    assert line.startswith("1000 updates of 12 seconds will take 3 hours and 20 minutes")


def test_the_hopeless_is_refused_unless_it_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = {"max_update": 250_000, "accum_grad": 16}
    with pytest.raises(Hopeless, match=r"will take 4 years and .*--yes true trains all the same"):
        told(monkeypatch, 35.0, 9, Pace(options(**slow), hours=0.14, seen=390_000.0))
    assert len(told(monkeypatch, 35.0, 9, Pace(options(**slow, yes=True)))) == 1
