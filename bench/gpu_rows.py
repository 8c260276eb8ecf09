"""What bench/gpu.py times: runs of asr_train, and steps on one batch in a process of their own.

A worker (``python bench/gpu_rows.py JSON``) prints one line of JSON a row, so that its parent can
end it where a row hangs and go on with the rest.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import itertools
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
from asrkit.train import run
from asrkit.train.journal import read_journal

CONF = Path(__file__).resolve().parents[1] / "egs/TEMPLATE/asr1/conf"
PRETRAIN = ("pretrain_xlsr_base", "pretrain_xlsr_large", "pretrain_unidata2vec_base")
FINETUNE = ("finetune_ctc_large", "finetune_ctc_base")
PRESETS = PRETRAIN + FINETUNE
STEPS = {"pretrain": "pretrain, paper", "finetune": "finetune, transformers' dropout"}
GIB = 2**30

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
    seconds: float = 12.0

    @property
    def micro_batches(self) -> int:
        """So many are looked at for their shapes."""
        return 6 if self.quick else 128


def arguments(preset: str, out: Path, setting: Setting) -> list[str]:
    """A command line of asr_train: the preset as it is, on the benchmark's corpus."""
    corpus, labelled = Path(setting.corpus), preset not in PRETRAIN[:2]
    folders = sorted(path for path in corpus.iterdir() if (path / "wav.scp").exists())
    wanted = [path for path in folders if (path.name == "hour") == (preset in FINETUNE)]
    argv = ["--config", str(CONF / f"{preset}.yaml"), "--output_dir", str(out)]
    argv += ["--log_interval", "1", "--ngpu", "1" if setting.device == "cuda" else "0"]
    argv += ["--train_data", *map(str, wanted)]
    if labelled:
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
    """Of the lines of a run's journal: speed without the first third, memory, updates."""
    lines = [line for line in lines if line["split"] == "train"]
    if not lines:
        return {"error": "no update was logged in the time there was"}
    rest = lines[max(1, len(lines) // 3) :] or lines
    found: dict[str, Any] = {
        "speed": statistics.median(line["audio_seconds_per_second"] for line in rest),
        "updates": len(lines),
    }
    if len(lines) == 1:
        found["note"] = "first update, warm-up included"
    for name, key in (("memory", "gpu_memory_gib"), ("shapes", "shapes")):
        if key in lines[-1]:
            found[name] = lines[-1][key]
    return found


class Enough(Exception):
    """The time of a row is over."""


def _until(batch: Batch, seconds: float, journal: Path) -> Iterator[Batch]:
    """``batch`` again and again, for so long and for two updates at least."""
    end = time.monotonic() + seconds
    while time.monotonic() < end or len(read_journal(journal)) < 2:
        yield batch
    raise Enough


def common_batch(batches: Iterable[Batch]) -> tuple[Batch, int]:
    """A micro-batch of the commonest shape, of equals the middle one, and how many shapes."""
    first: dict[tuple[int, ...], Batch] = {}
    counts: Counter[tuple[int, ...]] = Counter()
    for batch in batches:
        assert batch.speech is not None
        shape = tuple(batch.speech.data.shape)
        first.setdefault(shape, batch)
        counts[shape] += 1
    most = max(counts.values())
    equals = sorted((shape for shape in counts if counts[shape] == most), key=lambda s: s[-1])
    return first[equals[len(equals) // 2]], len(counts)


def fixed(preset: str, setting: Setting) -> dict[str, Any]:
    """asr_train on one batch again and again: what reading and shapes cost is left out."""
    out = Path(setting.work) / f"fixed_{preset}"
    journal = out / "train.jsonl"
    found: dict[str, Any] = {}

    def repeated(
        dataset: BatchDataset, stream: Iterable[BatchSpec], **reading: Any
    ) -> Iterator[Batch]:
        first = list(itertools.islice(stream, setting.micro_batches))
        batch, shapes = common_batch(make_loader(dataset, first, **reading))
        assert batch.speech is not None
        clips, samples = batch.speech.data.shape
        found["shapes"] = f"{shapes} in {setting.micro_batches}"
        found["batch"] = f"{clips} x {samples / 16_000:.1f} s"
        return _until(batch, setting.seconds / 2, journal)

    options, _ = options_of(arguments(preset, out, setting))
    with mock.patch.object(run, "make_loader", repeated), contextlib.suppress(Enough):
        run.train(options)
    return steady(read_journal(journal)) | found


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
    if "torch._dynamo" in sys.modules:
        torch._dynamo.reset()  # graphs of one row would count among those of the next
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


def run_row(name: str, setting: Setting) -> dict[str, Any]:
    """A row by name: ``fixed/<preset>`` or ``step/<task>/<clips>``."""
    kind, what, *rest = name.split("/")
    if kind == "fixed":
        return fixed(what, setting)
    return step(what, int(rest[0]), setting)


def main(argv: list[str]) -> int:
    names, values = json.loads(argv[0])
    setting = Setting(**values)
    results, sys.stdout = sys.stdout, sys.stderr  # whatever a library has to say
    for name in names:
        _clean(setting.device == "cuda")
        try:
            found = run_row(name, setting)
        except Exception as error:  # the other rows are still wanted
            traceback.print_exc()
            found = {"error": f"{type(error).__name__}: {error}".splitlines()[0]}
        print(json.dumps({"row": name} | found), file=results, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
