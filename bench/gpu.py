"""What one GPU does with asrkit: one command, one table.

    make bench-gpu, or with the package installed:
    python bench/gpu.py [--out FILE.json] [--rows train fixed/pretrain_xlsr_base ...]
    python bench/gpu.py --device cpu --quick          # the same code, small, in a minute

check   the CUDA tests, and a run of three updates alone, with ddp and with fsdp (one rank each):
        they end well and begin with the same loss
train   asr_train, reading FLAC, with a preset as it is shipped (fine-tuning: past its frozen
        phase): audio_seconds_per_second of its log once an update has met no new shape (or when
        time runs out), and how many shapes its micro-batches had
fixed   the same process on the commonest of these, again and again: what the row above falls short
        of this is the cost of reading and of shapes
step    one step of asrkit and of transformers on noise (bench/train_step.py), on the same card
infer   bench/infer.py: from FLAC files to text, beside the pipeline of transformers

Every row has a time limit; one that fails or hangs costs no other. A line is printed once it is
known, the whole table at the end, after an interruption too.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import json
import queue
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import gpu_corpus
import gpu_rows
import torch
from gpu_processes import Processes, answers_of
from gpu_table import Row, heading, line, table

from asrkit.files import write_json
from asrkit.train.metrics import read_metrics

ROOT = Path(__file__).resolve().parents[1]
RANKS = {"alone": [], "ddp": ["--parallel", "ddp"], "fsdp": ["--parallel", "fsdp"]}
CHECKS = ["check/tests", *(f"check/{name}" for name in RANKS)]
CLIPS = (24, 48)
ROWS = [
    *CHECKS,
    *(f"{kind}/{preset}" for preset in gpu_rows.PRESETS for kind in ("train", "fixed")),
    *(f"step/{task}/{clips}" for task in gpu_rows.STEPS for clips in CLIPS),
    "infer",
]
LARGE = {row for row in ROWS if row.startswith("step/") and not row.endswith(f"/{CLIPS[0]}")}
TAIL = 12  # lines shown of a process that failed
TOO_LONG = "ended: it took longer than a row may"


def parse(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda", choices=["cpu", "cuda"])
    parser.add_argument("--quick", action="store_true", help="tiny networks, few files")
    parser.add_argument("--rows", nargs="+", default=None, help="names, or their beginnings")
    parser.add_argument("--seconds", type=float, default=6, help="that a run is watched")
    parser.add_argument("--limit", type=float, default=345, help="seconds; then no row begins")
    parser.add_argument("--row_limit", type=float, default=90, help="seconds of a row at most")
    parser.add_argument("--lengths", default="mls", choices=gpu_corpus.LENGTHS)
    parser.add_argument("--out", type=Path, help="JSON of all rows")
    parser.add_argument("--logs", type=Path, help="folder to keep the output of the rows in")
    args = parser.parse_args(argv)
    if args.quick:
        args.lengths, args.seconds = "short", min(args.seconds, 2)
    known = [row for row in ROWS if row not in LARGE] if args.quick else ROWS
    for name in args.rows or ():
        if not any(f"{row}/".startswith(f"{name}/") for row in known):
            parser.error(f"--rows {name}: no such row; there are {', '.join(known)}")
    wanted = args.rows or known
    args.rows = [row for row in known if any(f"{row}/".startswith(f"{name}/") for name in wanted)]
    if args.device == "cuda" and not torch.cuda.is_available():
        parser.error("--device cuda: no CUDA device is visible; --device cpu --quick needs none")
    return args


class Bench:
    """Runs rows and gathers what they give. say: prints a line."""

    def __init__(self, args: argparse.Namespace, work: Path, say: Callable[[str], None]) -> None:
        self.args, self.work, self.say = args, work, say
        self.processes = Processes(args.logs or work / "logs", ROOT)
        self.found: list[Row] = []
        self.begin = time.monotonic()
        self.setting = gpu_rows.Setting(
            str(work / "corpus"), str(work / "runs"), args.device, args.quick, args.seconds
        )

    def run(self) -> None:
        sizes = {"files": 30, "utterances": 60, "most": 3} if self.args.quick else {}
        gpu_corpus.make(Path(self.setting.corpus), gpu_corpus.LENGTHS[self.args.lengths], **sizes)
        self.say(f"corpus: {self.seconds():.1f} s")
        rows = list(self.args.rows)
        groups = [[row for row in rows if row.endswith(f"/{p}")] for p in gpu_rows.PRESETS]
        groups.append([row for row in rows if row.startswith("step/")])
        # to import takes longer than to measure: all do it while the checks run
        ready = [(group, self.worker(group)) for group in groups if group]
        self.checks([row for row in rows if row.startswith("check/")])
        for group, worker in ready:
            self.take(group, worker)
        if "infer" in rows and self.in_time("infer"):
            self.add("infer", self.infer())

    def seconds(self) -> float:
        return time.monotonic() - self.begin

    def in_time(self, row: str) -> bool:
        if self.seconds() < self.args.limit:
            return True
        self.add(row, {"error": f"not begun: {self.args.limit:g} s are over"})
        return False

    def allowed(self) -> float:
        """Seconds that a row may take from now on."""
        return max(1.0, min(self.args.row_limit, self.args.limit + 10 - self.seconds()))

    def add(self, name: str, values: Row, process: str | None = None) -> None:
        """process: whose log explains an error, if not the row's own."""
        self.found.append({"row": name} | values)
        self.say(f"{line(self.found[-1])} <!-- {self.seconds():.0f} s -->")
        if "error" in values and (log := self.processes.log(process or name)).exists():
            told = log.read_text(encoding="utf-8", errors="replace").splitlines()[-TAIL:]
            for text in told:
                self.say(f"    {text[:300]}")

    def checks(self, rows: list[str]) -> None:
        """All at once: nothing is timed here."""
        commands = {row: command for row in rows if (command := self.check_command(row))}
        running = {row: self.processes.start(row, command) for row, command in commands.items()}
        end = time.monotonic() + self.allowed()
        for row in rows:
            if row not in running:
                self.add(row, {"note": "skipped: pytest is not installed"})
                continue
            try:
                status = running[row].wait(max(0.1, end - time.monotonic()))
                self.add(row, self.checked(row, status))
            except subprocess.TimeoutExpired:
                self.add(row, {"error": TOO_LONG})
            self.processes.end(running[row])

    def check_command(self, row: str) -> list[str] | None:
        what = row.removeprefix("check/")
        if what == "tests":
            if importlib.util.find_spec("pytest") is None:
                return None
            return [
                sys.executable,
                "-m",
                "pytest",
                "-q",
                "-o",
                "timeout=0",
                "-m",
                "cuda",
                *cuda_tests(),
            ]
        launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node=1"]
        argv = gpu_rows.arguments("pretrain_xlsr_base", self.work / "runs" / what, self.setting)
        argv += ["--batch_bins", "1400000", "--accum_grad", "1", "--max_update", "3", *RANKS[what]]
        program = ["-m", "asrkit.bin.asr_train", *argv]
        return [sys.executable, *(launcher if RANKS[what] else []), *program]

    def checked(self, row: str, status: int) -> Row:
        what = row.removeprefix("check/")
        if status:
            return {"error": f"exit status {status}"}
        if what == "tests":
            return {
                "note": self.processes.log(row)
                .read_text(encoding="utf-8")
                .splitlines()[-1]
                .strip("= ")
            }
        journals = [self.work / "runs" / name / "train.jsonl" for name in ("alone", what)]
        losses = [rows[0]["loss"] for path in journals if (rows := read_metrics(path))]
        if abs(losses[0] - losses[-1]) > 1e-3 * abs(losses[0]):
            return {"error": f"first loss {losses[-1]}, alone {losses[0]}"}
        return {"note": f"first loss {losses[-1]}"}

    def worker(self, rows: list[str]) -> subprocess.Popen[str]:
        """A process for ``rows``, which imports what it needs and waits for a line."""
        command = [sys.executable, str(ROOT / "bench/gpu_rows.py")]
        command.append(json.dumps([rows, self.setting._asdict()]))
        return self.processes.start(f"worker_{rows[0]}", command, piped=True)

    def take(self, rows: list[str], worker: subprocess.Popen[str] | None = None) -> None:
        """One process for all rows; after one that hangs or dies, another for the rest."""
        while rows:
            if not self.in_time(rows[0]):
                rows = rows[1:]
                continue
            log = f"worker_{rows[0]}"
            worker = worker or self.worker(rows)
            assert worker.stdin is not None
            with contextlib.suppress(BrokenPipeError):  # it has died: the next answer says so
                worker.stdin.write("begin\n")
                worker.stdin.flush()
            answers = answers_of(worker)
            while rows and self.seconds() < self.args.limit:
                row, *rows = rows
                try:
                    text = answers.get(timeout=self.allowed())
                except queue.Empty:
                    self.add(row, {"error": TOO_LONG}, log)
                    break
                if text is None:
                    self.add(row, {"error": "its process ended"}, log)
                    break
                self.add(row, json.loads(text), log)
            self.processes.end(worker)
            worker = None

    def infer(self) -> Row:
        """What bench/infer.py prints."""
        program = ROOT / "bench/infer.py"
        command = [sys.executable, str(program), "--device", self.args.device]
        command += ["--repeats", "1", *["--quick"] * self.args.quick]
        run = self.processes.start("infer", command)
        try:
            status: int | None = run.wait(self.allowed())
        except subprocess.TimeoutExpired:
            status = None
        self.processes.end(run)
        told = self.processes.log("infer").read_text(encoding="utf-8").splitlines()
        found: Row = {"table": [text for text in told if text.startswith("|")]}
        if status == 0:
            return found | {"note": "a table of its own, below"}
        return found | {"error": TOO_LONG if status is None else f"exit status {status}"}

    def report(self) -> None:
        """The table of what there is, and the JSON."""
        told = heading(self.args)
        self.say(f"\n{told}\n\n{table(self.found)}\n\n{self.seconds():.0f} s")
        if self.args.out:
            content = {"device": told, "seconds": round(self.seconds()), "rows": self.found}
            write_json(self.args.out, content, readable=True)


def cuda_tests() -> list[str]:
    """Files of tests that need a CUDA device; to collect all takes longer than to run them."""
    files = sorted((ROOT / "test").rglob("test_*.py"))
    return [str(path) for path in files if "pytest.mark.cuda" in path.read_text(encoding="utf-8")]


def _stop(number: int, _: object) -> None:
    raise KeyboardInterrupt


def main(argv: list[str] | None = None) -> int:
    args = parse(argv)
    signal.signal(signal.SIGTERM, _stop)
    with tempfile.TemporaryDirectory(prefix="bench_gpu_", ignore_cleanup_errors=True) as work:
        bench = Bench(args, Path(work), lambda text: print(text, flush=True))
        try:
            bench.run()
        except KeyboardInterrupt:
            bench.say("interrupted; what there is:")
        finally:
            bench.processes.close()
        bench.report()
    return int(any("error" in row for row in bench.found))


if __name__ == "__main__":
    sys.exit(main())
