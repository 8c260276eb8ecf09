"""Times the data side: index, epoch plan and memory for millions of utterances, and reading FLAC.

    make bench, or with the package installed:
    python bench/data.py                                # a million utterances, and reading
    python bench/data.py --millions 1 10 30 --work_dir /big/disk

Prints markdown. Each size runs in a process of its own, so that its memory is its own. The
synthetic folders hold tables only; reading uses FLAC files of noise, as long as read speech.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

import numpy as np
import soundfile

from asrkit.data.dataset import SpeechDataset
from asrkit.data.index import DataIndex
from asrkit.data.loader import make_loader
from asrkit.data.sampler import BatchStream, EpochPlan
from asrkit.rate import RATE
from asrkit.tokens import TokenList

LANGS = ["de", "en", "es", "fr", "it", "ky", "nl", "ru", "sv", "tr"]
SHARES = np.array([0.1, 0.4, 0.12, 0.2, 0.07, 0.012, 0.02, 0.04, 0.003, 0.035])
PHONES = "a b d e f i k l m n o p r s t u v z ʃ ɲ".split()
BLOCK = 100_000


def lengths(count: int, seed: int) -> np.ndarray:
    """Samples of ``count`` utterances: 1 to 30 s, half under 5 s, like read speech."""
    rng = np.random.default_rng(seed)
    return (RATE * rng.lognormal(1.6, 0.5, count).clip(1, 30)).astype(np.int32)


def write_tables(folder: Path, count: int) -> None:
    """A dump folder of ``count`` utterances without audio."""
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(PHONES, 30)) for _ in range(100)]
    names = ("wav.scp", "utt2num_samples", "utt2lang", "text.phn")
    streams = [open(folder / name, "w", encoding="utf-8") for name in names]  # noqa: SIM115
    for first in range(0, count, BLOCK):
        size = min(BLOCK, count - first)
        langs = rng.choice(LANGS, size, p=SHARES / SHARES.sum())
        samples = lengths(size, first)
        keys = [f"utterance_{first + n:09d}" for n in range(size)]
        columns: tuple[Iterable[object], ...] = (
            (f"dump/raw/org/train/audio/{n % 256:02x}/{key}.flac" for n, key in enumerate(keys)),
            samples,
            langs,
            (texts[n % 100] for n in range(size)),
        )
        for stream, values in zip(streams, columns, strict=True):
            pairs = zip(keys, values, strict=True)
            stream.write("".join(f"{key} {value}\n" for key, value in pairs))
    for stream in streams:
        stream.close()


def anonymous() -> float:
    """Resident memory that is not mapped files, in MB: what the system cannot give back."""
    fields = Path("/proc/self/statm").read_text().split()
    return (int(fields[1]) - int(fields[2])) * resource.getpagesize() / 1e6


def measure(folder: Path) -> dict[str, float]:
    """Opens the index and plans two epochs; the numbers of one table row."""
    base = anonymous()
    begin, cpu = time.perf_counter(), time.process_time()
    index = DataIndex.open(folder, "text.phn")
    result = {"open": time.perf_counter() - begin, "open cpu": time.process_time() - cpu}
    result["open memory"] = anonymous() - base
    begin = time.perf_counter()
    plan = EpochPlan(
        index.num_samples, index.langs, batch_bins=1_400_000, crop=True,
        max_sample_size=250_000, min_sample_size=32_000, alpha=0.5,
    )  # fmt: skip
    stream = iter(BatchStream(plan))
    next(stream)
    result["first batch"] = time.perf_counter() - begin
    begin, cpu = time.perf_counter(), time.process_time()
    epoch = plan.epoch(1)
    result["plan"], result["plan cpu"] = time.perf_counter() - begin, time.process_time() - cpu
    result["batches"] = len(epoch)
    result["memory with plan"] = anonymous() - base
    result["cropped away"] = plan.padding(epoch)
    begin = time.perf_counter()
    rng = np.random.default_rng(0)
    for row in rng.integers(0, len(index), 10_000).tolist():
        index.id(row), index.path(row), index.labels(row)
    result["look-up"] = (time.perf_counter() - begin) / 10_000
    del epoch, stream
    padded = EpochPlan(index.num_samples, index.langs, batch_bins=1_400_000, alpha=0.5)
    result["padding"] = padded.padding(padded.epoch(0))
    result["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    return result


def in_own_process(folder: Path) -> dict[str, float]:
    command = [sys.executable, __file__, "--measure", str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout))


def bench_index(millions: list[float], work_dir: Path) -> None:
    print("| utterances | index, built (CPU) | index, opened again | own memory | look-up "
          "| epoch plan (CPU) | micro-batches | own memory with plan | peak with mapped files "
          "| padding | cropped away |")  # fmt: skip
    print("|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|")
    for million in millions:
        folder = Path(tempfile.mkdtemp(prefix="bench_data_", dir=work_dir))
        try:
            write_tables(folder, int(million * 1e6))
            cold, warm = in_own_process(folder), in_own_process(folder)
        finally:
            shutil.rmtree(folder)
        print(
            f"| {million:g} M | {cold['open']:.1f} s ({cold['open cpu']:.1f}) "
            f"| {warm['open']:.2f} s "
            f"| {warm['open memory']:.0f} MB | {warm['look-up'] * 1e6:.0f} us "
            f"| {warm['plan']:.2f} s ({warm['plan cpu']:.2f}) | {warm['batches']:.0f} "
            f"| {warm['memory with plan']:.0f} MB | {cold['peak']:.0f} MB "
            f"| {warm['padding']:.2%} | {warm['cropped away']:.2%} |",
            flush=True,
        )


def write_audio(folder: Path, count: int) -> None:
    """A dump folder with FLAC files."""
    rng = np.random.default_rng(0)
    noise = np.convolve(rng.normal(0, 0.1, 600_000), np.ones(8) / 8)
    tables: dict[str, list[str]] = {"wav.scp": [], "utt2num_samples": [], "utt2lang": []}
    tables["text.phn"] = []
    for number, length in enumerate(lengths(count, 0)):
        begin = int(rng.integers(0, 600_000 - length))
        path = folder / f"u{number:06d}.flac"
        soundfile.write(path, noise[begin : begin + length], RATE)
        row = (path, length, LANGS[number % 10], " ".join(rng.choice(PHONES, length // 1600)))
        for table, value in zip(tables.values(), row, strict=True):
            table.append(f"u{number:06d} {value}\n")
    for name, lines in tables.items():
        (folder / name).write_text("".join(lines), encoding="utf-8")


def bench_reading(work_dir: Path, files: int, seconds: float) -> None:
    print("\n| batches from FLAC | workers | batches a second | audio seconds a second |")
    print("|---|--:|--:|--:|")
    folder = Path(tempfile.mkdtemp(prefix="bench_data_", dir=work_dir))
    try:
        write_audio(folder, files)
        index = DataIndex.open(folder, "text.phn")
        for crop in (True, False):
            tokens = None if crop else TokenList.build(PHONES)
            dataset = SpeechDataset(index, tokens, crop=crop, max_sample_size=250_000)
            plan = EpochPlan(
                index.num_samples, batch_bins=1_400_000, crop=crop,
                max_sample_size=250_000 if crop else None,
            )  # fmt: skip
            name = "cropped, 87.5 s" if crop else "padded with labels, 87.5 s"
            for workers in (0, 1, 2):
                loader = iter(make_loader(dataset, BatchStream(plan), num_workers=workers))
                for _ in islice(loader, 2 + 5 * workers):  # past what was read ahead
                    pass
                begin, batches, audio = time.perf_counter(), 0, 0.0
                while time.perf_counter() - begin < seconds:
                    speech = next(loader).speech
                    assert speech is not None
                    batches += 1
                    audio += float(speech.lengths.sum()) / RATE
                spent = time.perf_counter() - begin
                print(f"| {name} | {workers} | {batches / spent:.1f} | {audio / spent:.0f} |")
                del loader
    finally:
        shutil.rmtree(folder)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--millions", type=float, nargs="*", default=[1.0])
    parser.add_argument("--work_dir", type=Path, default=Path(tempfile.gettempdir()))
    parser.add_argument("--files", type=int, default=1000, help="FLAC files to read")
    parser.add_argument("--seconds", type=float, default=5, help="of reading, each row")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        print(json.dumps(measure(args.measure)))
        return 0
    print(f"{os.cpu_count()} CPU cores, Python {sys.version.split()[0]}, numpy {np.__version__}\n")
    if args.millions:
        bench_index(args.millions, args.work_dir)
    if args.files:
        bench_reading(args.work_dir, args.files, args.seconds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
