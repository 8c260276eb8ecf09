"""data2vec's objective: loss, targets, teacher, guards."""

import math

import pytest
import torch
from torch.nn import functional as F

from asrkit.batch import Batch, pad
from asrkit.encoders.logmel import LogMelEncoder
from asrkit.objectives.masking import draw_mask
from asrkit.objectives.regression import RegressionObjective, smooth_l1

QUIET = {"dropout": 0.0, "attention_dropout": 0.0, "input_dropout": 0.0, "layerdrop": 0.0}


def make(encoder=None, **options):
    torch.manual_seed(0)
    small = {
        "mels": 12,
        "conv_layers": [[16, 3, 1], [16, 3, 2]],
        "width": 16,
        "layers": 3,
        "heads": 2,
        "positional": [9, 2, 3],
        **QUIET,
    }
    made = LogMelEncoder(**(small | (encoder or {})))
    return RegressionObjective(made, **{"top_k": 2, **options})


def batch_of(*lengths, keys=None):
    generator = torch.Generator().manual_seed(1)
    rows = [torch.randn(length, generator=generator) for length in lengths]
    keys = list(range(len(lengths))) if keys is None else keys
    return Batch([str(n) for n in lengths], torch.tensor(keys), pad(rows))


@pytest.mark.parametrize(
    ("beta", "distance", "loss"),
    [(0.25, 0.1, 0.02), (0.25, 0.25, 0.125), (0.25, 1.0, 0.875), (1.0, 2.0, 1.5), (0.0, 3.0, 9.0)],
)
@pytest.mark.parametrize("sign", [1, -1])
def test_published_points_of_smooth_l1(beta, distance, loss, sign):
    found = smooth_l1(torch.tensor([sign * distance]), torch.tensor([0.0]), beta)
    assert found.item() == pytest.approx(loss, rel=1e-6)


@pytest.mark.parametrize(("beta", "a_frame"), [(0.0, 27.7), (0.25, 18.9)])
def test_scale_of_a_frame_at_base_width(beta, a_frame):
    """A residual of unit variance over 768 channels costs what the released code's does."""
    x = torch.randn(4000, 768, generator=torch.Generator().manual_seed(0))
    loss = smooth_l1(x, torch.zeros_like(x), beta).sum(-1).mean() / math.sqrt(768)
    assert loss.item() == pytest.approx(a_frame, rel=0.01)


@pytest.mark.parametrize("target", ["ffn", "block"])
def test_targets_are_the_mean_of_normalized_top_layers(target):
    objective = make(target=target).eval()
    features = objective.encoder.extract(batch_of(16_000, 16_000).speech)
    hidden = objective.encoder.contextualize(features, every_layer=True)
    layers = (hidden.ffn if target == "ffn" else hidden.layers)[-2:]
    wanted = sum(F.instance_norm(x.transpose(1, 2)).transpose(1, 2) for x in layers) / 2
    torch.testing.assert_close(objective.targets(features).data, wanted, rtol=1e-4, atol=1e-5)


def test_targets_of_a_row_do_not_depend_on_its_batch():
    objective = make(encoder={"conv_norm": "layer"})
    together = objective.targets(objective.encoder.extract(batch_of(16_000, 9_000).speech))
    generator = torch.Generator().manual_seed(1)
    torch.randn(16_000, generator=generator)
    alone = pad([torch.randn(9_000, generator=generator)])
    single = objective.targets(objective.encoder.extract(alone))
    length = int(single.lengths[0])
    torch.testing.assert_close(together.data[1, :length], single.data[0], rtol=1e-4, atol=1e-4)
    assert together.data[1, length:].abs().max() == 0


def test_the_teacher_sees_no_mask_and_no_dropout():
    busy = make(encoder={"dropout": 0.3, "input_dropout": 0.3, "layerdrop": 0.5}).train()
    quiet = make().train()
    features = quiet.encoder.extract(batch_of(16_000).speech)
    torch.testing.assert_close(busy.targets(features).data, quiet.targets(features).data)
    assert not busy.targets(features).data.requires_grad


def test_loss_is_the_sum_over_masked_frames():
    objective = make()
    batch = batch_of(16_000, 12_000)
    frames, output = objective.frames(batch)
    assert output.weight == int(frames.counts.sum()) > 0
    predicted = objective.prediction(frames.hidden.data)
    each = F.smooth_l1_loss(predicted, frames.targets.data, reduction="none", beta=0.25)
    by_frame = each.sum(-1) / math.sqrt(16)
    mask = _mask(objective, batch)
    assert mask.sum() == output.weight
    assert output.loss.item() == pytest.approx(by_frame[mask].sum().item(), rel=1e-5)
    assert frames.losses[1].item() == pytest.approx(by_frame[1][mask[1]].sum().item(), rel=1e-5)


def _mask(objective, batch):
    features = objective.encoder.extract(batch.speech)
    size = features.data.shape[1]
    return draw_mask(
        objective.spans, batch.keys, features.lengths.tolist(), size, 0, objective.step, "mask"
    )


def test_gradient_reaches_the_student_alone():
    objective = make()
    objective(batch_of(16_000)).loss.backward()
    learning = {n for n, p in objective.named_parameters() if p.requires_grad}
    assert all(p.grad is not None for n, p in objective.named_parameters() if n in learning)
    assert not any(name.startswith("teacher") for name in learning)
    assert objective.encoder.mask_embedding.grad.abs().max() > 0
    assert objective.encoder.conv.convs[0].weight.grad.abs().max() > 0


def test_gradient_against_differences():
    objective = make(encoder={"layers": 2})
    batch = batch_of(8_000)
    objective(batch).loss.backward()
    weight = objective.prediction.weight
    direction = torch.randn(weight.shape, generator=torch.Generator().manual_seed(3))
    slope = (weight.grad * direction).sum().item()
    losses = []
    with torch.no_grad():
        for sign in (1, -1):
            weight += sign * 1e-2 * direction
            losses.append(objective(batch).loss.item())
            weight -= sign * 1e-2 * direction
    assert (losses[0] - losses[1]) / 2e-2 == pytest.approx(slope, rel=2e-2)


def test_nothing_masked_is_legal():
    objective = make()
    empty, usual = objective(batch_of(900)), objective(batch_of(16_000))
    assert empty.weight == 0 and empty.loss == 0
    assert empty.stats.keys() == usual.stats.keys()


def test_the_teacher_moves_after_a_step_only():
    objective = make(ema_start=0.5, ema_end=0.5)
    before = {n: t.clone() for n, t in objective.teacher.state_dict().items()}
    objective.before_step(0)
    objective(batch_of(16_000)).loss.backward()
    with torch.no_grad():
        for p in objective.encoder.parameters():
            p += 0.1
    objective.before_step(1)
    objective(batch_of(16_000))
    assert all(torch.equal(before[n], t) for n, t in objective.teacher.state_dict().items())
    objective.after_step(1)
    moved = objective.teacher.state_dict()
    name = "module.layers.0.fc1.weight"
    torch.testing.assert_close(moved[name], before[name] + 0.05)
    position = "module.position.blocks.0.weight"
    torch.testing.assert_close(moved[position], before[position] + 0.1)


@pytest.mark.parametrize(
    ("parts", "restarted"),
    [(["encoder"], True), (["encoder", "prediction"], True), (["encoder", "teacher"], False)],
)
def test_a_teacher_not_taken_over_becomes_the_students_copy(parts, restarted):
    objective = make()
    with torch.no_grad():
        objective.encoder.context.norm.weight += 1
    objective.after_init(parts)
    same = torch.equal(objective.teacher.module.norm.weight, objective.encoder.context.norm.weight)
    assert same is restarted


HEALTHY = {"target_std": 0.6, "prediction_std": 0.2, "features_std": 0.9}


@pytest.mark.parametrize(
    ("stats", "message"),
    [
        (HEALTHY, None),
        (HEALTHY | {"target_std": 0.05}, "targets have collapsed"),
        (HEALTHY | {"prediction_std": 0.005}, "predictions have collapsed"),
        (HEALTHY | {"features_std": 1e-5}, "features have collapsed"),
        ({}, None),
    ],
)
def test_guards(stats, message):
    objective = make(guard_after=100)
    objective.before_step(99)
    assert objective.check_collapse(stats) is None
    objective.before_step(100)
    found = objective.check_collapse(stats)
    assert (found is None) == (message is None)
    assert found is None or (message in found.message and found.fatal)


def averages(output):
    return {n: float(s) / float(c) for n, (s, c) in output.stats.items() if float(c)}


def test_a_constant_encoder_is_noticed():
    objective = make(guard_after=0)
    assert objective.check_collapse(averages(objective(batch_of(16_000, 12_000)))) is None
    with torch.no_grad():
        objective.encoder.feature_norm.weight.zero_()
    found = objective.check_collapse(averages(objective(batch_of(16_000, 12_000))))
    assert found is not None and "targets have collapsed" in found.message


def test_predictions_that_are_all_alike_are_noticed():
    objective = make(guard_after=0)
    with torch.no_grad():
        objective.prediction.weight.zero_()
    found = objective.check_collapse(averages(objective(batch_of(16_000))))
    assert found is not None and "predictions have collapsed" in found.message


def test_wrong_options_are_refused():
    with pytest.raises(ValueError, match="top_k is 4; the encoder has 3 layers"):
        make(top_k=4)
    with pytest.raises(ValueError, match="ffn or block"):
        make(target="hidden")
    with pytest.raises(ValueError, match="needs an encoder that masks"):
        RegressionObjective(torch.nn.Linear(2, 2))
    with pytest.raises(ValueError, match="needs speech"):
        make()(Batch(["a"], torch.tensor([0])))


def tones():
    """Four utterances of steps between two tones, at rates of their own."""
    time = torch.arange(16_000) / 16_000
    rows = []
    for number in range(4):
        high = (torch.arange(16_000) // (2400 + 400 * number)) % 2 == 1
        rows.append(torch.where(high, (2 * math.pi * 2500 * time).sin(), (1885 * time).sin()))
    return Batch(list("abcd"), torch.arange(4), pad(rows))


def test_training_learns_to_predict_and_stays_healthy():
    """The loss falls far below that of predicting the mean, which is zero."""
    objective = make(
        mask_prob=0.3, mask_length=4, ema_start=0.9, ema_end=0.99, ema_steps=60, guard_after=20
    )
    optimizer = torch.optim.Adam([p for p in objective.parameters() if p.requires_grad], lr=3e-3)
    ratios = []
    for step in range(80):
        objective.before_step(step)
        batch = tones()
        frames, output = objective.frames(batch)
        optimizer.zero_grad()
        (output.loss / output.weight).backward()
        optimizer.step()
        objective.after_step(step + 1)
        wanted = frames.targets.data[_mask(objective, batch)]
        mean = smooth_l1(torch.zeros_like(wanted), wanted, 0.25).sum(-1).mean() / 4
        ratios.append(output.loss.item() / output.weight / mean.item())
        assert objective.check_collapse(averages(output)) is None, step
    assert sum(ratios[:5]) / 5 > 1
    assert sum(ratios[-5:]) / 5 < 0.4
