"""Whether two computations agree: values, and the gradients of a random projection of them."""

from collections.abc import Sequence

import torch
from torch import Tensor


def assert_same(ours: Tensor, plain: Tensor, inputs: Sequence[Tensor]) -> None:
    assert (ours - plain).abs().max() <= 1e-5 * plain.abs().max() + 1e-6
    weights = torch.randn_like(plain)
    wanted = torch.autograd.grad(plain, inputs, weights)
    got = torch.autograd.grad(ours, inputs, weights)
    for one, other in zip(got, wanted, strict=True):
        assert (one - other).abs().max() <= 1e-4 * other.abs().max() + 1e-6
