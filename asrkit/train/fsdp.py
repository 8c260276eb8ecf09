"""A model whose weights, gradients and optimizer state are spread over the ranks (FSDP).

Only the part that computes is whole: each of the encoders' blocks is gathered for its forward and
backward, all else of the objective for the update. Sharded tensors are DTensors; files hold whole
ones, so a checkpoint does not show how many ranks wrote it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from asrkit.encoders.base import Encoder

# torch's modules for sharding take seconds to import: only runs that shard pay for them


def shard(model: nn.Module, device: torch.device, ranks: int) -> None:
    """Spreads ``model``, in place, over all ranks; to be done before its optimizer is made."""
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    mesh = init_device_mesh(device.type, (ranks,))
    for module in model.modules():
        if isinstance(module, Encoder):
            for block in module.blocks():
                fully_shard(block, mesh=mesh)
    fully_shard(model, mesh=mesh)


@contextlib.contextmanager
def gathered(model: nn.Module) -> Iterator[None]:
    """Here every rank holds all weights: forward passes need no other rank (validation)."""
    from torch.distributed.fsdp import FSDPModule

    units = [module for module in model.modules() if isinstance(module, FSDPModule)]
    for unit in units:
        unit.set_reshard_after_forward(False, recurse=False)
        unit.unshard()
    try:
        yield
    finally:
        for unit in units:
            unit.reshard()
            # the root's weights are needed again at once, in backward
            unit.set_reshard_after_forward(unit is not model, recurse=False)


def to_full(value: Any, *, keep: bool) -> Any:
    """``value`` (a tree of dicts and lists) with whole tensors on the host for sharded ones.

    All ranks take part; those that do not ``keep`` get empty tensors.
    """
    from torch.distributed.tensor import DTensor

    if isinstance(value, dict):
        return {key: to_full(part, keep=keep) for key, part in value.items()}
    if isinstance(value, list):
        return [to_full(part, keep=keep) for part in value]
    if isinstance(value, DTensor):
        full = value.full_tensor().detach()
        return full.cpu() if keep else full.new_empty(0)
    return value


def tensor_to_sharded(value: Tensor, like: Tensor) -> Tensor:
    """A whole tensor spread as ``like`` is; unchanged where that is not sharded."""
    from torch.distributed.tensor import DTensor, distribute_tensor

    if not isinstance(like, DTensor) or value.shape != like.shape:
        return value
    return distribute_tensor(value.to(like.device), like.device_mesh, like.placements)


def to_sharded(state: dict[str, Tensor], model: nn.Module) -> dict[str, Tensor]:
    """Whole weights, name by name, spread as those of ``model`` are."""
    mine = model.state_dict()
    return {
        n: tensor_to_sharded(value, mine[n]) if n in mine else value for n, value in state.items()
    }


def optimizer_to_sharded(state: dict[str, Any], optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """A whole optimizer state, spread as the parameters are."""
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    spread = {
        number: {
            name: tensor_to_sharded(value, parameters[number]) for name, value in values.items()
        }
        for number, values in state["state"].items()
    }
    return {**state, "state": spread}
