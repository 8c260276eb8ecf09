"""From audio files to text, as fast as it goes: asrkit and the pipeline of transformers.

    python bench/infer.py [--quick] [--device cuda] [--repeats 3] [--engines NAME ...]

Both have the same weights, random ones of wav2vec 2.0 Base (of a small network with --quick), and
the same FLAC files, cut out of the clips in test/corpora; both read them, run the network and write
down the best path. Each engine lives in a process of its own; they take turns, so that a busy
machine slows all. CPU: files of 3 s and of 15 s, the pipeline as it is by default, one at a time.
CUDA: files of 4 to 18 s, thousands of seconds of them; the pipeline in bfloat16, in batches of
several sizes, its files read by the one worker process that it allows for speech.

Ratio: rate of a row over that of the first row of transformers, in the same turn. Other text:
characters that differ from that row's, in %; a random network decides by little, and shows rounding
more than a trained one does. With batches the pipeline's text is another, too: it pads without a
mask where the network has group norm. "Reading" is asrkit's share of the host alone.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import soundfile
import torch

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from infer_inputs import corpora, save_models, speech  # noqa: E402
from train_step import device_name  # noqa: E402


@dataclass(frozen=True)
class Engine:
    """kind: asrkit, transformers, reading. precision, batch_seconds: of asrkit. batch: files that
    the pipeline is given at once."""

    kind: str
    precision: str = "auto"
    batch_seconds: float | None = None
    batch: int = 1


CPU = {
    "transformers": Engine("transformers"),
    "asrkit": Engine("asrkit"),
    "asrkit, bf16": Engine("asrkit", "bf16"),
    "asrkit, int8": Engine("asrkit", "int8"),
}
CUDA = {
    "transformers, 16 files": Engine("transformers", batch=16),
    "transformers, 64 files": Engine("transformers", batch=64),
    "reading": Engine("reading"),
    "asrkit": Engine("asrkit"),
    "asrkit, 640 s": Engine("asrkit", batch_seconds=640.0),
}
ALSO = {  # with --engines
    "transformers, 32 files": Engine("transformers", batch=32),
    "asrkit, 160 s": Engine("asrkit", batch_seconds=160.0),
    "asrkit, fp32": Engine("asrkit", "fp32"),
}
MORE = 4  # times that asrkit gets the files of the CUDA corpus, which it is done with in a second


def parse(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--quick", action="store_true", help="a small network, few files")
    parser.add_argument("--engines", nargs="+", metavar="NAME", help="default: all of the device")
    parser.add_argument(
        "--repeats", type=int, help="timed turns of each engine; default: 3, on CUDA 2"
    )
    parser.add_argument("--threads", type=int, default=2, help="of the network on a CPU")
    parser.add_argument(
        "--clock",
        default="wall",
        choices=["wall", "cpu"],
        help="cpu: processor time of all threads, for a machine busy with other work",
    )
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    return parser.parse_args(argv)


Run = Callable[[list[str]], Iterator[str]]


def asrkit_run(home: Path, engine: Engine, device: str) -> Run:
    from asrkit.audio.given import read_dumped
    from asrkit.decode.run import recognize, score
    from asrkit.infer import Speech2Text
    from asrkit.train.memory import keep_freed_memory

    if device == "cpu":
        keep_freed_memory()
    model = Speech2Text(
        home / "ours",
        device=device,
        precision=engine.precision,
        batch_seconds=engine.batch_seconds,
    )

    def run(files: list[str]) -> Iterator[str]:
        failed: dict[str, str] = {}
        rows = ((path, path) for path in files)
        found = score(model, rows, read_dumped, failed, max_seconds=60.0, best=True)
        for result in recognize(model, found, None, 1):
            yield " ".join(result.words or [])
        if failed:
            raise SystemExit(f"error: {next(iter(failed.values()))}")

    return run


def reading_run() -> Run:
    from asrkit.audio.ahead import read_ahead
    from asrkit.audio.given import read_dumped
    from asrkit.decode.run import READERS

    def run(files: list[str]) -> Iterator[str]:
        threads = READERS["cuda"]
        for _ in read_ahead(files, read_dumped, threads=threads, seconds=1000.0):
            yield ""

    return run


class Sounds(torch.utils.data.Dataset[dict[str, Any]]):
    """Files as the pipeline takes samples, read by the workers of its loader."""

    def __init__(self, files: list[str]) -> None:
        self.files = files

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, at: int) -> dict[str, Any]:
        samples, rate = soundfile.read(self.files[at], dtype="float32")
        return {"raw": samples, "sampling_rate": rate}


def hf_run(home: Path, engine: Engine, device: str) -> Run:
    import transformers

    cuda = device == "cuda"
    recognize: Any = transformers.pipeline(
        "automatic-speech-recognition",
        model=str(home / "theirs"),
        device=0 if cuda else -1,
        dtype=torch.bfloat16 if cuda else torch.float32,
    )

    def run(files: list[str]) -> Iterator[str]:
        for found in recognize(Sounds(files), batch_size=engine.batch, num_workers=int(cuda)):
            yield found["text"]

    return run


def work(args: argparse.Namespace) -> None:
    """A worker: the files named on a line of stdin, then seconds, memory and text on stdout."""
    home, values = json.loads(args.worker)
    engine, cuda = Engine(**values), args.device == "cuda"
    out = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # libraries that print do not disturb
    torch.set_num_threads(args.threads)
    if engine.kind == "reading":
        run = reading_run()
    else:
        make = asrkit_run if engine.kind == "asrkit" else hf_run
        run = make(Path(home), engine, args.device)
    clock = time.process_time if args.clock == "cpu" else time.perf_counter
    print("ready", file=out, flush=True)
    for line in sys.stdin:
        files = json.loads(line)
        start = clock()
        texts = list(run(files))
        seconds = clock() - start
        peak = torch.cuda.max_memory_reserved() if cuda else _resident()
        print(json.dumps([seconds, peak / 2**30, texts]), file=out, flush=True)


def _resident() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


class Worker:
    def __init__(self, name: str, engine: Engine, home: Path, args: argparse.Namespace) -> None:
        self.name, self.engine = name, engine
        command = [sys.executable, __file__, "--worker", json.dumps([str(home), asdict(engine)])]
        command += ["--device", args.device, "--clock", args.clock]
        command += ["--threads", str(args.threads)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def answer(self) -> str:
        assert self._process.stdout is not None
        if not (line := self._process.stdout.readline()):
            raise SystemExit(f"error: the worker of {self.name} died; its message is above")
        return line

    def ask(self, files: list[str]) -> tuple[float, float, list[str]]:
        """Seconds, peak GiB, and what was understood."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(files) + "\n")
        self._process.stdin.flush()
        seconds, peak, texts = json.loads(self.answer())
        return seconds, peak, texts

    def end(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.communicate()


def compare(title: str, workers: list[Worker], files: list[str], args: argparse.Namespace) -> None:
    """Times all engines in turn and prints a table."""
    from asrkit.align import edit_distance

    seconds = sum(soundfile.info(path).duration for path in files)
    rates: dict[str, list[float]] = {worker.name: [] for worker in workers}
    peaks: dict[str, float] = {}
    texts: dict[str, list[str]] = {}
    for worker in workers:
        worker.ask(files[:: max(1, len(files) // 30)][:30])  # to warm up
    for _ in range(args.repeats):
        for worker in workers:
            more = MORE if args.device == "cuda" and worker.engine.kind == "asrkit" else 1
            took, peaks[worker.name], text = worker.ask(files * more)
            rates[worker.name].append(more * seconds / took)
            texts[worker.name] = text[: len(files)]
    first = next((w.name for w in workers if w.engine.kind == "transformers"), workers[0].name)
    characters = sum(map(len, texts[first]))
    if not characters:
        raise SystemExit(f"error: {first} wrote down nothing; its times are of no use")
    print(f"\n| {title} | audio s / s | ratio: median (range) | other text, % | peak GiB |")
    print("|---|--:|---|--:|--:|")
    for worker in workers:
        name = worker.name
        pairs = zip(rates[name], rates[first], strict=True)
        ratios = sorted(one / other for one, other in pairs)
        errors = sum(
            edit_distance(list(map(ord, one)), list(map(ord, other)))
            for one, other in zip(texts[first], texts[name], strict=True)
        )
        other_text = "-" if worker.engine.kind == "reading" else f"{100 * errors / characters:.2f}"
        print(
            f"| {name} | {statistics.median(rates[name]):.4g} "
            f"| {statistics.median(ratios):.2f} ({ratios[0]:.2f}-{ratios[-1]:.2f}) "
            f"| {other_text} | {peaks[name]:.2f} |",
            flush=True,
        )


def main(argv: list[str] | None = None) -> int:
    args = parse(argv)
    args.repeats = args.repeats or (2 if args.device == "cuda" else 3)
    if args.worker:
        work(args)
        return 0
    import transformers

    usual = CUDA if args.device == "cuda" else CPU
    engines = usual | ALSO
    if unknown := [name for name in args.engines or [] if name not in engines]:
        raise SystemExit(f"error: --engines: no {unknown[0]!r} among {', '.join(engines)}")
    with tempfile.TemporaryDirectory() as folder:
        home, sound = Path(folder), speech()
        save_models(home, sound, args.quick)
        sets = corpora(home, sound, cuda=args.device == "cuda", quick=args.quick)
        print(
            f"wav2vec 2.0 {'small' if args.quick else 'Base'}, greedy, from FLAC; "
            f"{device_name(args.device)}, {args.threads} threads; torch {torch.__version__}, "
            f"transformers {transformers.__version__}; {args.repeats} turns of each engine"
            + ("; processor time" if args.clock == "cpu" else ""),
            flush=True,
        )
        workers = [Worker(name, engines[name], home, args) for name in args.engines or usual]
        try:
            for worker in workers:
                worker.answer()
            for title, files in sets.items():
                compare(title, workers, files, args)
        finally:
            for worker in workers:
                worker.end()
    return 0


if __name__ == "__main__":
    sys.exit(main())
