"""data2vec's network and targets against transformers' Data2VecAudioModel: the same weights."""

import pytest
import torch
from torch.nn import functional as F

from asrkit.batch import Padded, pad
from asrkit.convert.names import to_asrkit
from asrkit.encoders.wav2vec2 import Wav2Vec2Encoder
from asrkit.objectives.regression import RegressionObjective

transformers = pytest.importorskip("transformers")

WIDTH, CONV, LAYERS, HEADS, DEPTH, KERNEL = 48, 24, 3, 4, 5, 19
KERNELS, STRIDES = [10, 3, 3, 3, 3, 2, 2], [5, 2, 2, 2, 2, 2, 2]


@pytest.fixture(scope="module")
def theirs():
    config = transformers.Data2VecAudioConfig(
        hidden_size=WIDTH,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        intermediate_size=4 * WIDTH,
        conv_dim=[CONV] * 7,
        conv_kernel=KERNELS,
        conv_stride=STRIDES,
        conv_bias=False,
        conv_pos_kernel_size=KERNEL,
        num_conv_pos_embeddings=DEPTH,
        num_conv_pos_embedding_groups=4,
        attn_implementation="eager",
    )
    torch.manual_seed(1)
    model = transformers.Data2VecAudioModel(config).eval()
    for parameter in model.parameters():  # no norm or bias at its idle value
        if parameter.dim() == 1:
            parameter.data += 0.1 * torch.randn_like(parameter)
    return model


@pytest.fixture(scope="module")
def ours(theirs):
    encoder = Wav2Vec2Encoder(
        conv_layers=[[CONV, k, s] for k, s in zip(KERNELS, STRIDES, strict=True)],
        conv_norm="layer",
        width=WIDTH,
        layers=LAYERS,
        heads=HEADS,
        positional=[KERNEL * DEPTH, 4, DEPTH],
    )
    objective = RegressionObjective(encoder, top_k=2).eval()
    encoder.load_state_dict(from_hf(theirs.state_dict()))
    objective.after_init(["encoder"])
    return objective


def from_hf(tensors):
    ours, unknown = to_asrkit(tensors, "huggingface", "transformers")
    assert not unknown
    return {name.removeprefix("encoder."): tensor for name, tensor in ours.items()}


@pytest.mark.parametrize("samples", [6400, 7777])
def test_every_layer_and_its_targets(theirs, ours, samples):
    speech = torch.randn(2, samples, generator=torch.Generator().manual_seed(2))
    ffn = []
    hooks = [
        layer.feed_forward.output_dense.register_forward_hook(lambda _m, _i, out: ffn.append(out))
        for layer in theirs.encoder.layers
    ]
    with torch.no_grad():
        found = theirs(speech, output_hidden_states=True)
        features = ours.encoder.extract(Padded(speech, torch.tensor([samples, samples])))
        hidden = ours.encoder.contextualize(features, every_layer=True)
    for hook in hooks:
        hook.remove()
    close = {"rtol": 1e-4, "atol": 1e-5}
    torch.testing.assert_close(hidden.output.data, found.last_hidden_state, **close)
    for mine, other in zip(hidden.layers, found.hidden_states, strict=True):
        torch.testing.assert_close(mine, other, **close)
    for mine, other in zip(hidden.ffn, ffn, strict=True):
        torch.testing.assert_close(mine, other, **close)
    wanted = sum(F.instance_norm(x.transpose(1, 2)).transpose(1, 2) for x in ffn[-2:]) / 2
    torch.testing.assert_close(ours.targets(features).data, wanted, rtol=1e-3, atol=1e-4)


def test_parameters_of_base():
    """The released Base: 93.16 M in Data2VecAudioModel, which has no prediction layer."""
    with torch.device("meta"):
        encoder = Wav2Vec2Encoder(conv_norm="layer", positional=[95, 16, 5])
        model = transformers.Data2VecAudioModel(transformers.Data2VecAudioConfig())
    mine = sum(p.numel() for p in encoder.parameters())
    assert mine == sum(p.numel() for p in model.parameters())
    assert encoder.output_lengths(pad([torch.zeros(16_000)]).lengths).tolist() == [49]
