"""Batches from worker processes: in order, ahead of the training, and counting bad files."""

from __future__ import annotations

import logging
import signal
from collections.abc import Iterable, Iterator
from typing import Any

import torch

from asrkit.batch import Batch
from asrkit.data.dataset import BatchDataset, Failed
from asrkit.data.sampler import BatchSpec
from asrkit.files import DataError

logger = logging.getLogger("asrkit")
PREFETCH = 4  # micro-batches ready ahead, each worker
MAX_BAD = 0.01  # share of the data set that may be unreadable; one utterance always may


class Loader:
    """Iterates over the batches of a stream, in its order.

    bad: what could not be read so far, id -> reason. Each is logged once. More distinct ones than
    MAX_BAD allows stop with DataError and the list. Batches in which nothing was readable are left
    out.
    """

    def __init__(self, dataset: BatchDataset, batches: Iterable[Batch | Failed]) -> None:
        self.dataset = dataset
        self.bad: dict[str, str] = {}
        self._batches = batches

    def __iter__(self) -> Iterator[Batch]:
        for batch in self._batches:
            if isinstance(batch, Failed):
                raise DataError(batch.message)
            self._note(batch.bad)
            if len(batch):
                yield batch

    def _note(self, bad: Iterable[str]) -> None:
        for entry in bad:
            name, _, reason = entry.partition(": ")
            if name in self.bad:
                continue
            self.bad[name] = reason
            logger.warning("utterance %s is left out: %s", name, reason)
            if len(self.bad) > max(1, MAX_BAD * len(self.dataset)):
                shown = "\n".join(f"  {n}: {r}" for n, r in list(self.bad.items())[:20])
                raise DataError(
                    f"{len(self.bad)} of {len(self.dataset)} utterances cannot be read (more than "
                    f"{MAX_BAD:.0%}); run stage 3 again:\n{shown}"
                )


def make_loader(
    dataset: BatchDataset,
    stream: Iterable[BatchSpec],
    *,
    num_workers: int = 1,
    pin_memory: bool = False,
) -> Loader:
    """Loader over a BatchStream (endless) or EvalStream; 0 workers read in this process."""
    batches: Iterable[Batch | Failed] = torch.utils.data.DataLoader(
        dataset,
        batch_size=None,
        sampler=stream,
        num_workers=num_workers,
        pin_memory=pin_memory,
        prefetch_factor=PREFETCH if num_workers else None,
        collate_fn=_as_is,
        worker_init_fn=_leave_signals_to_the_loop,
        generator=torch.Generator(),  # leaves the global random state of training alone
    )
    return Loader(dataset, batches)


def _leave_signals_to_the_loop(_: int) -> None:
    """Ctrl-C and Slurm signal all processes; the loop needs its readers to end an update whole."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1):
        signal.signal(number, signal.SIG_IGN)


def _as_is(batch: Any) -> Any:
    """The data set gives whole micro-batches; there is nothing left to collate."""
    return batch
