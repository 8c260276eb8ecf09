"""What bench/gpu.py times: asr_train, and steps of asrkit and of transformers.

A worker (``python bench/gpu_rows.py JSON``) prints a line of JSON a row, so that its parent can end
it where a row hangs and go on with the rest.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import json
import statistics
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import torch
import train_step

from asrkit.batch import Batch
from asrkit.bin.asr_train import options_of
from asrkit.data.dataset import BatchDataset
from asrkit.data.loader import make_loader
from asrkit.data.sampler import BatchSpec
from asrkit.rate import RATE
from asrkit.train import run
from asrkit.train.memory import keep_freed_memory
from asrkit.train.metrics import read_metrics

CONF = Path(__file__).resolve().parents[1] / "egs/TEMPLATE/asr1/conf"
PRETRAIN = ("pretrain_xlsr_base", "pretrain_xlsr_large", "pretrain_unidata2vec_base")
FINETUNE = ("finetune_ctc_large", "finetune_ctc_base")
PRESETS = PRETRAIN + FINETUNE
STEPS = {"pretrain": "pretrain, paper", "finetune": "finetune, transformers' dropout"}
GIB = 2**30
WARM_UP = 2.0  # times as long as a run is watched; then it is watched all the same
MOST_SHAPES = 64  # micro-batches kept, one of each
Tell = Callable[[str, dict[str, Any]], None]  # a row and its values

# The same code in a minute on a CPU: --set of what a preset has
TINY = {
    "encoder_conf.width": 32, "encoder_conf.layers": 1, "encoder_conf.heads": 2,
    "encoder_conf.positional": "[8, 2, 1]", "encoder_conf.layerdrop": 0.0,
    "encoder_conf.conv_layers": "[[16, 10, 5], [16, 8, 8], [16, 8, 8]]", "batch_bins": 160_000,
}  # fmt: skip
TINY_OF = {
    "pretrain_xlsr": {
        "objective_conf.negatives": 10, "objective_conf.final_size": 16,
        "quantizer_conf.entries": 8, "quantizer_conf.vector_size": 16,
    },
    "pretrain_unidata2vec": {"base_conf.top_k": 1, "encoder_conf.heads": 2},
}  # fmt: skip


class Setting(NamedTuple):
    """What all rows share. seconds: how long a run, or the steps of a row, are watched."""

    corpus: str
    work: str
    device: str = "cuda"
    quick: bool = False
    seconds: float = 6.0


def arguments(preset: str, out: Path, setting: Setting) -> list[str]:
    """A command line of asr_train: the preset as it is, on the benchmark's corpus."""
    corpus, labeled = Path(setting.corpus), preset not in PRETRAIN[:2]
    folders = sorted(path for path in corpus.iterdir() if (path / "wav.scp").exists())
    wanted = [path for path in folders if (path.name == "hour") == (preset in FINETUNE)]
    argv = ["--config", str(CONF / f"{preset}.yaml"), "--output_dir", str(out)]
    argv += ["--log_interval", "1", "--ngpu", "1" if setting.device == "cuda" else "0"]
    argv += ["--train_data", *map(str, wanted)]
    if labeled:
        argv += ["--token_list", str(corpus / "tokens.txt"), "--token_file", "text.phn"]
    sets: dict[str, object] = {}
    if preset in FINETUNE:
        sets["objective_conf.freeze_steps"] = 0  # as it is after the frozen phase
    if setting.quick:
        argv += ["--accum_grad", "1", "--num_workers", "1"]
        sets |= TINY
        for name, more in TINY_OF.items():
            sets |= more if preset.startswith(name) else {}
    return argv + [word for key, value in sets.items() for word in ("--set", f"{key}={value}")]


def steady(lines: list[dict[str, Any]]) -> dict[str, Any]:
    """Of lines of a run's journal: median speed, memory, updates."""
    lines = [line for line in lines if line["split"] == "train"]
    if not lines:
        return {"error": "no update was logged in the time there was"}
    found: dict[str, Any] = {
        "speed": statistics.median(line["audio_seconds_per_second"] for line in lines),
        "updates": len(lines),
    }
    if "gpu_memory_gib" in lines[-1]:
        found["memory"] = lines[-1]["gpu_memory_gib"]
    return found


class Enough(Exception):
    """The time of a row is over."""


class Shapes:
    """Counts shapes [B, S] of micro-batches, and keeps one of each."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[int, ...]] = Counter()
        self.first: dict[tuple[int, ...], Batch] = {}

    def add(self, batch: Batch) -> None:
        assert batch.speech is not None
        shape = tuple(batch.speech.data.shape)
        self.counts[shape] += 1
        if len(self.first) < MOST_SHAPES:
            self.first.setdefault(shape, batch)

    def commonest(self) -> Batch:
        """Of equals the middle one."""
        most = max(self.counts[shape] for shape in self.first)
        equals = [shape for shape in self.first if self.counts[shape] == most]
        return self.first[sorted(equals, key=lambda shape: shape[-1])[len(equals) // 2]]

    def __str__(self) -> str:
        return f"{len(self.counts)} in {self.counts.total()}"


class Watched:
    """In the place of ``make_loader``: what it gives, for a while; then the commonest of these
    micro-batches again and again. Tells the rows ``train`` and ``fixed``, if they are wanted, and
    ends the run."""

    def __init__(self, setting: Setting, journal: Path, tell: Tell, wanted: set[str]) -> None:
        self.setting, self.journal, self.tell, self.wanted = setting, journal, tell, wanted

    def __call__(
        self, dataset: BatchDataset, stream: Iterable[BatchSpec], **reading: Any
    ) -> Iterator[Batch]:
        shapes, seconds = Shapes(), self.setting.seconds
        with contextlib.closing(iter(make_loader(dataset, stream, **reading))) as batches:
            if "train" in self.wanted:
                # plans and graphs are made for each shape that is met: once, and not counted
                warm = self.warm(shapes, WARM_UP * seconds)
                while not warm():
                    batch = next(batches)
                    shapes.add(batch)
                    yield batch
            begun = len(read_metrics(self.journal)) + 1  # the update in hand is of both
            over = self.clock(seconds if "train" in self.wanted else seconds / 4, begun)
            while not over():
                batch = next(batches)
                shapes.add(batch)
                yield batch
        lines = read_metrics(self.journal)
        if "train" in self.wanted:
            self.tell("train", steady(lines[begun:]) | {"shapes": str(shapes)})
        if "fixed" in self.wanted:
            batch = shapes.commonest()
            assert batch.speech is not None
            clips, samples = batch.speech.data.shape
            begun = len(lines) + 1  # the update in hand is of both
            over = self.clock(seconds / 2, begun)
            while not over():
                yield batch
            found = steady(read_metrics(self.journal)[begun:])
            self.tell("fixed", found | {"batch": f"{clips} x {samples / RATE:.1f} s"})
        raise Enough

    def warm(self, shapes: Shapes, seconds: float) -> Callable[[], bool]:
        """Whether a whole update has met no new shape, or so long a time has passed since the first
        update."""
        known = at = 0
        end = 0.0

        def over() -> bool:
            nonlocal known, at, end
            lines = len(read_metrics(self.journal))
            if len(shapes.counts) > known:
                known, at = len(shapes.counts), lines
            end = end or (time.monotonic() + seconds if lines else 0.0)
            return bool(lines) and (lines > at + 1 or time.monotonic() >= end)

        return over

    def clock(self, seconds: float, begun: int = 0) -> Callable[[], bool]:
        """Whether so long a time has passed since line ``begun``, and two lines more are there."""
        end = 0.0

        def over() -> bool:
            nonlocal end
            if end and time.monotonic() < end:
                return False
            lines = len(read_metrics(self.journal)) - begun
            end = end or (time.monotonic() + seconds if lines > 0 else 0.0)
            return lines > 1 and time.monotonic() >= end

        return over


def program(preset: str, setting: Setting, tell: Tell, wanted: set[str]) -> None:
    """asr_train with a preset: from its data, then on one batch. What the first falls short of the
    second is the cost of reading and of shapes."""
    out = Path(setting.work) / preset
    options, _ = options_of(arguments(preset, out, setting))
    watched = Watched(setting, out / "train.jsonl", tell, wanted)
    keep_freed_memory()
    with mock.patch.object(run, "make_loader", watched), contextlib.suppress(Enough):
        run.train(options)


def step(task: str, clips: int, setting: Setting) -> dict[str, Any]:
    """A step of asrkit and of transformers on a batch of noise (bench/train_step.py), in turn."""
    args = train_step.parse(["--device", setting.device, "--batch", str(clips)])
    if setting.quick:
        args.batch, args.seconds, args.layers = 1, 1.0, 1
    row = train_step.ROWS[STEPS[task]]
    ours = _timed(train_step.asrkit_step, args, row, setting)
    theirs = _timed(train_step.hf_step, args, row, setting)
    found = {
        "batch": f"{args.batch} x {args.seconds:.1f} s",
        "speed": ours.get("speed"),
        "memory": ours.get("memory"),
        "transformers": theirs.get("speed"),
        "transformers_memory": theirs.get("memory"),
    }
    both = {"asrkit": ours, "transformers": theirs}
    notes = [f"{who}: {part['note']}" for who, part in both.items() if "note" in part]
    return found | ({"note": "; ".join(notes)} if notes else {})


def _timed(
    make: train_step.Maker, args: argparse.Namespace, row: train_step.Row, setting: Setting
) -> dict[str, Any]:
    """Audio seconds a second of whole steps, and their peak of GPU memory in GiB."""
    cuda = args.device == "cuda"
    torch.manual_seed(0)
    _clean(cuda)
    try:
        once = train_step.whole_step(make, args, row)
        times: list[float] = []
        warm_up, most = (1, 1) if setting.quick else (4, 12)
        end = time.monotonic() + setting.seconds / 4
        for number in range(warm_up + most):
            seconds = _device_seconds(once, cuda)
            if number >= warm_up:
                times.append(seconds)
            if times and time.monotonic() > end:
                break
    except torch.OutOfMemoryError:
        return {"note": "out of memory"}
    except ImportError:
        return {"note": "not installed"}
    found = {"speed": args.batch * args.seconds / statistics.median(times)}
    if cuda:
        found["memory"] = torch.cuda.max_memory_allocated() / GIB
    return found


def _clean(cuda: bool) -> None:
    """Gives back what the row before has left, and counts memory from here on."""
    gc.collect()
    if cuda:
        torch.cuda.init()
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def _device_seconds(once: Callable[[], None], cuda: bool) -> float:
    if not cuda:
        begin = time.perf_counter()
        once()
        return time.perf_counter() - begin
    first, last = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    first.record()
    once()
    last.record()
    last.synchronize()
    return first.elapsed_time(last) / 1000


def main(argv: list[str]) -> int:
    """Rows ``train/<preset>`` and ``fixed/<preset>`` of one preset, or ``step/<task>/<clips>``."""
    names, values = json.loads(argv[0])
    setting = Setting(**values)
    results, sys.stdout = sys.stdout, sys.stderr  # whatever a library has to say
    if not sys.stdin.readline():  # its turn has come, or its parent has gone
        return 1

    def tell(name: str, found: dict[str, Any]) -> None:
        print(json.dumps({"row": name} | found), file=results, flush=True)

    kinds = {kind: name for name in names for kind in [name.split("/")[0]]}
    if "step" not in kinds:
        preset = names[0].split("/")[1]
        program(preset, setting, lambda kind, found: tell(kinds[kind], found), set(kinds))
        return 0
    for name in names:
        _clean(setting.device == "cuda")
        try:
            _, task, clips = name.split("/")
            found = step(task, int(clips), setting)
        except Exception as error:  # the other rows are still wanted
            traceback.print_exc()
            found = {"error": f"{type(error).__name__}: {error}".splitlines()[0]}
        tell(name, found)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
