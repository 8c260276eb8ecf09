"""Batches from reader processes: in order, ahead of the training, and counting bad files."""

from __future__ import annotations

import logging
import multiprocessing
import multiprocessing.connection
import multiprocessing.queues
import os
import signal
import sys
import threading
from collections.abc import Generator, Iterable
from typing import Any

import torch
from torch.utils.data.dataloader import _MultiProcessingDataLoaderIter

from asrkit.batch import Batch
from asrkit.data.dataset import BatchDataset, Failed
from asrkit.data.sampler import BatchSpec
from asrkit.files import DataError
from asrkit.processes import end_with_parent

logger = logging.getLogger("asrkit")
PREFETCH = 4  # micro-batches ready ahead, each reader
PATIENCE = 5.0  # seconds for readers to end by themselves
MAX_BAD = 0.01  # share of the data set that may be unreadable; one utterance always may


class Loader:
    """Iterates over the batches of a stream, in its order.

    An iterator that is closed (``contextlib.closing``) has ended its readers, whatever they do.

    bad: what could not be read so far, id -> reason. Each is logged once. More distinct ones than
    MAX_BAD allows stop with DataError and the list. Batches in which nothing was readable are left
    out.
    """

    def __init__(self, dataset: BatchDataset, batches: Iterable[Batch | Failed]) -> None:
        self.dataset = dataset
        self.bad: dict[str, str] = {}
        self._batches = batches

    def __iter__(self) -> Generator[Batch, None, None]:
        before = multiprocessing.active_children()
        batches = iter(self._batches)
        readers = [child for child in multiprocessing.active_children() if child not in before]
        try:
            for batch in batches:
                if isinstance(batch, Failed):
                    raise DataError(batch.message)
                self._note(batch.bad)
                if len(batch):
                    yield batch
        except (OSError, EOFError) as error:
            # torch reports one that has ended, unless that was while it handed over
            if readers and multiprocessing.connection.wait([r.sentinel for r in readers], 1):
                raise RuntimeError(f"a DataLoader worker exited unexpectedly ({error})") from error
            raise
        finally:
            if isinstance(batches, _MultiProcessingDataLoaderIter):
                _end(batches, readers)

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
    """Loader over a BatchStream (endless) or EvalStream; with 0 readers this process reads."""
    batches: Iterable[Batch | Failed] = torch.utils.data.DataLoader(
        dataset,
        batch_size=None,
        sampler=stream,
        num_workers=num_workers,
        pin_memory=pin_memory,
        prefetch_factor=PREFETCH if num_workers else None,
        collate_fn=_as_is,
        worker_init_fn=_begin_reader,
        generator=torch.Generator(),  # leaves the global random state of training alone
    )
    return Loader(dataset, batches)


def _begin_reader(_: int) -> None:
    """Ctrl-C and Slurm signal all processes; the loop needs its readers to end an update whole."""
    end_with_parent()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1):
        signal.signal(number, signal.SIG_IGN)
    # The thread that hands batches over would drop one and go on: the loop would wait for ever.
    multiprocessing.queues.Queue._on_queue_feeder_error = staticmethod(_end_reader)  # type: ignore


def _end_reader(error: Exception, _: object) -> None:
    reason = (str(error) or type(error).__name__).splitlines()[0]
    # torch's reason for a full /dev/shm is the system's last error, whatever that was about
    print(
        "a data-loader worker cannot hand over its batch: /dev/shm is full, or too many files "
        f"are open ({reason})",
        file=sys.stderr,
    )
    sys.stderr.flush()
    os._exit(1)


def _end(
    batches: _MultiProcessingDataLoaderIter, readers: list[multiprocessing.process.BaseProcess]
) -> None:
    """Readers end within milliseconds when asked; one that hangs, on a lost disk, say, is killed.

    Else the end of the program would wait for it.
    """
    in_main = threading.current_thread() is threading.main_thread()
    # torch's handler raises, wherever the main thread is, when a reader ends that was not asked to
    handler = signal.signal(signal.SIGCHLD, signal.SIG_DFL) if in_main else None
    try:
        asking = threading.Thread(target=batches._shutdown_workers, daemon=True)
        asking.start()
        asking.join(PATIENCE)
        if asking.is_alive():
            for reader in readers:
                reader.kill()
            asking.join(PATIENCE)
    finally:
        if handler is not None:
            signal.signal(signal.SIGCHLD, handler)


def _as_is(batch: Any) -> Any:
    """The data set gives whole micro-batches; there is nothing left to collate."""
    return batch
