"""Masked prediction: its loss, what it refuses, and that it learns."""

import math

import pytest
import torch
from small_quantizer import small_quantizer
from torch.nn import functional as F

from asrkit.batch import Batch, pad
from asrkit.encoders.logmel import LogMelEncoder
from asrkit.objectives.masking import draw_mask
from asrkit.objectives.prediction import PredictionObjective
from asrkit.quantizers.random_projection import RandomProjectionQuantizer


def make(groups=2, entries=5, **options):
    torch.manual_seed(0)
    encoder = LogMelEncoder(
        conv_layers=[[16, 3, 1], [16, 3, 2]], mels=10, width=16, layers=1, heads=2,
        positional=[8, 2, 1], dropout=0.0, attention_dropout=0.0, input_dropout=0.0, layerdrop=0.0,
    )  # fmt: skip
    quantizer = RandomProjectionQuantizer(20, groups=groups, entries=entries, vector_size=4)
    return PredictionObjective(encoder, quantizer, **{"mask_length": 4, **options})


def batch_of(*sizes):
    generator = torch.Generator().manual_seed(1)
    waves = [torch.randn(size, generator=generator) for size in sizes]
    keys = torch.arange(1, len(sizes) + 1)
    return Batch([str(key) for key in keys], keys, pad(waves))


def test_the_loss_is_cross_entropy_of_the_masked_frames():
    """Row by row and frame by frame, in float64."""
    objective, batch = make().eval(), batch_of(16_000, 9_000)
    objective.before_step(0)
    found = objective(batch)
    features = objective.encoder.extract(batch.speech)
    lengths = features.lengths.tolist()
    mask = draw_mask(objective.spans, batch.keys, lengths, features.data.shape[1], 0, 0, "mask")
    hidden = objective.encoder.contextualize(features, mask).output.data
    front = objective.encoder.front(batch.speech)
    weight, bias = objective.classifier.weight.double(), objective.classifier.bias.double()
    total, count, correct = 0.0, 0, 0.0
    for row, frame in mask.nonzero().tolist():
        one = front.data[row, frame][None]
        codes = objective.quantizer(one, torch.ones(1, dtype=torch.bool)).codes[0]
        scores = (hidden[row, frame].double() @ weight.t() + bias).view(2, 5)
        total += F.cross_entropy(scores, codes).item()
        correct += float((scores.argmax(1) == codes).double().mean())
        count += 1
    assert int(mask.sum()) == count == found.weight > 10
    assert float(found.loss) == pytest.approx(total, rel=1e-5)
    assert found.stats["accuracy"] == (pytest.approx(correct), count)


def test_targets_of_other_objectives_are_the_weights_of_the_codes():
    objective, batch = make().eval(), batch_of(16_000, 9_000)
    frames, output = objective.frames(batch)
    front = objective.encoder.front(batch.speech)
    code = objective.quantizer(front.data[1, :7], torch.ones(7, dtype=torch.bool)).codes[6]
    table = objective.classifier.weight.view(2, 5, 16)
    wanted = (table[0, code[0]] + table[1, code[1]]) / 2
    torch.testing.assert_close(frames.targets.data[1, 6], wanted)
    torch.testing.assert_close(frames.losses.sum(), output.loss)


def test_a_quantizer_that_learns_is_refused():
    objective = make()
    with pytest.raises(ValueError, match="set quantizer to random_projection"):
        PredictionObjective(objective.encoder, small_quantizer(16))


def test_padding_changes_nothing():
    objective = make().eval()
    both = objective(batch_of(16_000, 9_000))
    waves = batch_of(16_000, 9_000).speech
    alone = [
        objective(Batch([str(key)], torch.tensor([key]), pad([waves.data[key - 1, :size]])))
        for key, size in ((1, 16_000), (2, 9_000))
    ]
    assert float(both.loss) == pytest.approx(sum(float(one.loss) for one in alone), rel=1e-5)


def test_it_learns_and_begins_at_chance():
    objective, batch = make(groups=1, entries=8), batch_of(16_000, 9_000, 12_000)
    optimizer = torch.optim.Adam(objective.parameters(), 1e-2)
    losses = []
    for _ in range(40):
        output = objective(batch)
        optimizer.zero_grad()
        (output.loss / output.weight).backward()
        optimizer.step()
        losses.append(output.loss.item() / output.weight)
    assert losses[0] == pytest.approx(math.log(8), rel=0.25)
    assert losses[-1] < 0.6 * losses[0]


def test_frames_that_are_all_alike_are_said():
    objective = make(groups=1)
    objective.before_step(1000)
    assert objective.check_collapse({"code_perplexity": 3.0}) is None
    found = objective.check_collapse({"code_perplexity": 1.01})
    assert found is not None and found.fatal and "silence" in found.message
