"""The CPC network: frame rate, channel norm, causality, independence of padding."""

import pytest
import torch

from asrkit.batch import Padded, pad
from asrkit.encoders.causal import CausalLayer
from asrkit.encoders.cpc import ChannelNorm, CpcEncoder


def make(**options):
    torch.manual_seed(0)
    return CpcEncoder(**{"width": 16, **options})


def test_released_size_and_a_hundred_frames_a_second():
    encoder = CpcEncoder()
    published = 1_843_456  # convolutions, norms, LSTM of the released network
    assert (
        sum(p.numel() for p in encoder.parameters()) - encoder.mask_embedding.numel() == published
    )
    lengths = torch.tensor([20_480, 16_000, 159, 158, 0])
    assert encoder.output_lengths(lengths).tolist() == [128, 100, 1, 0, 0]
    assert encoder.shortest == 159


def test_channel_norm_divides_by_the_unbiased_deviation():
    x = 3 + 5 * torch.randn(2, 7, 6)
    norm = ChannelNorm(6)
    with torch.no_grad():
        norm.weight.copy_(torch.rand(6))
        norm.bias.copy_(torch.rand(6))
    plain = (x - x.mean(-1, keepdim=True)) * (x.var(-1, keepdim=True, correction=1) + 1e-5).rsqrt()
    torch.testing.assert_close(norm(x), plain * norm.weight + norm.bias)


def test_the_convolutions_are_pytorchs_padded_ones():
    encoder = make().eval()
    x = torch.randn(1, 1, 4_000)
    frames = x
    for conv, norm in zip(encoder.convs, encoder.norms, strict=True):
        frames = torch.nn.functional.conv1d(
            frames, conv.weight, conv.bias, conv.stride[0], conv.padding[0]
        )
        frames = norm(frames.transpose(1, 2)).relu().transpose(1, 2)
    torch.testing.assert_close(encoder.extract(pad([x[0, 0]])).data, frames.transpose(1, 2))


def test_a_row_is_the_same_alone_and_padded():
    encoder = make(layers=2).eval()
    rows = [torch.randn(n) for n in (9_000, 6_001, 4_003, 100)]
    together = encoder(pad(rows)).output
    for number, row in enumerate(rows):
        alone = encoder(pad([row])).output
        length = int(alone.lengths[0])
        assert int(together.lengths[number]) == length
        torch.testing.assert_close(together.data[number, :length], alone.data[0, :length])


def test_context_depends_on_no_later_frame():
    encoder = make(layers=2).eval()
    features = encoder.extract(pad([torch.randn(8_000)]))
    later = features.data.clone()
    later[:, 30:] += 1
    one = encoder.contextualize(features).output.data
    two = encoder.contextualize(Padded(later, features.lengths)).output.data
    assert torch.equal(one[:, :30], two[:, :30])
    assert not torch.allclose(one[:, 30:], two[:, 30:])


def test_causal_layer_sees_no_future_and_knows_distances():
    torch.manual_seed(0)
    layer = CausalLayer(16, heads=4, ffn_size=8, distances=5, dropout=0.1).eval()
    x = torch.randn(2, 12, 16)
    changed = x.clone()
    changed[:, 7:] += 1
    assert torch.allclose(layer(x)[:, :7], layer(changed)[:, :7], atol=1e-6)
    swapped = x[:, [1, 0, *range(2, 12)]]
    assert not torch.allclose(layer(x)[:, 2], layer(swapped)[:, 2])  # order matters when near
    far = layer(x)[:, 11], layer(swapped)[:, 11]
    assert torch.allclose(*far, atol=1e-6)  # and not beyond the last distance


def test_causal_attention_by_hand():
    torch.manual_seed(0)
    attention = CausalLayer(8, heads=2, ffn_size=8, distances=3, dropout=0.0).attention
    x = torch.randn(1, 6, 8)
    query, key, value = attention.qkv(x)[0].split(8, -1)
    mixed = torch.zeros(6, 8)
    for head in (slice(0, 4), slice(4, 8)):
        for i in range(6):
            scores = [
                query[i, head] @ (key[j, head] + attention.positions[min(i - j, 2)]) / 2
                for j in range(i + 1)
            ]
            mixed[i, head] = torch.stack(scores).softmax(0) @ value[: i + 1, head]
    torch.testing.assert_close(attention(x)[0], attention.out(mixed))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"conv_layers": []}, "conv_layers must be a list"),
        ({"conv_layers": [[10, 5]]}, "conv_layers must be a list"),
        ({"layers": 0}, "at least one"),
        ({"width": 1}, "variance of 1 channel"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        make(**options)
