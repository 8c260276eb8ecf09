"""Curves on a full disk: one message with the path, whenever the thread that writes them fails."""

from __future__ import annotations

import errno
import threading
import time
from pathlib import Path

import pytest
from tensorboard.summary.writer.record_writer import RecordWriter

from asrkit.files import DataError
from asrkit.train.tensorboard import TensorBoard


@pytest.fixture
def fill(monkeypatch: pytest.MonkeyPatch):
    """A function that fills the disk."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    return lambda: monkeypatch.setattr(RecordWriter, "write", full)


def ended() -> None:
    """Waits for the thread that writes, which its own error ends."""
    for thread in threading.enumerate():
        if type(thread).__module__.startswith("tensorboard."):
            thread.join(10)
            assert not thread.is_alive()


@pytest.mark.parametrize("when", ["open", "add", "close"])
def test_a_full_disk_is_told_once(tmp_path: Path, fill, capfd, when: str) -> None:
    before = threading.excepthook
    with pytest.raises(DataError, match=rf"^{tmp_path}/x: cannot be written \(No space left"):
        if when == "open":
            fill()
        board = TensorBoard(tmp_path / "x", first=1)
        try:
            fill()
            board.add(1, "train", {"loss": 1.0})
            ended()
            if when == "add":
                board.add(2, "train", {"loss": 1.0})
        finally:
            board.close(failed=when == "add")
    assert threading.excepthook is before
    assert capfd.readouterr().err == ""


def test_errors_of_other_threads_are_told_as_ever(tmp_path: Path, monkeypatch) -> None:
    told = []
    monkeypatch.setattr(threading, "excepthook", told.append)
    board = TensorBoard(tmp_path / "x", first=1)
    other = threading.Thread(target=time.sleep, args=("no number",))
    other.start()
    other.join()
    board.add(1, "train", {"loss": 1.0})
    board.close(failed=False)
    assert [error.exc_type for error in told] == [TypeError]
    assert threading.excepthook == told.append
