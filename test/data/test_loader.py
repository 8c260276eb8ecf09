"""Readers end with the iterator that started them, whatever they do, and tell when they cannot go
on."""

from __future__ import annotations

import contextlib
import dataclasses
import multiprocessing
import time
from collections.abc import Callable

import numpy as np
import pytest
import torch

from asrkit.batch import Batch
from asrkit.data import loader
from asrkit.data.dataset import BatchDataset
from asrkit.data.loader import make_loader
from asrkit.data.sampler import BatchSpec


class Toy(BatchDataset):
    """One batch a spec; ``then`` happens in the reader from the fourth on."""

    index = range(100)

    def __init__(self, then: Callable[[], object] = lambda: None) -> None:
        self.then = then

    def _batch(self, spec: BatchSpec) -> Batch:
        number = int(spec.rows[0])
        batch = Batch(ids=[str(number)], keys=torch.tensor([number]))
        return batch if number < 3 else dataclasses.replace(batch, bad=self.then())


def specs(count: int) -> list[BatchSpec]:
    one = np.zeros(1, np.int64)
    return [BatchSpec(0, one + number, one) for number in range(count)]


def test_closed_early_it_leaves_no_reader() -> None:
    with contextlib.closing(iter(make_loader(Toy(), specs(20), num_workers=2))) as batches:
        assert next(batches).ids == ["0"]
        assert len(multiprocessing.active_children()) == 2
    assert not multiprocessing.active_children()


def test_an_error_of_the_loop_leaves_no_reader() -> None:
    """Also while the traceback holds on to the iterator."""
    with (
        pytest.raises(ZeroDivisionError) as caught,
        contextlib.closing(iter(make_loader(Toy(), specs(20), num_workers=1))) as batches,
    ):
        assert len(next(batches)) / 0
    assert caught.value.__traceback__ and not multiprocessing.active_children()


def test_a_reader_that_hangs_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loader, "PATIENCE", 0.5)
    begin = time.monotonic()
    data = Toy(lambda: time.sleep(1000) or ())
    with contextlib.closing(iter(make_loader(data, specs(20), num_workers=2))) as batches:
        next(batches)
        time.sleep(0.3)
    assert not multiprocessing.active_children() and time.monotonic() - begin < 10


def test_a_batch_that_cannot_be_handed_over_ends_the_run(capfd: pytest.CaptureFixture[str]) -> None:
    """The thread that hands over would drop it: the loop waited for ever."""
    data = Toy(lambda: [lambda: None])
    with (
        pytest.raises(RuntimeError, match="DataLoader worker"),
        contextlib.closing(iter(make_loader(data, specs(20), num_workers=1))) as batches,
    ):
        list(batches)
    assert "cannot hand over its batch: /dev/shm is full, or too many" in capfd.readouterr().err
    assert not multiprocessing.active_children()
