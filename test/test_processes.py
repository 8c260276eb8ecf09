"""Work in several processes: in order, with the errors of each, and none of them left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from asrkit.files import DataError, append
from asrkit.processes import run_program, workers

ROOT = Path(__file__).resolve().parents[1]
PARENT = """
import os, time
from asrkit.processes import run_program, workers
from asrkit.temporary import Temporary

def work(number):
    os.write(1, b"%d\\n" % os.getpid())  # in one piece, whatever is buffered
    if number:
        run_program(["bash", "-c", "echo $$ > pid.tmp; mv pid.tmp pid; sleep 100; true"])
    time.sleep(100)

with workers(2, method="fork") as pool:
    list(pool.in_order(work, [0, 1]))
"""
LAUNCHER = """
import os, subprocess, sys, time
child = "import time, asrkit.processes as p; p.end_with_launcher(); print(); time.sleep(99)"
os.environ.update(TORCHELASTIC_RUN_ID="1", PYTHONUNBUFFERED="1")
process = subprocess.Popen([sys.executable, "-c", child], stdout=subprocess.PIPE)
process.stdout.readline()
print(process.pid, flush=True)
time.sleep(99)
"""
added = 0


def double(number: int) -> int:
    return 2 * number


def add_to(number: int) -> int:
    return number + added


def start(number: int) -> None:
    global added
    added = number
    if number < 0:
        raise ValueError(f"{number} is below zero")


def die(number: int) -> int:
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def test_results_come_in_order_and_items_are_not_taken_far_ahead() -> None:
    taken = []

    def items():
        for number in range(40):
            taken.append(number)
            yield number

    with workers(2, method="fork") as pool:
        found = []
        for result in pool.in_order(double, items(), ahead=3):
            found.append(result)
            assert len(taken) <= len(found) + 6
    assert found == list(range(0, 80, 2))


def test_each_process_is_started_with_its_arguments() -> None:
    with workers(2, start=(start, (5,)), method="fork") as pool:
        assert pool.ask(add_to, 1) == 6
        assert list(pool.in_order(add_to, [1, 2])) == [6, 7]


def test_what_fails_at_the_start_is_told_by_the_first_call() -> None:
    with (
        pytest.raises(ValueError, match="-1 is below zero"),
        workers(2, start=(start, (-1,)), method="fork") as pool,
    ):
        pool.ask(double, 1)


def test_a_killed_process_is_a_message() -> None:
    with pytest.raises(DataError, match=r"was killed, perhaps for memory; .*smaller --nj"):  # noqa: SIM117
        with workers(2, method="fork") as pool:
            list(pool.in_order(die, range(8)))


def alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such signal")
def test_killed_with_its_processes_and_their_programs(tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE, text=True, cwd=tmp_path,
    )  # fmt: skip
    assert parent.stdout is not None
    children = [int(parent.stdout.readline()) for _ in range(2)]
    deadline = time.monotonic() + 20
    while not (tmp_path / "pid").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    children.append(int((tmp_path / "pid").read_text()))
    assert all(alive(child) for child in children)
    parent.kill()
    parent.communicate()
    while any(alive(child) for child in children) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not [child for child in children if alive(child)]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such signal")
def test_what_torchrun_starts_ends_with_it() -> None:
    launcher = subprocess.Popen(
        [sys.executable, "-c", LAUNCHER], env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert launcher.stdout is not None
    rank = int(launcher.stdout.readline())
    assert alive(rank)
    launcher.kill()
    launcher.communicate()
    deadline = time.monotonic() + 20
    while alive(rank) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not alive(rank)


def test_a_program_says_how_it_ended() -> None:
    done = run_program(["bash", "-c", "cat; echo out; echo err >&2; exit 3"])
    assert (done.returncode, done.stdout, done.stderr) == (3, b"out\n", b"err\n")


def test_what_is_appended_is_there_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, real = tmp_path / "journal", os.write
    append(path, "уно\n")
    append(path, "")

    def full(number: int, data: bytes) -> int:
        if len(data) < 100:
            raise OSError(28, "No space left on device")
        return real(number, data[:50])

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(DataError, match=r"journal: cannot be written .No space left"):
        append(path, "x" * 120)
    assert path.read_text(encoding="utf-8") == "уно\n"
