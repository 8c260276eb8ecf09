"""wav2vec 2.0 and log-mel encoders: lengths, sizes, padding, gradients, masks."""

import pytest
import torch
from torch.nn import functional as F

from asrkit.batch import Padded, pad
from asrkit.encoders.logmel import LogMelEncoder
from asrkit.encoders.normalize import normalize_waveform
from asrkit.encoders.transformer import Transformer
from asrkit.encoders.wav2vec2 import Wav2Vec2Encoder

RAW = [[24, 10, 5], *[[24, 3, 2]] * 4, *[[24, 2, 2]] * 2]
QUIET = {
    "dropout": 0.0,
    "attention_dropout": 0.0,
    "input_dropout": 0.0,
    "layerdrop": 0.0,
}
SMALL = {"width": 32, "layers": 2, "heads": 4, "positional": [16, 4, 1]}


def raw(**options):
    torch.manual_seed(0)
    return Wav2Vec2Encoder(**{"conv_layers": RAW, **SMALL, **QUIET, **options})


def logmel(**options):
    torch.manual_seed(0)
    return LogMelEncoder(
        **{"mels": 20, "conv_layers": [[24, 3, 1], [24, 3, 2]], **SMALL, **QUIET, **options}
    )


ENCODERS = {
    "group": raw,
    "layer": lambda **o: raw(**{"conv_norm": "layer", "conv_bias": True, "normalize": True, **o}),
    "pre-norm": lambda **o: raw(**{"conv_norm": "layer", "norm_first": True, **o}),
    "data2vec": lambda **o: raw(**{"conv_norm": "layer", "positional": [20, 4, 3], **o}),
    "logmel": logmel,
}


@pytest.fixture(params=ENCODERS)
def make(request):
    return ENCODERS[request.param]


def test_published_lengths():
    samples = torch.tensor([399, 400, 16000, 32000, 80000, 160000, 240000, 250000, 320000])
    frames = [0, 1, 49, 99, 249, 499, 749, 781, 999]
    assert raw().output_lengths(samples).tolist() == frames
    assert raw().conv.receptive_field == 400


@pytest.mark.parametrize("samples", [400, 719, 720, 1039, 1040, 5000, 5119, 5120, 16001])
def test_lengths_agree_with_extract(make, samples):
    encoder = make()
    x = Padded(torch.randn(1, samples), torch.tensor([samples]))
    features = encoder.extract(x)
    assert encoder.output_lengths(x.lengths).tolist() == features.lengths.tolist()
    assert features.data.shape[1] == max(int(features.lengths), 1)
    assert features.data.shape[2] == encoder.feature_size
    assert encoder(x).output.data.shape[2] == encoder.output_size


def test_padded_equals_single(make):
    encoder = make().eval()
    rows = [torch.randn(n) + 0.1 for n in (9000, 6001, 4003)]
    together = encoder(pad(rows)).output
    for number, row in enumerate(rows):
        alone = encoder(pad([row])).output
        length = int(alone.lengths[0])
        assert int(together.lengths[number]) == length
        difference = together.data[number, :length] - alone.data[0]
        assert difference.abs().max() < 1e-5 * alone.data.abs().max()


def test_too_short_rows_are_legal(make):
    encoder = make()
    x = pad([torch.randn(30), torch.randn(4000)])
    out = encoder(x, torch.zeros(2, int(encoder.output_lengths(x.lengths)[1]), dtype=torch.bool))
    assert out.output.lengths[0] == 0
    out.output.data.sum().backward()
    assert all(p.grad.isfinite().all() for p in encoder.parameters())
    assert encoder(pad([torch.randn(30)])).output.lengths.tolist() == [0]


@pytest.mark.parametrize("masked", [True, False])
@pytest.mark.parametrize("layerdrop", [0.0, 0.999])
def test_every_parameter_gets_a_gradient(make, layerdrop, masked):
    encoder = make(layerdrop=layerdrop, dropout=0.1, attention_dropout=0.1)
    features = encoder.extract(pad([torch.randn(4000), torch.randn(3000)]))
    mask = torch.rand(features.data.shape[:2]) < 0.5 if masked else None
    encoder.contextualize(features, mask).output.data.square().sum().backward()
    assert [n for n, p in encoder.named_parameters() if p.grad is None] == []


def test_forward_changes_no_state(make):
    encoder = make(layerdrop=0.5, dropout=0.1, attention_dropout=0.1)
    before = {name: tensor.clone() for name, tensor in encoder.state_dict().items()}
    for _ in range(2):
        encoder(pad([torch.randn(4000)]))
    after = encoder.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_layerdrop_follows_the_seed_and_its_probability():
    torch.manual_seed(0)
    stack = Transformer(
        8,
        layers=20,
        heads=2,
        norm_first=False,
        positional=[4, 2, 1],
        dropout=0.0,
        attention_dropout=0.0,
        activation_dropout=0.0,
        layerdrop=0.3,
    )
    torch.manual_seed(5)
    first = [stack._kept() for _ in range(200)]
    torch.manual_seed(5)
    assert first == [stack._kept() for _ in range(200)]
    share = sum(map(sum, first)) / 4000
    assert share == pytest.approx(0.7, abs=0.03)
    assert all(stack.eval()._kept())


def test_time_mask_hides_the_masked_frames(make):
    encoder = make(norm_first=False).eval()
    features = encoder.extract(pad([torch.randn(6000)]))
    mask = torch.zeros(1, features.data.shape[1], dtype=torch.bool)
    mask[0, 3:7] = True
    other = Padded(features.data + mask[..., None] * torch.randn(24), features.lengths)
    one = encoder.contextualize(features, mask).output.data
    two = encoder.contextualize(other, mask).output.data
    assert torch.equal(one, two)
    assert not torch.allclose(one, encoder.contextualize(features).output.data)


def test_input_dropout_acts_before_the_mask(make):
    """Of the projected frames a share is dropped, the rest scaled; mask_embedding is not."""
    encoder = make(input_dropout=0.25)
    features = encoder.extract(pad([torch.randn(30_000)]))
    mask = torch.arange(features.data.shape[1])[None] % 2 == 0
    heard = []
    encoder.context.register_forward_pre_hook(lambda _, inputs: heard.append(inputs[0].data))
    encoder.contextualize(features, mask)
    encoder.eval().contextualize(features, mask)
    for frames in heard:
        assert (frames[mask] == encoder.mask_embedding).all()
    projected = encoder.projected(features).data[~mask]
    assert torch.equal(heard[1][~mask], projected)
    kept = heard[0][~mask] != 0
    assert kept.float().mean().item() == pytest.approx(0.75, abs=0.05)
    torch.testing.assert_close(heard[0][~mask][kept], projected[kept] / 0.75)


def test_channel_mask_hides_channels():
    encoder = raw().eval()
    features = encoder.extract(pad([torch.randn(6000)]))
    hidden = torch.zeros(1, 32, dtype=torch.bool)
    hidden[0, :5] = True
    one = encoder.contextualize(features, channel_mask=hidden).output.data
    with torch.no_grad():
        encoder.projection.weight[:5] = 7.0  # feeds hidden channels only
    assert torch.equal(one, encoder.contextualize(features, channel_mask=hidden).output.data)


def test_channels_are_masked_row_by_row(make):
    encoder = make().eval()
    features = encoder.extract(pad([torch.randn(6000), torch.randn(6000)]))
    hidden = torch.zeros(2, 32, dtype=torch.bool)
    hidden[0, :5] = hidden[1, 20:] = True
    both = encoder.contextualize(features, channel_mask=hidden).output.data
    for row in (0, 1):
        one = Padded(features.data[row : row + 1], features.lengths[row : row + 1])
        alone = encoder.contextualize(one, channel_mask=hidden[row : row + 1]).output.data
        torch.testing.assert_close(both[row], alone[0], rtol=1e-4, atol=1e-5)


def test_activation_dropout_acts_between_the_feed_forward_products():
    layer = raw(activation_dropout=0.25).context.layers[0]
    seen = []
    layer.fc2.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    x = torch.randn(1, 200, 32)
    layer._ffn(x), layer.eval()._ffn(x)
    torch.testing.assert_close(seen[1], F.gelu(layer.fc1(x)))
    kept = seen[0] != 0
    assert kept.float().mean().item() == pytest.approx(0.75, abs=0.02)
    torch.testing.assert_close(seen[0][kept], seen[1][kept] / 0.75)


def test_every_layer():
    encoder = raw().eval()
    features = encoder.extract(pad([torch.randn(6000)]))
    hidden = encoder.contextualize(features, every_layer=True)
    assert len(hidden.layers) == 3 and len(hidden.ffn) == 2
    assert torch.equal(hidden.layers[-1], hidden.output.data)
    assert encoder.contextualize(features).layers == ()


def test_a_dropped_layer_has_no_feed_forward_output():
    encoder = raw(layers=6, layerdrop=0.5)
    features = encoder.extract(pad([torch.randn(4000)]))
    torch.manual_seed(1)
    kept = encoder.context._kept()
    torch.manual_seed(1)
    hidden = encoder.contextualize(features, every_layer=True)
    assert 0 < sum(kept) < 6
    assert len(hidden.ffn) == sum(kept)
    for number, there in enumerate(kept):
        assert torch.equal(hidden.layers[number], hidden.layers[number + 1]) is not there


@pytest.mark.parametrize("factor", [0.1, 1.0])
def test_feature_grad_mult_scales_the_conv_gradients(factor):
    encoder = raw(feature_grad_mult=factor)
    reference = raw(feature_grad_mult=1.0)
    x = pad([torch.randn(4000)])
    for model in (encoder, reference):
        model(x, torch.zeros(1, 12, dtype=torch.bool)).output.data.square().sum().backward()
    for one, other in zip(encoder.conv.parameters(), reference.conv.parameters(), strict=True):
        assert torch.allclose(one.grad, factor * other.grad, rtol=1e-4, atol=1e-6)
    assert torch.equal(encoder.projection.weight.grad, reference.projection.weight.grad)


def test_feature_grad_mult_zero_freezes_the_conv_stack():
    encoder = raw(feature_grad_mult=0.0)
    encoder(pad([torch.randn(4000)])).output.data.sum().backward()
    assert all(not p.requires_grad for p in encoder.conv.parameters())
    assert all(p.grad is not None for p in encoder.parameters() if p.requires_grad)
    assert encoder.feature_norm.weight.grad is not None


def test_normalize_waveform():
    rows = [3 + 2 * torch.randn(700), 0.001 * torch.randn(400)]
    x = pad(rows)
    out = normalize_waveform(x)
    for number, row in enumerate(rows):
        wanted = F.layer_norm(row, row.shape, eps=1e-5)
        assert torch.allclose(out[number, : row.numel()], wanted, atol=1e-5)
    assert (out[1, 400:] == 0).all()
    assert torch.allclose(normalize_waveform(pad(rows[:1])), out[:1], atol=1e-5)


def test_logmel_ignores_loudness_and_padding():
    encoder = logmel().eval()
    speech = torch.randn(5000)
    one = encoder.conv_input(pad([speech]))
    loud = encoder.conv_input(pad([8 * speech, torch.randn(7000)]))
    length = int(one.lengths[0])
    assert torch.allclose(one.data[0], loud.data[0, :length], atol=1e-3)
    assert (loud.data[0, length:] == 0).all()
    assert one.data[0].mean(0).abs().max() < 1e-4


def test_released_initial_values():
    torch.manual_seed(0)
    encoder = Wav2Vec2Encoder(width=768, layers=1)
    assert encoder.conv.convs[0].weight.std().item() == pytest.approx(0.447, rel=0.05)
    assert encoder.conv.convs[1].weight.std().item() == pytest.approx(0.0361, rel=0.05)
    position = encoder.context.position.blocks[0]
    assert position.weight_v.std().item() == pytest.approx(0.00638, rel=0.02)
    assert position.weight_g.shape == (1, 1, 128)
    layer = encoder.context.layers[0]
    assert layer.fc1.weight.std().item() == pytest.approx(0.02, rel=0.02)
    assert layer.attention.qkv.bias.abs().max() == 0
    assert encoder.projection.weight.abs().max().item() == pytest.approx(0.0442, rel=0.01)
    assert 0.4 < encoder.mask_embedding.mean() < 0.6 and encoder.mask_embedding.min() >= 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"conv_norm": "batch"}, "conv_norm is 'batch'"),
        ({"conv_layers": [[8, 3]]}, "conv_layers must be a list"),
        ({"conv_layers": []}, "conv_layers must be a list"),
        ({"heads": 5}, "not a multiple of 5 heads"),
        ({"positional": [16, 5, 1]}, "not a multiple of the 5 position groups"),
        ({"positional": [16, 4]}, "positional must be"),
        ({"dropout": 1.5}, "dropout of 1.5"),
        ({"layerdrop": 1.0}, "layerdrop"),
        ({"feature_grad_mult": -1.0}, "feature_grad_mult"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        raw(**options)
