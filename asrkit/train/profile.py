"""A look at a few updates of a run: where their time goes (``--profile N``).

After a warm-up, N updates are recorded by torch.profiler, host and device, without stacks and
shapes. ``profile/trace.json.gz`` holds them for chrome://tracing or Perfetto, ``profile/table.txt``
what weighs most. The loop sees a context around each update; with N 0 it does nothing.
"""

from __future__ import annotations

import contextlib
import os
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Protocol

import torch
from torch.autograd import DeviceType  # type: ignore[attr-defined]
from torch.profiler import ProfilerActivity, record_function

from asrkit.files import atomic, temporary_folder
from asrkit.options import Options

WARM_UP = 10  # updates before: memory, plans of convolutions and compiled graphs are made in them
MICRO_BATCHES = 64  # at most, of whole updates: each is some ten thousand events in memory
LARGEST = 10  # lines of the table
UPDATE, DATA = "update", "enumerate(DataLoader)"


class Span(Protocol):
    """Microseconds."""

    start: float
    end: float


class Event(Protocol):
    """What is read of torch's FunctionEvent."""

    name: str
    device_type: DeviceType
    time_range: Span
    is_user_annotation: bool
    self_cpu_time_total: float  # microseconds


class Row(NamedTuple):
    """A kernel, or an operator of the CPU: milliseconds and calls an update."""

    name: str
    milliseconds: float
    calls: float


class Summary(NamedTuple):
    """Milliseconds of one update, averaged. busy: some kernel (on a CPU: operator) was running;
    data: the loop waited for a micro-batch; calls: kernels or operators an update."""

    update: float
    busy: float
    data: float
    calls: float
    rows: list[Row]


def summarize(events: Iterable[Event], device: DeviceType) -> Summary:
    """Adds up what lies within updates; ``device`` says whose work the rows are.

    On a GPU a row's time is a kernel's, on a CPU an operator's own, without those that it calls.
    """
    events = list(events)
    cpu = [event for event in events if event.device_type == DeviceType.CPU]
    updates = sorted(_span(event) for event in cpu if event.name == UPDATE)
    count = max(1, len(updates))
    work = [e for e in events if e.device_type == device and not e.is_user_annotation]
    times, calls = defaultdict[str, float](float), defaultdict[str, int](int)
    for event in work:
        if _within([_span(event)], updates):
            begin, end = _span(event)
            own = event.self_cpu_time_total if device == DeviceType.CPU else end - begin
            times[event.name] += own
            calls[event.name] += 1
    rows = [Row(name, times[name] / count / 1000, calls[name] / count) for name in times]
    waits = [_span(event) for event in cpu if event.name.startswith(DATA)]
    return Summary(
        update=_total(updates) / count / 1000,
        busy=_within([_span(event) for event in work], updates) / count / 1000,
        data=_within(waits, updates) / count / 1000,
        calls=sum(calls.values()) / count,
        rows=sorted(rows, key=lambda row: -row.milliseconds),
    )


def _span(event: Event) -> tuple[float, float]:
    return event.time_range.start, event.time_range.end


def _total(spans: Iterable[tuple[float, float]]) -> float:
    return sum(end - begin for begin, end in spans)


def _within(spans: Iterable[tuple[float, float]], around: list[tuple[float, float]]) -> float:
    """How long at least one of ``spans`` lasts inside of ``around``, which is sorted and apart."""
    total, at, covered = 0.0, 0, float("-inf")
    for begin, end in sorted(spans):
        begin, covered = max(begin, covered), max(end, covered)
        while at < len(around) and around[at][1] <= begin:
            at += 1
        for low, high in around[at:]:
            if low >= end:
                break
            total += max(0.0, min(end, high) - max(begin, low))
    return total


class Profile:
    """A context around a run, whose ``update()`` is one around each update.

    say: logs a line. active: only one rank of a run looks. Raises DataError where the system
    refuses to write.
    """

    def __init__(
        self,
        options: Options,
        folder: Path,
        device: torch.device,
        say: Callable[[str], None],
        *,
        active: bool,
    ) -> None:
        most = max(1, MICRO_BATCHES // max(1, options.accum_grad))
        self._updates = min(options.profile, most) if active else 0
        self._asked, self._folder, self._say = options.profile, folder / "profile", say
        self._device = device
        self._seen = 0
        self._before: list[float] = []  # milliseconds of the warm-up's updates
        self._profiler: torch.profiler.profile | None = None

    @contextlib.contextmanager
    def update(self) -> Iterator[None]:
        if not self._updates or self._seen >= WARM_UP + self._updates:
            yield
            return
        if self._seen < WARM_UP:
            begin = time.perf_counter()
            yield
            self._before.append((time.perf_counter() - begin) * 1000)
            self._seen += 1
            return
        if self._profiler is None:
            self._profiler = self._start()
        with record_function(UPDATE):
            yield
            self._wait()  # else its last kernels would run in the next one
        self._seen += 1
        if self._seen == WARM_UP + self._updates:
            self._finish()

    def _start(self) -> torch.profiler.profile:
        on_gpu = [ProfilerActivity.CUDA] if self._device.type == "cuda" else []
        self._wait()
        profiler = torch.profiler.profile(
            activities=[ProfilerActivity.CPU, *on_gpu], acc_events=True
        )
        profiler.start()
        return profiler

    def _wait(self) -> None:
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)

    def _finish(self) -> None:
        assert self._profiler is not None
        profiler, self._profiler = self._profiler, None
        profiler.stop()
        updates = self._seen - WARM_UP
        kind = DeviceType.CUDA if self._device.type == "cuda" else DeviceType.CPU
        summary = summarize(profiler.events() or (), kind)
        self._folder.mkdir(exist_ok=True)
        target = self._folder / "trace.json.gz"
        with temporary_folder(target) as made:
            profiler.export_chrome_trace(str(made / target.name))
            os.replace(made / target.name, target)
        before = statistics.median(self._before[len(self._before) // 2 :])
        lines = _table(summary, before, kind)
        with atomic(self._folder / "table.txt") as out:
            out.write("\n".join([f"{updates} updates on {self._name()}", *lines]) + "\n")
        part = f" of {self._asked} (at most {MICRO_BATCHES} micro-batches, and while the run lasts)"
        part = "" if updates == self._asked else part
        self._say(f"{self._folder}: {updates}{part} updates profiled; {lines[1]}")

    def _name(self) -> str:
        name = "the CPU"
        if self._device.type == "cuda":
            name = torch.cuda.get_device_name(self._device)
        return f"{name}, torch {torch.__version__}"

    def __enter__(self) -> Profile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        if kind is None and self._profiler is not None:
            self._finish()
        elif self._profiler is not None:
            self._profiler.stop()
        elif kind is None and self._updates and self._seen <= WARM_UP:
            self._say(f"nothing was profiled: {WARM_UP} updates come before, and the run is over")


def _table(summary: Summary, before: float, kind: DeviceType) -> list[str]:
    """Lines; the second says the host's share, of the time that an update took ``before``."""
    idle = max(0.0, before - summary.busy)
    one = "kernel" if kind == DeviceType.CUDA else "operator"
    lines = [
        f"an update: {before:.2f} ms before profiling, {summary.update:.2f} ms under it",
        f"host's share: {idle / before:.1%} of an update, {idle:.2f} ms in which no {one} ran",
        f"{one}s: {summary.busy:.2f} ms and {summary.calls:.0f} calls an update",
        f"waiting for data: {summary.data:.2f} ms an update",
        "",
        f"{'ms an update':>12}  {'share':>6}  {'calls':>8}  {one}",
    ]
    whole = sum(row.milliseconds for row in summary.rows) or 1.0
    return lines + [
        f"{row.milliseconds:12.3f}  {row.milliseconds / whole:6.1%}  {row.calls:8.1f}  {row.name}"
        for row in summary.rows[:LARGEST]
    ]
