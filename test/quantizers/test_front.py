"""A quantizer of the fixed front end: what it sees, and that no training changes its codes."""

import pytest
import torch
from torch import nn

from asrkit.analysis.layers import Viewer
from asrkit.batch import Batch, pad
from asrkit.build import build_objective, resolve
from asrkit.encoders.logmel import LogMelEncoder
from asrkit.encoders.wav2vec2 import Wav2Vec2Encoder
from asrkit.options import Options

NETWORK = {"width": 16, "layers": 1, "heads": 2, "positional": [8, 2, 1]}
MEL = {"conv_layers": [[16, 3, 1], [16, 3, 2]], "mels": 10, **NETWORK}
WAVE = {"conv_layers": [[16, 10, 5], [16, 8, 4], [16, 4, 4], [16, 4, 4]], **NETWORK}


def build(encoder: str, conf: dict) -> nn.Module:
    torch.manual_seed(0)
    options = Options(
        objective="contrastive",
        objective_conf={"negatives": 5, "final_size": 8, "features_dropout": 0.0},
        encoder=encoder,
        encoder_conf=conf,
        quantizer="random_projection",
        quantizer_conf={"entries": 8, "vector_size": 4},
        optimizer_conf={"lr": 1e-3},
    )
    return build_objective(resolve(options), None)


def batch() -> Batch:
    generator = torch.Generator().manual_seed(1)
    waves = [torch.randn(n, generator=generator) for n in (16_000, 12_345)]
    return Batch(["x", "y"], torch.tensor([1, 2]), pad(waves))


@pytest.mark.parametrize(
    ("encoder", "conf", "size"), [("logmel", MEL, 20), ("wav2vec2", WAVE, 320)]
)
def test_a_quantizer_of_front_frames_is_built_and_trains(encoder, conf, size):
    objective = build(encoder, conf)
    assert objective.quantizer.input_size == objective.encoder.front_size == size
    objective.train()
    objective.before_step(3)
    optimizer = torch.optim.SGD(objective.parameters(), 1e-3)

    def codes():
        front = objective.encoder.front(batch().speech)
        rows = front.data.flatten(0, 1)
        return objective.quantizer(rows, front.valid().flatten()).codes

    before = codes()
    assert len(before.unique()) > 3
    output = objective(batch())
    output.loss.backward()
    assert all(p.grad is not None for p in objective.parameters() if p.requires_grad)
    optimizer.step()
    assert not torch.equal(objective(batch()).loss, output.loss)
    assert torch.equal(codes(), before)


def test_the_quantizer_sees_the_log_mel_frames_under_each_frame():
    """Of the convolutions' five log-mel frames, two apart, the middle two."""
    encoder = LogMelEncoder(**MEL)
    speech = batch().speech
    mels, front = encoder.conv_input(speech).data, encoder.front(speech)
    assert front.lengths.tolist() == encoder.extract(speech).lengths.tolist()
    for frame in range(front.data.shape[1]):
        seen = mels[:, 2 * frame + 1 : 2 * frame + 3].flatten(1)
        assert torch.equal(front.data[:, frame], seen)


def test_the_quantizer_sees_the_samples_under_each_frame():
    encoder = Wav2Vec2Encoder(**WAVE, normalize=False)
    speech = batch().speech
    front = encoder.front(speech)
    field = encoder.conv.receptive_field
    begin = (field - 320) // 2
    assert front.lengths.tolist() == encoder.extract(speech).lengths.tolist()
    assert torch.equal(front.data[0, 7], speech.data[0, 7 * 320 + begin : 8 * 320 + begin])


def test_its_codes_are_looked_at_as_any_other():
    objective = build("logmel", MEL).eval()
    wave = batch().speech.data[0]
    front = objective.encoder.front(pad([wave])).data[0]
    want = objective.quantizer(front, torch.ones(len(front), dtype=torch.bool)).codes
    assert Viewer(objective).view(wave.numpy()).codes.tolist() == want.tolist()
