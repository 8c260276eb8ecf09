"""Layouts for tensor cores against the plain operations: values and gradients, on the CPU."""

from collections.abc import Callable

import pytest
import torch
from fake_cuda import autocast, fake_cuda
from same_gradients import assert_same
from torch import Tensor
from torch.nn import functional as F

from asrkit.encoders.kernels.conv_frames import conv_frames
from asrkit.encoders.kernels.tensor_cores import (
    LayerNorm,
    conv_channels_last,
    conv_padded_groups,
    layer_norm,
    on_tensor_cores,
    windows_times,
)
from asrkit.encoders.positional import grouped_conv

Function = Callable[[Tensor, Tensor], Tensor]


@pytest.mark.parametrize("channels", [1, 40])  # few taps; an image
@pytest.mark.parametrize(("kernel", "stride"), [(2, 2), (3, 2), (10, 5), (5, 3), (2, 3)])
@pytest.mark.parametrize("biased", [True, False])
def test_conv_channels_last(channels: int, kernel: int, stride: int, biased: bool) -> None:
    torch.manual_seed(0)
    x = torch.randn(3, 37, channels, requires_grad=True)
    weight = torch.randn(8, channels, kernel, requires_grad=True)
    bias = torch.randn(8, requires_grad=True) if biased else None
    plain = F.conv1d(x.transpose(1, 2), weight, bias, stride).transpose(1, 2)
    ours = conv_channels_last(x, weight, bias, stride)
    assert ours.is_contiguous()
    assert_same(ours, plain, [part for part in (x, weight, bias) if part is not None])


@pytest.mark.parametrize("width", [48, 64, 20])  # padded; as it is; padding would cost too much
@pytest.mark.parametrize("kernel", [19, 128])
def test_conv_padded_groups(width: int, kernel: int) -> None:
    torch.manual_seed(0)
    x = torch.randn(2, 30, 2 * width, requires_grad=True)
    weight = torch.randn(2 * width, width, kernel, requires_grad=True)
    bias = torch.randn(2 * width, requires_grad=True)
    plain = F.conv1d(x.transpose(1, 2), weight, bias, padding=kernel // 2, groups=2)
    ours = conv_padded_groups(x, weight, bias, 2)
    assert_same(ours, plain.transpose(1, 2), (x, weight, bias))


def test_windows_are_padded_to_whole_rows() -> None:
    torch.manual_seed(0)
    windows = torch.randn(2, 9, 10, requires_grad=True)
    filters = torch.randn(2, 10, 6, requires_grad=True)
    shift = torch.randn(2, 1, 6, requires_grad=True)
    plain = windows @ filters + shift
    assert_same(windows_times(windows, filters, shift), plain, (windows, filters, shift))


def test_types_on_a_gpu() -> None:
    """Half precision in and out under autocast there; float32 and the CPU take the plain way."""
    norm, x = LayerNorm(8), torch.randn(2, 8)
    assert not on_tensor_cores(x)
    assert torch.equal(norm(x), F.layer_norm(x, (8,), norm.weight, norm.bias))
    with fake_cuda():
        there = torch.empty(2, 8, device="cuda")
        weight = torch.empty(8, device="cuda")
        norm.weight, norm.bias = torch.nn.Parameter(weight), torch.nn.Parameter(weight.clone())
        assert not on_tensor_cores(there)
        assert norm(there).dtype == torch.float32
        with autocast(torch.bfloat16):
            assert on_tensor_cores(there)
            assert norm(there).dtype == torch.bfloat16
        with autocast(torch.float16):
            assert norm(there).dtype == torch.float16


@pytest.mark.cuda
@pytest.mark.parametrize("name", ["conv", "few taps", "groups", "norm"])
def test_layouts_are_as_exact_as_the_plain_operation_on_a_gpu(name: str) -> None:
    """In bfloat16, values and gradients: the error against float64 is hardly larger than that of
    torch's own operation under autocast."""
    torch.manual_seed(0)
    size = 1 if name == "few taps" else 96
    x = torch.randn(2, 400, size, device="cuda", dtype=torch.float64)
    if name == "groups":
        weight = torch.randn(96, 48, 128, device="cuda", dtype=torch.float64) / 78
    else:
        weight = torch.randn(64, size, 10, device="cuda", dtype=torch.float64) / 10

    def plain(x: Tensor, weight: Tensor) -> Tensor:
        if name == "norm":
            return F.layer_norm(x, (size,))
        groups, padding, stride = (2, 64, 1) if name == "groups" else (1, 0, 5)
        out = F.conv1d(x.mT, weight, None, stride, padding, groups=groups).mT
        return out[:, : x.shape[1]]

    def ours(x: Tensor, weight: Tensor) -> Tensor:
        if name == "norm":
            return layer_norm(x)
        return (
            grouped_conv(x, weight, None, 2)
            if name == "groups"
            else conv_frames(x, weight, None, 5)
        )

    def values(function: Function, dtype: torch.dtype) -> list[Tensor]:
        inputs = [part.to(dtype).requires_grad_() for part in (x, weight)[: 1 + (name != "norm")]]
        with torch.autocast("cuda", torch.bfloat16, enabled=dtype == torch.float32):
            out = function(inputs[0], inputs[-1])
        torch.manual_seed(1)
        back = torch.randn(out.shape, device="cuda", dtype=torch.float64).to(out.dtype)
        return [part.double() for part in (out, *torch.autograd.grad(out, inputs, back))]

    exact = values(plain, torch.float64)
    for right, theirs, mine in zip(
        exact, values(plain, torch.float32), values(ours, torch.float32), strict=True
    ):
        allowed = max(1.5 * float((theirs - right).norm()), 6e-3 * float(right.norm()))
        assert (mine - right).norm() < allowed
