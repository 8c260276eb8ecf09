"""A look at a few updates of a run: where their time goes (``--profile N``).

After a warm-up, N updates are recorded by torch.profiler, host and device, without stacks and
shapes. ``profile/trace.json.gz`` holds them for Perfetto or chrome://tracing, ``profile/table.txt``
what weighs most (trace.py). The loop sees a context around each update; with N 0 it does nothing.
"""

from __future__ import annotations

import contextlib
import gzip
import shutil
import statistics
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType

import torch
from torch.profiler import ProfilerActivity, record_function

from asrkit.files import atomic, temporary_folder, writing
from asrkit.options import Options
from asrkit.train.trace import UPDATE, read_trace, summarize, table

WARM_UP = 10  # updates before: memory, plans of convolutions and compiled graphs are made in them
MICRO_BATCHES = 32  # at most, of whole updates: each is some ten thousand events in memory


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
        profiler = torch.profiler.profile(activities=[ProfilerActivity.CPU, *on_gpu])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it holds one recording, not several
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
        self._folder.mkdir(exist_ok=True)
        target = self._folder / "trace.json.gz"
        with temporary_folder(target) as made, atomic(target, "wb") as out:
            plain = made / target.stem
            with writing(target):
                profiler.export_chrome_trace(str(plain))
            del profiler
            summary = summarize(read_trace(plain), on_gpu=self._device.type == "cuda")
            with open(plain, "rb") as file, gzip.GzipFile("", "wb", 5, out) as packed:
                shutil.copyfileobj(file, packed)
        before = statistics.median(self._before[len(self._before) // 2 :])
        lines = table(summary, before)
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
