"""Tensors that say they lie on a CUDA device, on machines without one.

They have shapes and types but no values (PyTorch's fake tensors), and pass through CUDA's autocast:
a step shows wrong types and devices, and waits for the device. Three routines that PyTorch chooses
by asking the GPU are replaced by plain ones of the same types: attention, CTC and the LSTM.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any
from unittest import mock

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode
from torch.utils._pytree import tree_leaves

CUDA = torch.device("cuda")
aten = torch.ops.aten
# what CUDA refuses for factors, or source and target, of different types
ONE_TYPE = {
    aten.mm, aten.bmm, aten.addmm, aten.baddbmm, aten.convolution, aten.index_put,
    aten.index_put_, aten._index_put_impl_, aten.scatter_add, aten.scatter_add_,
}  # fmt: skip


class FakeCuda(FakeTensorMode):
    """Tensors on CUDA are fake; those of the host (lengths, keys, masks) are computed.

    may_wait: ``nonzero`` waits for the device; here it finds half of what could be there.
    """

    may_wait: bool = False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        leaves = tree_leaves((args, kwargs))
        tensors = [leaf for leaf in leaves if isinstance(leaf, Tensor)]
        device = kwargs.get("device")
        there = device is not None and torch.device(device).type == "cuda"
        if not there and not any(isinstance(tensor, FakeTensor) for tensor in tensors):
            return func(*args, **kwargs)
        if func.overloadpacket in ONE_TYPE:
            found = {tensor.dtype for tensor in tensors if tensor.is_floating_point()}
            assert len(found) == 1, f"{func} of {found}"
        if self.may_wait and func is aten.nonzero.default:
            size = [args[0].numel() // 2, args[0].ndim]
            made = {"dtype": torch.int64, "device": CUDA}
            return super().__torch_dispatch__(aten.zeros.default, (), (size,), made)
        if func is aten._to_copy.default and there and not isinstance(args[0], FakeTensor):
            assert kwargs.get("non_blocking"), "this copy waits for the device"
        return super().__torch_dispatch__(func, types, args, kwargs)


@contextlib.contextmanager
def fake_cuda(*, may_wait: bool = False) -> Iterator[None]:
    """Here ``device="cuda"`` makes fake tensors."""
    replaced = {"scaled_dot_product_attention": _attention, "ctc_loss": _ctc_loss}
    with contextlib.ExitStack() as stack:
        for name, made in replaced.items():
            stack.enter_context(mock.patch.object(torch.nn.functional, name, made))
        stack.enter_context(mock.patch.object(nn.LSTM, "forward", _lstm))
        mode = FakeCuda(allow_non_fake_inputs=True)
        mode.may_wait = may_wait
        stack.enter_context(mode)
        yield


def move(module: nn.Module) -> None:
    """Parameters and buffers become fake ones, in place; to be called in ``fake_cuda``."""
    for part in module.modules():
        for name, value in part.named_parameters(recurse=False):
            fake = torch.empty(value.shape, device=CUDA)
            setattr(part, name, nn.Parameter(fake, requires_grad=value.requires_grad))
        for name, value in part.named_buffers(recurse=False):
            setattr(part, name, torch.empty(value.shape, dtype=value.dtype, device=CUDA))


@contextlib.contextmanager
def autocast(dtype: torch.dtype) -> Iterator[None]:
    """torch.autocast for CUDA without its look for a GPU."""
    torch.set_autocast_enabled("cuda", True)
    torch.set_autocast_dtype("cuda", dtype)
    try:
        yield
    finally:
        torch.set_autocast_enabled("cuda", False)
        torch.clear_autocast_cache()


def backward(loss: Tensor) -> dict[Tensor, Tensor]:
    """Parameter -> gradient, by walking the graph: PyTorch's engine would ask for a GPU."""
    order: list[Any] = []
    seen: set[Any] = set()
    waiting = [(loss.grad_fn, False)]
    while waiting:
        node, done = waiting.pop()
        if done:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            waiting.append((node, True))
            waiting += [(child, False) for child, _ in node.next_functions if child is not None]
    grads: dict[Any, dict[int, Tensor]] = {loss.grad_fn: {0: torch.ones((), device=CUDA)}}
    found = {}
    for node in reversed(order):
        given = [grads.get(node, {}).get(n) for n in range(len(node._input_metadata))]
        if node.name().endswith("AccumulateGrad"):
            found[node.variable] = given[0]
            continue
        custom = isinstance(node, torch.autograd.function.BackwardCFunction)
        results = node.apply(*given) if custom else node(*given)
        results = results if isinstance(results, tuple) else (results,)
        for (child, number), grad in zip(node.next_functions, results, strict=False):
            if child is None or grad is None:
                continue
            wanted = child._input_metadata[number]
            grad = grad.sum_to_size(wanted.shape).to(wanted.dtype)  # as the engine does
            assert grad.device == wanted.device
            mine = grads.setdefault(child, {})
            mine[number] = mine[number] + grad if number in mine else grad
    return found


def _attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
) -> Tensor:
    tensors = [query, key, value]
    bias = attn_mask if attn_mask is not None and attn_mask.is_floating_point() else None
    if torch.is_autocast_enabled("cuda"):
        half = torch.get_autocast_dtype("cuda")
        tensors = [tensor.to(half) for tensor in tensors]
        bias = None if bias is None else bias.to(half)
    query, key, value = tensors
    assert query.dtype == key.dtype == value.dtype
    scores = query @ key.transpose(-2, -1)
    if bias is not None:
        assert bias.dtype == query.dtype
        scores = scores + bias
    elif attn_mask is not None:
        scores = scores.masked_fill(~attn_mask, -torch.inf)
    return scores.softmax(-1).to(value.dtype) @ value


def _ctc_loss(
    log_probs: Tensor, targets: Tensor, inputs: Tensor, lengths: Tensor, **_: Any
) -> Tensor:
    assert log_probs.dtype == torch.float32 and targets.dtype == torch.int64
    assert log_probs.device == targets.device and log_probs.device.type == "cuda"
    assert inputs.device.type == lengths.device.type == "cpu"
    return log_probs.sum((0, 2))


def _lstm(module: nn.LSTM, x: Tensor) -> tuple[Tensor, None]:
    # under autocast cuDNN's LSTM computes in float16, whatever autocast's type
    assert not torch.is_autocast_enabled("cuda") and x.dtype == torch.float32
    out = x[..., :1].expand(*x.shape[:2], module.hidden_size)
    return out * torch.stack([p.sum() for p in module.parameters()]).sum(), None
