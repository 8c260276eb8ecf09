"""The CPC objective: which frames are compared, what the loss is, and that it is learned."""

import math

import pytest
import torch
from torch.nn import functional as F

from asrkit.batch import Batch, pad
from asrkit.encoders.cpc import CpcEncoder
from asrkit.encoders.logmel import LogMelEncoder
from asrkit.noise import row_keys
from asrkit.objectives.cpc import Contexts, CpcObjective

CPU = torch.device("cpu")


def make(**options):
    torch.manual_seed(0)
    small = {"steps": 3, "negatives": 7, "heads": 2, "ffn_size": 16, "distances": 9, "dropout": 0.0}
    return CpcObjective(CpcEncoder(width=16), **{**small, **options})


def batch_of(*lengths, seed=1):
    generator = torch.Generator().manual_seed(seed)
    rows = [torch.randn(length, generator=generator) for length in lengths]
    return Batch([str(n) for n in lengths], torch.arange(len(rows)), pad(rows))


def test_released_size_of_the_predictors():
    with torch.device("meta"):
        objective = CpcObjective(CpcEncoder())
    layer = 4 * 256**2 + 2 * 256 * 2048 + 2048 + 256 + 4 * 256 + 116 * 32
    assert sum(p.numel() for p in objective.predictors.parameters()) == 12 * layer


def test_contexts_leave_room_for_every_step():
    contexts = Contexts.of(torch.tensor([5, 2, 4]), 6, 3, CPU)
    assert list(zip(contexts.rows.tolist(), contexts.frames.tolist(), strict=True)) == [
        (0, 0), (0, 1), (2, 0),
    ]  # fmt: skip
    assert contexts.order.tolist() == [0, 1, 2, 3, 4, 6, 7, 12, 13, 14, 15]
    assert contexts.begins.tolist() == [0, 5, 7]


def test_negatives_are_all_other_valid_frames_and_never_a_positive():
    lengths = torch.tensor([9, 2, 7])
    contexts = Contexts.of(lengths, 10, 3, CPU)
    drawn = contexts.negatives(torch.tensor([11, 12, 13]), 4000)
    valid = {row * 10 + t for row, n in enumerate(lengths.tolist()) for t in range(n)}
    for row, frame, found in zip(contexts.rows, contexts.frames, drawn, strict=True):
        now = int(row) * 10 + int(frame)
        assert set(found.tolist()) == valid - {now + 1, now + 2, now + 3}
        counts = torch.bincount(found)[list(valid - {now + 1, now + 2, now + 3})]
        assert counts.min() > 0.7 * 4000 / (len(valid) - 3)


def test_negatives_follow_the_row_not_the_batch():
    keys = torch.tensor([3, 4])
    both = Contexts.of(torch.tensor([8, 8]), 8, 3, CPU).negatives(keys, 5)
    again = Contexts.of(torch.tensor([8, 8]), 8, 3, CPU).negatives(keys.flip(0), 5)
    # row 0 of the second draw uses the key of row 1: the same places, seen from the other row
    assert not torch.equal(both[:5], again[:5])
    assert torch.equal(both, Contexts.of(torch.tensor([8, 8]), 8, 3, CPU).negatives(keys, 5))


def test_loss_by_hand():
    objective = make().eval()
    batch = batch_of(2_400, 1_500)
    output = objective(batch)
    features = objective.encoder.extract(batch.speech)
    hidden = objective.encoder.contextualize(features).output.data
    contexts = Contexts.of(features.lengths, features.data.shape[1], 3, CPU)
    negatives = contexts.negatives(row_keys(batch.keys, 0, 0, "negatives"), 7)
    flat = features.data.flatten(0, 1)
    total = torch.zeros(())
    for n, (row, t) in enumerate(zip(contexts.rows, contexts.frames, strict=True)):
        for ahead, predictor in enumerate(objective.predictors, start=1):
            prediction = predictor(hidden[row, : int(t) + 1][None])[0, -1]
            others = torch.cat([features.data[row, t + ahead][None], flat[negatives[n]]])
            scores = (others * prediction).mean(1)
            total += F.cross_entropy(scores[None], torch.tensor([0]))
    assert output.weight == int((features.lengths - 3).sum())
    assert output.loss.item() == pytest.approx(total.item(), rel=1e-5)
    bits = output.stats["loss_bits"]
    assert float(bits[0]) == pytest.approx(total.item() / 3 / math.log(2), rel=1e-5)


def test_chance_before_training():
    output = make(negatives=127).eval()(batch_of(16_000, 16_000))
    bits, count = output.stats["loss_bits"]
    assert float(bits) / count == pytest.approx(7, abs=0.1)
    assert float(output.stats["accuracy"][0]) / count < 0.1


@pytest.mark.parametrize("lengths", [(4_000, 3_000), (4_000, 100), (300, 400)])
def test_every_parameter_gets_a_finite_gradient(lengths):
    objective = make(dropout=0.1)
    output = objective(batch_of(*lengths))
    output.loss.backward()
    for name, parameter in objective.named_parameters():
        assert parameter.grad is not None and parameter.grad.isfinite().all(), name
    assert output.stats.keys() == objective(batch_of(16_000)).stats.keys()


def test_too_short_clips_weigh_nothing():
    assert make()(batch_of(300, 400)).weight == 0
    alone, both = make().eval()(batch_of(4_000)), make().eval()(batch_of(4_000, 100))
    assert both.weight == alone.weight
    assert both.loss.item() == pytest.approx(alone.loss.item(), rel=1e-4)


def test_rising_and_falling_tones_are_learned():
    """Every frame of a glide is another one, and the next ones follow from those before."""
    time = torch.arange(8_000) / 16_000
    glides = [(200, 3_000), (3_000, 200), (3_000, 7_000), (7_000, 3_000)]
    rows = [torch.sin(2 * math.pi * (a * time + (b - a) * time**2)) for a, b in glides]
    batch = Batch(list("abcd"), torch.arange(4), pad(rows))
    objective = make()
    optimizer = torch.optim.Adam(objective.parameters(), lr=1e-2)
    accuracy = []
    for step in range(110):
        objective.before_step(step)
        output = objective(batch)
        optimizer.zero_grad()
        (output.loss / output.weight).backward()
        optimizer.step()
        accuracy.append(float(output.stats["accuracy"][0]) / output.weight)
    assert accuracy[0] < 0.4
    assert accuracy[-1] > 0.65


def test_collapse_is_noticed():
    objective = make()
    objective.before_step(500)
    assert objective.check_collapse({"features_std": 1e-5}).fatal
    assert objective.check_collapse({"features_std": 0.2}) is None


def test_only_causal_encoders_of_one_width():
    with pytest.raises(ValueError, match="needs an encoder that is causal"):
        CpcObjective(LogMelEncoder(width=16, layers=1, heads=2, positional=[4, 2, 1]))


@pytest.mark.parametrize("options", [{"steps": 0}, {"negatives": 0}, {"distances": 0}])
def test_bad_options(options):
    with pytest.raises(ValueError, match="above 0"):
        make(**options)
