"""Readers and several processes: whatever becomes of one of them, all end within seconds, with a
message, and what is run again ends as if nothing had been."""

from __future__ import annotations

import contextlib
import functools
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from forker import ROOT, Forker
from outcomes import left_over, resize, same, session, small_disk
from tones import corpus, ctc_args

from asrkit.processes import end_with
from asrkit.train.watch import is_alive

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
ENV = os.environ | {
    "PYTHONPATH": f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}",
    "OMP_NUM_THREADS": "1",
}


@pytest.fixture(scope="module")
def tones(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return corpus(tmp_path_factory.mktemp("tones"))


def argv(tones: Path, out: Path, updates: int = 12) -> list[str]:
    more = ["--save_interval", "3", "--valid_interval", "4", "--log_interval", "2"]
    more += ["--num_workers", "2", "--resume", "true", "--max_update", str(updates)]
    return ctc_args(tones, out, *more)


def until(done: Callable[[], object], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("where", ["rate", "save", "_validate", "_gradients"])
def test_an_uncaught_error_ends_in_seconds(tones: Path, tmp_path: Path, where: str) -> None:
    errors = tmp_path / "errors"
    broken = (
        "from asrkit.train.trainer import Trainer\n"
        f"def broken(*_): raise ZeroDivisionError('here')\nTrainer.{where} = broken"
    )
    with Forker("asr_train", broken) as forker:
        process = forker.start(errors, argv(tones, tmp_path / "x"))
        assert forker.wait(process, 30) == 1
        assert not session(process)
    said = errors.read_text()
    assert "Traceback" in said and "error: ZeroDivisionError: here" in said


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_reader_that_ends_or_hangs(tones: Path, tmp_path: Path, number: int) -> None:
    """A hanging one holds the run up until the run is ended, and not its end."""
    errors, out = tmp_path / "errors", tmp_path / "x"
    with Forker("asr_train") as forker:
        process = forker.start(errors, argv(tones, out, 100_000))
        until((out / "last.pt").exists)
        reader = next(child for child in session(process) if child != process)
        os.kill(reader, number)
        if number == signal.SIGSTOP:
            time.sleep(1)
            for _ in range(2):  # the second does not wait for the update
                os.kill(process, signal.SIGINT)
                time.sleep(0.2)
            assert forker.wait(process, 30) == 130
        else:
            assert forker.wait(process, 30) == 1
            assert "lower num_workers" in errors.read_text()
        assert not session(process)


def test_a_small_shared_memory(tones: Path, tmp_path: Path) -> None:
    """As Docker gives it: fewer read, and that is said. Where it fills up later, the run ends."""
    small = "mount -t tmpfs -o size=2m tmpfs /dev/shm"
    if subprocess.run(["unshare", "-m", "sh", "-c", small], capture_output=True).returncode:
        pytest.skip("only root can make a small /dev/shm")
    train = [sys.executable, "-m", "asrkit.bin.asr_train"]
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", f'{small} && exec "$@"', "sh", *train,
         *argv(tones, tmp_path / "x")], env=ENV, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "/dev/shm: 2 MiB free" in done.stderr and "the training process reads" in done.stderr
    later = (
        "import sys\nfrom asrkit.bin import asr_train\nfrom asrkit.train import run\n"
        "run.readers_that_fit = lambda asked, *_, **__: asked\n"
        "sys.exit(asr_train.main(sys.argv[1:]))"
    )
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", f'{small.replace("2m", "300k")} && exec "$@"', "sh",
         sys.executable, "-c", later, *argv(tones, tmp_path / "y", 1000)],
        env=ENV, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 1
    assert "/dev/shm is full" in done.stderr and "lower num_workers" in done.stderr


@contextlib.contextmanager
def torchrun(arguments: list[str], errors: Path) -> Iterator[subprocess.Popen[str]]:
    """A launcher of two ranks, which ends with the block and with this process."""
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
    with open(errors, "w") as stderr:
        run = subprocess.Popen(
            [sys.executable, *launcher, "-m", "asrkit.bin.asr_train", *arguments],
            env=ENV, stdout=subprocess.DEVNULL, stderr=stderr, text=True, start_new_session=True,
            preexec_fn=functools.partial(end_with, os.getpid()),
        )  # fmt: skip
    try:
        yield run
    finally:
        run.kill()
        run.wait()


def ends(arguments: list[str], errors: Path, seconds: float = 180) -> int:
    with torchrun(arguments, errors) as run:
        return run.wait(seconds)


def ranks(launcher: int) -> dict[int, int]:
    """rank -> process, of those that a launcher has started."""
    found = {}
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if int((path / "stat").read_text().rpartition(")")[2].split()[1]) == launcher:
                variables = (path / "environ").read_bytes().split(b"\0")
                found |= {int(v[5:]): int(path.name) for v in variables if v.startswith(b"RANK=")}
    return found


@pytest.mark.parametrize("rank", [0, 1])
def test_a_killed_rank_is_named_by_the_other(tones: Path, tmp_path: Path, rank: int) -> None:
    errors, out = tmp_path / "errors", tmp_path / "x"
    with torchrun(argv(tones, out, 100_000), errors) as run:
        until((out / "last.pt").exists, 180)
        processes = ranks(run.pid)
        os.kill(processes[rank], signal.SIGKILL)
        assert run.wait(30) == 1
        assert not any(map(is_alive, processes.values()))
    name = rf"error: process {rank} of this run \(on .*, number {processes[rank]}\) was killed"
    assert re.search(name, errors.read_text()), errors.read_text()
    assert "by peer" not in errors.read_text()  # gloo's words


@pytest.mark.parametrize("begun", [False, True])
def test_ranks_whose_launcher_is_killed_end(tones: Path, tmp_path: Path, begun: bool) -> None:
    """Also before they are ready to: then they find that they are alone as soon as they are."""
    errors, out = tmp_path / "errors", tmp_path / "x"
    with torchrun(argv(tones, out, 100_000), errors) as run:
        until(lambda: len(ranks(run.pid)) == 2)
        if begun:
            until((out / "last.pt").exists, 180)
        found = [process for rank in ranks(run.pid).values() for process in session(rank)]
        assert len(found) >= 2
    until(lambda: not any(map(is_alive, found)), 5 if begun else 90)
    if not begun:
        assert "error: the launcher of this run (torchrun on " in errors.read_text()
        assert not out.exists()


def test_a_full_disk_of_one_rank_ends_both(tones: Path, tmp_path: Path) -> None:
    errors = tmp_path / "errors"
    assert ends(argv(tones, tmp_path / "whole"), errors) == 0, errors.read_text()
    with small_disk(tmp_path / "disk") as disk:
        resize(disk, "140k")
        assert ends(argv(tones, disk / "x"), errors) == 1
        said = errors.read_text()
        assert f"error: {disk}/x/last.pt: cannot be written (No space left" in said
        assert not left_over(disk)
        resize(disk, "20m")
        assert ends(argv(tones, disk / "x"), errors) == 0, errors.read_text()
        assert same(disk / "x" / "last.pt", tmp_path / "whole" / "last.pt")
