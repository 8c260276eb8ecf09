"""One process a device under torchrun: who am I, and the few collectives the loop needs."""

from __future__ import annotations

import contextlib
import datetime
import os
from collections.abc import Iterator
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.distributed_c10d import PrefixStore, Store
from torch.distributed.rendezvous import rendezvous
from torch.nn.parallel import DistributedDataParallel

from asrkit.encoders.touch_unused import local_part
from asrkit.train import fsdp
from asrkit.train.watch import PATIENCE, LostProcess, Watch, myself, refuse_orphans

T = TypeVar("T")
_TIMEOUT = datetime.timedelta(minutes=30)


class World:
    """The processes of this run. One process without torchrun is a world of size 1."""

    def __init__(self, *, ngpu: int, parallel: str = "ddp") -> None:
        """parallel: ``ddp``, every rank holds the model; ``fsdp``, a part of it (fsdp.py)."""
        if parallel not in ("ddp", "fsdp"):
            raise ValueError(f"parallel is {parallel!r}; it must be ddp or fsdp")
        self.size = int(os.environ.get("WORLD_SIZE", "1"))
        self.rank = int(os.environ.get("RANK", "0"))
        local = int(os.environ.get("LOCAL_RANK", "0"))
        self.local_size = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))  # on this machine
        if ngpu > 0 and not torch.cuda.is_available():
            raise ValueError(
                f"ngpu is {ngpu} but no CUDA device is visible: use --ngpu 0 for the CPU, or check "
                "nvidia-smi and CUDA_VISIBLE_DEVICES"
            )
        if ngpu > 0 and local >= torch.cuda.device_count():
            raise ValueError(
                f"ngpu is {ngpu}: process {local + 1} of this machine finds "
                f"{torch.cuda.device_count()} CUDA devices only; lower ngpu"
            )
        self.device = torch.device("cuda", local) if ngpu > 0 else torch.device("cpu")
        if self.device.type == "cuda":
            torch.cuda.set_device(self.device)
        if "WORLD_SIZE" in os.environ:
            refuse_orphans()
            dist.init_process_group(
                "nccl" if ngpu > 0 else "gloo",
                store=self._store("group"),
                rank=self.rank,
                world_size=self.size,
                timeout=_TIMEOUT,
                # else a barrier before any other collective has to guess the rank's device
                device_id=self.device if ngpu > 0 else None,
            )
        self.sharded = parallel == "fsdp" and self.distributed
        self._watch: Watch | None = None
        self._hosts: dist.ProcessGroup | None = None  # what hosts agree on waits for no device
        if self.distributed:
            if ngpu > 0:
                self._hosts = dist.new_group(backend="gloo", timeout=_TIMEOUT)
            # a connection of its own: the group may keep another busy
            self._watch = Watch(self._store("watch"), self.rank, self.gather(myself()))

    def _store(self, name: str) -> Store:
        store, _, _ = next(iter(rendezvous("env://", self.rank, self.size)))
        return PrefixStore(name, store)

    @contextlib.contextmanager
    def together(self, orderly: type[BaseException]) -> Iterator[None]:
        """Here an error of one process ends all of them within seconds, and each says whose it was.

        orderly: what all processes raise alike. Raises LostProcess for what gloo and nccl say of a
        process that has gone.
        """
        if self._watch is None:
            yield
            return
        with self._watch.terminable():
            try:
                yield
                self._watch.end()
            except orderly:
                self._watch.end()
                raise
            except RuntimeError as error:
                if (reason := self._watch.why(PATIENCE / 2)) is None:
                    self._watch.fail(str(error) or type(error).__name__)
                    raise
                self._watch.end()
                raise LostProcess(reason) from error
            except BaseException as error:
                self._watch.fail(str(error) or type(error).__name__)
                raise

    @property
    def is_main(self) -> bool:
        return self.rank == 0

    @property
    def device_name(self) -> str:
        """What this process computes with, as far as the rounding of sums depends on it."""
        if self.device.type == "cuda":
            return torch.cuda.get_device_name(self.device)
        kind = torch.backends.cpu.get_cpu_capability()
        return f"CPU of {kind} with {torch.get_num_threads()} threads"

    @property
    def distributed(self) -> bool:
        return dist.is_initialized()

    def wrap(self, model: nn.Module) -> nn.Module:
        """The model as the loop calls it; gradients are averaged over ranks in backward."""
        if not self.distributed or self.sharded:
            return model
        # buffers are constants here (mel filters): no need to send them before each forward
        return DistributedDataParallel(model, broadcast_buffers=False)

    def shard(self, model: nn.Module) -> None:
        """Under fsdp, spreads the model over the ranks, before its optimizer is made."""
        if self.sharded:
            fsdp.shard(model, self.device, self.size)

    def full_model(self, model: nn.Module) -> contextlib.AbstractContextManager[None]:
        """Here ranks may call the model unequally often."""
        return fsdp.gathered(model) if self.sharded else contextlib.nullcontext()

    def local(self, tensors: list[Tensor]) -> list[Tensor]:
        """What this rank holds of ``tensors``: plain ones."""
        return [local_part(tensor) for tensor in tensors] if self.sharded else tensors

    def norm(self, tensors: list[Tensor]) -> Tensor:
        """The 2-norm of all tensors together, given what each rank holds of them."""
        norm = torch.nn.utils.get_total_norm(tensors)
        if not self.sharded:
            return norm
        return self.sum_(norm.double().square()).sqrt().to(norm.dtype)

    def to_full(self, state: Any) -> Any:
        """A state as files hold it; complete on the main rank only, and all must ask for it."""
        return fsdp.to_full(state, keep=self.is_main) if self.sharded else state

    def to_sharded(self, weights: dict[str, Tensor], model: nn.Module) -> dict[str, Tensor]:
        """Weights as files hold them, as ``model`` holds them on this rank."""
        return fsdp.to_sharded(weights, model) if self.sharded else weights

    def optimizer_to_sharded(
        self, state: dict[str, Any], optimizer: torch.optim.Optimizer
    ) -> dict[str, Any]:
        """Likewise for the state of an optimizer."""
        return fsdp.optimizer_to_sharded(state, optimizer) if self.sharded else state

    def sum_(self, value: Tensor) -> Tensor:
        """Adds ``value`` up over all ranks, in place."""
        if self.distributed:
            dist.all_reduce(value)
        return value

    def signal(self, number: int) -> int:
        """That of this process, or else one that another process has reported; 0: none. What this
        process has received the others know within seconds."""
        if self._watch is None:
            return number
        if number:
            self._watch.tell_signal(number)
        return number or self._watch.signal

    def largest(self, number: int) -> int:
        """Of all ranks, each of which has to ask; between the hosts, at no cost for a device."""
        if not self.distributed:
            return number
        value = torch.tensor(number)
        dist.all_reduce(value, dist.ReduceOp.MAX, group=self._hosts)
        return int(value)

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

    def wait_for_main(self) -> None:
        """Until the main process has come here; ``barrier`` gives up where that takes an hour."""
        if self._watch is not None:
            self._watch.wait_for_first()

    def close(self) -> None:
        """At the end of a run that went well: nccl waits here until every rank has come."""
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
