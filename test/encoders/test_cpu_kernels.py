"""Each CPU shortcut against the plain torch operation: values and gradients."""

import pytest
import torch
from same_gradients import assert_same
from torch import nn
from torch.nn import functional as F

from asrkit.encoders.kernels.attention_cpu import attend
from asrkit.encoders.kernels.conv_frames import conv_frames
from asrkit.encoders.kernels.dropout import Dropout, draw_kept
from asrkit.encoders.kernels.fft_conv import fft_conv, fft_filters
from asrkit.encoders.kernels.group_norm import normalized_first_layer
from asrkit.encoders.positional import grouped_conv


@pytest.mark.parametrize(("kernel", "stride"), [(2, 2), (3, 2), (3, 1), (10, 5), (5, 3), (2, 3)])
@pytest.mark.parametrize("frames", [17, 24])
def test_conv_frames(kernel, stride, frames):
    torch.manual_seed(0)
    x = torch.randn(3, frames, 6, requires_grad=True)
    weight = torch.randn(8, 6, kernel, requires_grad=True)
    bias = torch.randn(8, requires_grad=True)
    plain = F.conv1d(x.transpose(1, 2), weight, bias, stride).transpose(1, 2)
    assert_same(conv_frames(x, weight, bias, stride), plain, (x, weight, bias))


def test_conv_frames_takes_a_view():
    torch.manual_seed(0)
    x = torch.randn(2, 6, 20).transpose(1, 2)
    weight = torch.randn(8, 6, 3, requires_grad=True)
    plain = F.conv1d(x.transpose(1, 2), weight, None, 2).transpose(1, 2)
    assert_same(conv_frames(x, weight, None, 2), plain, (weight,))


def test_folded_group_norm():
    torch.manual_seed(0)
    x = torch.randn(3, 203, 1) + 0.5
    weight = torch.randn(16, 1, 10, requires_grad=True)
    norm = nn.LayerNorm(16)
    nn.init.normal_(norm.weight), nn.init.normal_(norm.bias)
    frames = F.conv1d(x.transpose(1, 2), weight, None, 5)
    plain = F.group_norm(frames, 16, norm.weight, norm.bias, norm.eps).transpose(1, 2)
    lengths = torch.full((3,), frames.shape[2])
    ours = normalized_first_layer(x, weight, 5, norm, lengths)
    assert_same(ours, plain, (weight, norm.weight, norm.bias))


def test_folded_group_norm_of_silence_is_finite():
    weight = torch.randn(4, 1, 10, requires_grad=True)
    norm = nn.LayerNorm(4)
    out = normalized_first_layer(torch.zeros(1, 50, 1), weight, 5, norm, torch.tensor([9]))
    out.sum().backward()
    assert torch.equal(out, torch.zeros_like(out))
    assert weight.grad.isfinite().all()


@pytest.mark.parametrize(
    ("frames", "size", "groups", "kernel"),
    [(50, 32, 4, 16), (7, 32, 4, 19), (300, 32, 16, 128), (1, 16, 2, 64), (129, 16, 2, 128)],
)
def test_fft_conv(frames, size, groups, kernel):
    torch.manual_seed(0)
    x = torch.randn(2, frames, size, requires_grad=True)
    weight = (torch.randn(size, size // groups, kernel) * 0.1).requires_grad_()
    gain = torch.rand(kernel, requires_grad=True)
    plain = grouped_conv(x, weight * gain, None, groups)
    found = fft_conv(x, fft_filters(weight, gain, groups), groups)
    assert_same(found, plain, (x, weight, gain))


def test_fft_conv_learns_after_it_was_used_to_recognize():
    weight = torch.randn(8, 4, 67, requires_grad=True)
    x = torch.randn(1, 9, 8)
    with torch.inference_mode():
        fft_conv(x, fft_filters(weight, None, 2), 2)
    fft_conv(x, fft_filters(weight, None, 2), 2).sum().backward()
    assert weight.grad is not None


@pytest.mark.parametrize("lengths", [[11, 11], [11, 4], [1, 9]])
def test_attention_without_dropout(lengths):
    torch.manual_seed(0)
    heads, size, frames = 2, 8, 11
    qkv = torch.randn(2, frames, 3 * size, requires_grad=True)
    lengths = torch.tensor(lengths)
    valid = torch.arange(frames) < lengths[:, None]
    query, key, value = qkv.view(2, frames, 3, heads, -1).permute(2, 0, 3, 1, 4)
    plain = F.scaled_dot_product_attention(query, key, value, valid[:, None, None])
    plain = plain.transpose(1, 2).reshape(2, frames, size) * valid[..., None]
    assert_same(attend(qkv, lengths, heads, 0.0), plain, (qkv,))


def test_attention_with_dropout(monkeypatch):
    """The same kept weights given to the textbook formula."""
    torch.manual_seed(0)
    heads, size, frames = 2, 8, 13
    qkv = torch.randn(1, frames, 3 * size, requires_grad=True)
    kept, scale = draw_kept(torch.Size([heads, frames, frames]), 0.3)
    monkeypatch.setattr(
        "asrkit.encoders.kernels.attention_cpu.draw_kept", lambda shape, p: (kept.clone(), scale)
    )
    query, key, value = qkv.view(frames, 3, heads, -1).permute(1, 2, 0, 3)
    weights = (query @ key.transpose(1, 2) / (size // heads) ** 0.5).softmax(-1)
    plain = (weights * kept * scale) @ value
    plain = plain.transpose(0, 1).reshape(1, frames, size)
    assert 0 < kept.float().mean() < 1
    assert_same(attend(qkv, torch.tensor([frames]), heads, 0.3), plain, (qkv,))


@pytest.mark.parametrize("p", [0.1, 0.5, 0.05])
def test_dropout_statistics(p):
    torch.manual_seed(0)
    x = torch.ones(1000, 301, requires_grad=True)
    out = Dropout(p)(x)
    share = (out == 0).float().mean().item()
    assert share == pytest.approx(p, abs=0.003)
    assert out.mean().item() == pytest.approx(1, abs=0.01)
    assert out.detach().unique().numel() == 2
    (grad,) = torch.autograd.grad(out, x, torch.ones_like(out))
    assert torch.equal(grad, out)
    # Neighbors are dropped independently: they share the bits of one random word.
    zero = (out == 0).flatten().float()
    for distance in (1, 2, 3, 4, 301):
        both = (zero[distance:] * zero[:-distance]).mean().item()
        assert both == pytest.approx(p * p, abs=0.004)


def test_dropout_follows_the_seed_of_torch():
    x, dropout = torch.ones(100), Dropout(0.5)
    torch.manual_seed(3)
    first, second = dropout(x), dropout(x)
    torch.manual_seed(3)
    assert torch.equal(first, dropout(x))
    assert torch.equal(second, dropout(x))
    assert not torch.equal(first, second)


def test_dropout_is_idle_in_evaluation():
    x = torch.randn(10)
    assert Dropout(0.5).eval()(x) is x
    assert Dropout(0.0)(x) is x


@pytest.mark.parametrize("p", [1.0, -0.1])
def test_dropout_out_of_range(p):
    with pytest.raises(ValueError, match="not in"):
        Dropout(p)
