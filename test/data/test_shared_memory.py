"""A small /dev/shm is seen before it is full."""

from __future__ import annotations

import shutil
from types import SimpleNamespace

import pytest

from asrkit.data.shared_memory import readers_that_fit

BATCH = 5_600_000  # bytes: 87.5 s of audio


@pytest.mark.parametrize(
    ("asked", "free", "processes", "fit"),
    [
        (4, 2**26, 1, 2),  # Docker's
        (2, 2**26, 1, 2),
        (4, 2**26, 2, 1),
        (1, 2**24, 1, 0),
        (0, 0, 1, 0),
        (16, 2**34, 8, 16),
    ],
)
def test_so_many_fit(
    asked: int,
    free: int,
    processes: int,
    fit: int,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    assert readers_that_fit(asked, BATCH, processes=processes) == fit
    assert bool(caplog.records) == (fit < asked)
    if fit < asked:
        who = f": {fit} read. " if fit else ": the training process reads. "
        assert who in caplog.text and f"batches of {asked} that read" in caplog.text


def test_without_the_folder_nothing_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("asrkit.data.shared_memory.FOLDER", "/nowhere")
    assert readers_that_fit(3, BATCH) == 0
