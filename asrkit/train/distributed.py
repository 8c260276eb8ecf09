"""One process a device under torchrun: who am I, and the few collectives the loop needs."""

from __future__ import annotations

import contextlib
import datetime
import os
from collections.abc import Iterator
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

T = TypeVar("T")


class World:
    """The processes of this run. One process without torchrun is a world of size 1."""

    def __init__(self, *, ngpu: int, timeout_minutes: float = 30.0) -> None:
        self.size = int(os.environ.get("WORLD_SIZE", "1"))
        self.rank = int(os.environ.get("RANK", "0"))
        local = int(os.environ.get("LOCAL_RANK", "0"))
        if ngpu > 0 and not torch.cuda.is_available():
            raise ValueError(
                f"ngpu is {ngpu} but no CUDA device is visible: use --ngpu 0 for the CPU, or check "
                "nvidia-smi and CUDA_VISIBLE_DEVICES"
            )
        self.device = torch.device("cuda", local) if ngpu > 0 else torch.device("cpu")
        if self.device.type == "cuda":
            torch.cuda.set_device(self.device)
        if "WORLD_SIZE" in os.environ:
            dist.init_process_group(
                "nccl" if ngpu > 0 else "gloo",
                timeout=datetime.timedelta(minutes=timeout_minutes),
            )

    @property
    def is_main(self) -> bool:
        return self.rank == 0

    @property
    def distributed(self) -> bool:
        return dist.is_initialized()

    def wrap(self, model: nn.Module) -> nn.Module:
        """The model as the loop calls it; gradients are averaged over ranks in backward."""
        if not self.distributed:
            return model
        # buffers are constants here (mel filters): no need to send them before each forward
        return DistributedDataParallel(model, broadcast_buffers=False)

    def sum_(self, value: Tensor) -> Tensor:
        """Adds ``value`` up over all ranks, in place."""
        if self.distributed:
            dist.all_reduce(value)
        return value

    def gather(self, value: T) -> list[T]:
        """The ``value`` of every rank, in order; for small things at log lines."""
        if not self.distributed:
            return [value]
        found: list[T] = [value] * self.size
        dist.all_gather_object(found, value)
        return found

    def barrier(self) -> None:
        if self.distributed:
            dist.barrier()

    def close(self) -> None:
        if self.distributed:
            dist.destroy_process_group()


@contextlib.contextmanager
def gradients_stay_local(model: nn.Module, local: bool) -> Iterator[None]:
    """Here backward adds up gradients without sending them: for all micro-batches but the last."""
    if local and isinstance(model, DistributedDataParallel):
        with model.no_sync():
            yield
    else:
        yield
