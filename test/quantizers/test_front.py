"""A quantizer of the fixed front end, as BEST-RQ has it: the contracts carry it from end to end."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from asrkit import choices
from asrkit.analysis.layers import Viewer
from asrkit.batch import Batch, pad
from asrkit.build import build_objective, resolve
from asrkit.encoders.logmel import LogMelEncoder
from asrkit.encoders.wav2vec2 import Wav2Vec2Encoder
from asrkit.options import Options
from asrkit.quantizers.base import Quantized, Quantizer

NETWORK = {"width": 16, "layers": 1, "heads": 2, "positional": [8, 2, 1]}
MEL = {"conv_layers": [[16, 3, 1], [16, 3, 2]], "mels": 10, **NETWORK}
WAVE = {"conv_layers": [[16, 10, 5], [16, 8, 4], [16, 4, 4], [16, 4, 4]], **NETWORK}


class RandomProjection(Quantizer):
    """The nearest of random unit vectors to a random projection; nothing in it learns."""

    reads_front = True

    def __init__(self, input_size: int, *, entries: int = 8, size: int = 4) -> None:
        super().__init__()
        self.input_size, self.output_size = input_size, size
        self.groups, self.entries = 1, entries
        self.register_buffer("projection", torch.randn(input_size, size))
        self.register_buffer("codebook", F.normalize(torch.randn(entries, size), dim=1))

    @property
    def noise_size(self) -> int:
        return 0

    def forward(self, x: Tensor, valid: Tensor, noise: Tensor | None = None) -> Quantized:
        codes = (F.normalize(x @ self.projection, dim=1) @ self.codebook.t()).argmax(1)
        shares = F.one_hot(codes[valid], self.entries).float().mean(0)
        perplexity = torch.exp(-(shares * torch.log(shares + 1e-7)).sum())
        penalty = 1 - perplexity / self.entries
        return Quantized(self.codebook[codes], codes[:, None], perplexity, perplexity, penalty)


@pytest.fixture(autouse=True)
def choice(monkeypatch):
    monkeypatch.setitem(choices.QUANTIZERS, "random_projection", RandomProjection)


def build(encoder: str, conf: dict) -> nn.Module:
    torch.manual_seed(0)
    options = Options(
        objective="contrastive",
        objective_conf={"negatives": 5, "final_size": 8, "features_dropout": 0.0},
        encoder=encoder,
        encoder_conf=conf,
        quantizer="random_projection",
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
