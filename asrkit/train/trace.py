"""A trace of updates, as torch.profiler exports it for Chrome, added up: what weighs most."""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

UPDATE = "update"  # what the profile calls the span of an update
READING = "enumerate(DataLoader)"  # torch's name for a wait of its loader begins so
KERNELS = frozenset({"kernel", "gpu_memcpy", "gpu_memset"})
OPERATORS = frozenset({"cpu_op"})
NAMED = "user_annotation"  # spans that a program names
LARGEST = 10  # rows of the table

Span = tuple[float, float]


class Event(NamedTuple):
    """kind: torch's category. thread: of the host, or stream of a device. Microseconds."""

    kind: str
    name: str
    thread: str
    start: float
    end: float


class Row(NamedTuple):
    """A kernel, or an operator of the CPU: milliseconds and calls an update."""

    name: str
    milliseconds: float
    calls: float


class Summary(NamedTuple):
    """Milliseconds of one update, averaged. busy: some kernel (on a CPU: operator) was running;
    data: the loop waited for a micro-batch; calls: kernels or operators an update."""

    work: str  # kernel or operator
    update: float
    busy: float
    data: float
    calls: float
    rows: list[Row]


def read_trace(path: Path) -> list[Event]:
    """All that lasted. A trace may hold a million events: they are made small while it is read."""
    found: list[Event] = []

    def keep(item: dict[str, Any]) -> None:
        if item.get("ph") == "X":
            start, name = float(item["ts"]), sys.intern(str(item["name"]))
            kind, thread = sys.intern(str(item.get("cat"))), f"{item['pid']}/{item['tid']}"
            end = start + float(item.get("dur", 0))
            found.append(Event(kind, name, sys.intern(thread), start, end))

    with open(path, encoding="utf-8", errors="replace") as file:
        json.load(file, object_hook=keep)
    return found


def summarize(events: list[Event], *, on_gpu: bool) -> Summary:
    """Adds up the kernels (on a CPU the operators) that began within updates.

    A row's time is a kernel's, or an operator's own, without those that it calls.
    """
    named = [event for event in events if event.kind == NAMED]
    updates = sorted((event.start, event.end) for event in named if event.name == UPDATE)
    count = max(1, len(updates))
    kinds = KERNELS if on_gpu else OPERATORS
    work = [e for e in events if e.kind in kinds and _inside(e, updates)]
    own = [event.end - event.start for event in work] if on_gpu else _own_times(work)
    times, calls = defaultdict[str, float](float), defaultdict[str, int](int)
    for event, microseconds in zip(work, own, strict=True):
        times[event.name] += microseconds
        calls[event.name] += 1
    rows = [Row(name, times[name] / count / 1000, calls[name] / count) for name in times]
    waits = [e for e in named if e.name.startswith(READING) and _inside(e, updates)]
    return Summary(
        work="kernel" if on_gpu else "operator",
        update=_covered((begin, end) for begin, end in updates) / count / 1000,
        busy=_covered((event.start, event.end) for event in work) / count / 1000,
        data=_covered((event.start, event.end) for event in waits) / count / 1000,
        calls=len(work) / count,
        rows=sorted(rows, key=lambda row: -row.milliseconds),
    )


def _inside(event: Event, updates: list[Span]) -> bool:
    return any(begin <= event.start < end for begin, end in updates)


def _covered(spans: Iterable[Span]) -> float:
    """How long at least one of ``spans`` lasts."""
    total, covered = 0.0, float("-inf")
    for begin, end in sorted(spans):
        total += max(0.0, end - max(begin, covered))
        covered = max(covered, end)
    return total


def _own_times(events: list[Event]) -> list[float]:
    """Of each event, what no other of its thread within it takes."""
    own = [event.end - event.start for event in events]
    order = sorted(
        range(len(events)), key=lambda n: (events[n].thread, events[n].start, -events[n].end)
    )
    around: list[int] = []
    for number in order:
        event = events[number]
        while around and not _encloses(events[around[-1]], event):
            around.pop()
        if around:
            own[around[-1]] -= event.end - event.start
        around.append(number)
    return own


def _encloses(outer: Event, inner: Event) -> bool:
    return outer.thread == inner.thread and inner.end <= outer.end


def table(summary: Summary, before: float) -> list[str]:
    """Lines; the second says the host's share of ``before``: milliseconds that an update took
    without the profiler, which slows the host."""
    work, idle = summary.work, max(0.0, before - summary.busy)
    lines = [
        f"an update: {before:.2f} ms before profiling, {summary.update:.2f} ms under it",
        f"host's share: {idle / before:.1%} of an update, {idle:.2f} ms in which no {work} ran",
        f"{work}s: {summary.busy:.2f} ms and {summary.calls:.0f} calls an update",
        f"waiting for data: {summary.data:.2f} ms an update",
        "",
        f"{'ms an update':>12}  {'share':>6}  {'calls':>8}  {work}",
    ]
    whole = sum(row.milliseconds for row in summary.rows) or 1.0
    return lines + [
        f"{row.milliseconds:12.3f}  {row.milliseconds / whole:6.1%}  {row.calls:8.1f}  {row.name}"
        for row in summary.rows[:LARGEST]
    ]
