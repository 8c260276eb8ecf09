"""A process of a run that fails or is killed is named by the others, which end with it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest
from ports import free_port

from asrkit.train import watch
from asrkit.train.distributed import World
from asrkit.train.watch import LostProcess, Watch, is_alive, myself


class Store(dict):
    """What torch's store does, within this process."""

    gone = False

    def _reach(self) -> None:
        if self.gone:
            raise RuntimeError("Broken pipe")

    def set(self, key: str, value: str) -> None:
        self._reach()
        self[key] = value.encode()

    def get(self, key: str) -> bytes:
        self._reach()
        return self[key]

    def check(self, keys: list[str]) -> bool:
        self._reach()
        return all(key in self for key in keys)


@pytest.fixture
def other():
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield process
    process.kill()
    process.communicate()


@pytest.fixture
def store() -> Store:
    return Store()


def pair(store: Store, other: subprocess.Popen) -> Watch:
    """This process as rank 0, ``other`` as rank 1 of the same machine."""
    return Watch(store, 0, [myself(), (*myself()[:2], other.pid)])


def test_all_is_well_while_the_other_lives(store, other):
    mine = pair(store, other)
    assert mine.why(0.2) is None
    mine.end()
    assert set(store) == {"ended/0"}


def test_a_killed_one_is_named_and_the_other_machines_told(store, other):
    mine = pair(store, other)
    other.kill()
    reason = mine.why(5)
    assert reason is not None and reason.startswith("process 1 of this run (on ")
    assert f"number {other.pid}) was killed" in reason and reason.endswith("goes on from last.pt")
    far = Watch(store, 2, [*[myself()] * 2, ("elsewhere", "", 1)])
    assert far.why(0) == reason
    mine.end()
    far.end()


def test_the_others_wait_for_the_first(store, other):
    first, second = pair(store, other), Watch(store, 1, [myself(), myself()])
    begin = time.monotonic()
    late = threading.Timer(0.3, first.wait_for_first)
    late.start()
    second.wait_for_first()
    assert time.monotonic() - begin >= 0.3
    late.join()
    first.end()
    second.end()


def test_one_that_had_done_its_part_may_go(store, other):
    mine = pair(store, other)
    store.set("ended/1", "")
    other.kill()
    other.wait()
    assert mine.why(0.2) is None
    mine.end()


def test_the_first_reason_is_the_one_that_counts(store, other):
    mine = pair(store, other)
    theirs = Watch(store, 1, [("elsewhere", "", 1), myself()])
    theirs.fail("no space on x")
    other.kill()
    other.wait()
    assert "ended: no space on x. --resume" in str(mine.why(0))
    mine.fail("connection closed by peer")
    assert b"no space on x" in store["failed"]


def test_a_signal_of_one_is_known_to_the_others(store, other, monkeypatch):
    monkeypatch.setattr(watch, "EVERY", 0.02)
    one, two = World(ngpu=0), World(ngpu=0)
    one._watch = pair(store, other)
    two._watch = Watch(store, 1, [("elsewhere", "", 1), myself()])
    assert one.signal(0) == two.signal(0) == 0
    assert two.signal(signal.SIGUSR1) == signal.SIGUSR1
    deadline = time.monotonic() + 10
    while not one.signal(0) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert one.signal(0) == signal.SIGUSR1
    assert one.signal(signal.SIGTERM) == signal.SIGTERM  # its own comes first
    store.gone = True
    assert two.signal(signal.SIGTERM) == signal.SIGTERM
    one._watch.end()
    two._watch.end()


def test_without_the_store_the_first_machine_has_gone(store, other):
    mine = pair(store, other)
    store.gone = True
    assert "the machine of process 0 of this run" in str(mine.why(0))
    mine.end()
    mine.fail("x")


def test_a_loop_that_waits_for_ever_is_ended(store, other, monkeypatch, capfd):
    monkeypatch.setattr(watch, "EVERY", 0.05)
    monkeypatch.setattr(watch, "PATIENCE", 0.1)
    left = []
    monkeypatch.setattr(os, "_exit", left.append)
    mine = pair(store, other)
    store.set("failed", "process 1 was killed")
    deadline = time.monotonic() + 10
    while not left and time.monotonic() < deadline:
        time.sleep(0.02)
    mine.end()
    assert left[0] == 1 and "error: process 1 was killed" in capfd.readouterr().err


def test_a_zombie_does_not_live(other):
    assert is_alive(other.pid) and is_alive(os.getpid())
    other.kill()
    deadline = time.monotonic() + 10
    while is_alive(other.pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not is_alive(other.pid)  # nobody has waited for it
    other.wait()
    assert not is_alive(other.pid)


@pytest.mark.parametrize(
    ("raised", "seen", "told"),
    [
        (RuntimeError("Connection closed by peer"), LostProcess, "process 1 had no space"),
        (OSError("no disk"), OSError, "ended: no disk"),
        (KeyError("orderly"), KeyError, None),
        (SystemExit(3), SystemExit, "ended: 3"),
    ],
)
def test_what_ends_one_process_is_told_to_all(store, other, raised, seen, told):
    world = World(ngpu=0)
    world._watch = pair(store, other)
    if seen is LostProcess:
        store.set("failed", told)
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(seen) as caught, world.together(orderly=KeyError):
        raise raised
    assert told is None or told in str(caught.value) or told in store["failed"].decode()
    assert ("ended/0" in store) == (seen in (LostProcess, KeyError))
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_process_that_is_asked_to_end_says_who_went(store, other, monkeypatch, capfd):
    left = []
    monkeypatch.setattr(os, "_exit", left.append)
    world = World(ngpu=0)
    world._watch = pair(store, other)
    before = signal.getsignal(signal.SIGTERM)
    other.kill()
    with world.together(orderly=KeyError):
        os.kill(os.getpid(), signal.SIGTERM)
    assert left == [128 + signal.SIGTERM]
    assert f"number {other.pid}) was killed" in capfd.readouterr().err
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_process_that_was_asked_alone_tells_the_others(store, other, monkeypatch, capfd):
    left = []
    monkeypatch.setattr(os, "_exit", left.append)
    monkeypatch.setattr(watch, "GRACE", 0.1)
    mine = pair(store, other)
    with mine.terminable():
        os.kill(os.getpid(), signal.SIGTERM)
    assert left == [143] and capfd.readouterr().err == ""
    assert b"ended: a signal asked it to end" in store["failed"]


def test_a_process_without_its_launcher_does_not_wait_for_it(monkeypatch):
    monkeypatch.setattr(watch, "EVERY", 0.02)
    port = free_port()
    variables = {"TORCHELASTIC_USE_AGENT_STORE": "True", "WORLD_SIZE": "2", "RANK": "1"}
    variables |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(LostProcess, match=f"port {port}\\) has gone; start it again"):
        World(ngpu=0)
    with socket.create_server(("127.0.0.1", port)):
        watch.refuse_orphans()  # somebody listens
