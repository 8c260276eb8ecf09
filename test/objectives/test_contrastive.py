"""The contrastive objective as the trainer sees it."""

import math

import pytest
import torch
from small_quantizer import small_quantizer

from asrkit.batch import Batch, pad
from asrkit.encoders.wav2vec2 import Wav2Vec2Encoder
from asrkit.objectives.contrastive import ContrastiveObjective
from asrkit.quantizers.gumbel import GumbelQuantizer

CONV = [[16, 10, 5], *[[16, 3, 2]] * 4, *[[16, 2, 2]] * 2]


def make(layerdrop=0.0, conv_norm="layer", **options):
    torch.manual_seed(0)
    encoder = Wav2Vec2Encoder(
        conv_layers=CONV,
        conv_norm=conv_norm,
        width=16,
        layers=2,
        heads=2,
        positional=[8, 2, 1],
        dropout=0.0,
        attention_dropout=0.0,
        input_dropout=0.0,
        layerdrop=layerdrop,
        feature_grad_mult=1.0,
    )
    quantizer = small_quantizer(16)
    return ContrastiveObjective(
        encoder, quantizer, **{"final_size": 8, "features_dropout": 0.0, **options}
    )


def batch_of(*lengths, keys=None):
    generator = torch.Generator().manual_seed(1)
    rows = [torch.randn(length, generator=generator) for length in lengths]
    keys = torch.arange(len(lengths)) if keys is None else torch.tensor(keys)
    return Batch(ids=[str(n) for n in lengths], keys=keys, speech=pad(rows))


@pytest.mark.parametrize(
    ("encoder", "size", "total"),
    [
        ({}, 256, 95_044_608),
        (
            {
                "conv_norm": "layer",
                "conv_bias": True,
                "width": 1024,
                "layers": 24,
                "heads": 16,
                "norm_first": True,
            },
            768,
            317_390_592,
        ),
    ],
    ids=["base", "large"],
)
def test_published_totals(encoder, size, total):
    with torch.device("meta"):
        objective = ContrastiveObjective(
            Wav2Vec2Encoder(**encoder), GumbelQuantizer(512, vector_size=size), final_size=size
        )
    assert sum(p.numel() for p in objective.parameters()) == total


def test_loss_is_the_sum_of_its_parts():
    objective = make(diversity_weight=0.3, features_weight=7.0)
    output = objective(batch_of(16000, 16000))
    stats = {name: float(total) / float(count) for name, (total, count) in output.stats.items()}
    wanted = stats["loss_contrastive"] + 0.3 * stats["diversity_penalty"]
    wanted += 7.0 * stats["features_power"]
    assert output.loss.item() / output.weight == pytest.approx(wanted, rel=1e-5)
    assert stats["loss"] == pytest.approx(wanted, rel=1e-5)
    assert stats["loss_bits"] == pytest.approx(stats["loss_contrastive"] / math.log(2))
    assert output.weight == objective.draw(*_drawn_for(objective, 16000, 16000)).mask.sum()


def _drawn_for(objective, *lengths):
    batch = batch_of(*lengths)
    return batch.keys, objective.encoder.extract(batch.speech)


def test_features_power_counts_valid_frames_only():
    objective = make().eval()
    one = objective(batch_of(16000)).stats["features_power"][0]
    generator = torch.Generator().manual_seed(1)
    row = torch.randn(16000, generator=generator)
    both = objective(
        Batch(ids=["a", "b"], keys=torch.tensor([0, 1]), speech=pad([row, row.repeat(2)[:20000]]))
    ).stats["features_power"][0]
    longer = objective(
        Batch(ids=["b"], keys=torch.tensor([1]), speech=pad([row.repeat(2)[:20000]]))
    ).stats["features_power"][0]
    assert float(both) == pytest.approx((49 * float(one) + 62 * float(longer)) / 111, rel=1e-4)


@pytest.mark.parametrize("layerdrop", [0.0, 0.999])
@pytest.mark.parametrize("lengths", [(9000, 8000), (16000, 300), (300, 350)])
def test_every_parameter_gets_a_finite_gradient(layerdrop, lengths):
    objective = make(layerdrop=layerdrop)
    output = objective(batch_of(*lengths))
    output.loss.backward()
    for name, parameter in objective.named_parameters():
        assert parameter.grad is not None and parameter.grad.isfinite().all(), name


def test_nothing_masked_is_legal():
    objective = make()
    empty, usual = objective(batch_of(300, 350)), objective(batch_of(9000))
    assert empty.weight == 0 and empty.loss == 0
    assert empty.stats.keys() == usual.stats.keys()
    assert all(float(count) == 0 for _, count in empty.stats.values())


def test_negatives_may_come_from_all_frames():
    objective = make(negatives_from="all")
    _, features = _drawn_for(objective, 16000, 9000)
    draws = objective.draw(torch.arange(2), features)
    frames = set(draws.negatives[0].flatten().tolist())
    assert frames == set(range(int(features.lengths[0])))
    assert draws.negatives[1].max() < features.lengths[1]
    output, usual = objective(batch_of(16000, 9000)), make()(batch_of(16000, 9000))
    assert output.weight == usual.weight and not torch.equal(output.loss, usual.loss)
    output.loss.backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in objective.parameters())
    assert objective(batch_of(300, 350)).loss == 0
    with pytest.raises(ValueError, match="negatives_from is masked or all"):
        make(negatives_from="everywhere")


def test_positives_and_the_choice_of_every_frame_have_noise_of_their_own():
    objective = make(negatives_from="all")
    features, _ = objective._features(batch_of(12000))
    draws = objective.draw(torch.tensor([3]), features)
    assert draws.every.shape[1] == features.data.shape[1]
    size = draws.noise.shape[1]
    assert not torch.equal(draws.every[:, :size], draws.noise)
    assert not torch.equal(draws.picks.take(draws.every), draws.noise)
    assert make().draw(torch.tensor([3]), features).every is None


def test_a_short_row_adds_nothing():
    objective = make().eval()
    alone, both = objective(batch_of(16000)), objective(batch_of(16000, 300))
    assert alone.weight == both.weight
    assert float(both.stats["loss_contrastive"][0]) == pytest.approx(
        float(alone.stats["loss_contrastive"][0]), rel=1e-5
    )


def test_rows_add_up_when_counts_may_differ():
    objective = make(require_same_masks=False, diversity_weight=0.0, features_weight=0.0)
    both = objective(batch_of(16000, 12000))
    generator = torch.Generator().manual_seed(1)
    rows = [torch.randn(length, generator=generator) for length in (16000, 12000)]
    single = [
        objective(Batch(ids=["x"], keys=torch.tensor([key]), speech=pad([row])))
        for key, row in enumerate(rows)
    ]
    assert both.weight == sum(output.weight for output in single)
    assert both.loss.item() == pytest.approx(sum(o.loss.item() for o in single), rel=1e-4)


def test_a_step_is_a_function_of_seed_step_and_key():
    objective = make()
    first = objective(batch_of(9000)).loss
    assert torch.equal(first, objective(batch_of(9000)).loss)
    assert not torch.equal(first, objective(batch_of(9000, keys=[5])).loss)
    objective.before_step(1)
    assert not torch.equal(first, objective(batch_of(9000)).loss)
    objective.before_step(0)
    objective.seed = 3
    assert not torch.equal(first, objective(batch_of(9000)).loss)


def test_validation_does_not_depend_on_the_step():
    objective = make().eval()
    first = objective(batch_of(9000)).loss
    objective.before_step(77)
    assert torch.equal(first, objective(batch_of(9000)).loss)


def test_forward_changes_no_state():
    objective = make(layerdrop=0.3)
    before = {name: tensor.clone() for name, tensor in objective.state_dict().items()}
    for _ in range(2):
        objective(batch_of(9000))
    assert all(torch.equal(before[n], t) for n, t in objective.state_dict().items())


def test_frames_have_targets_everywhere():
    objective = make()
    batch = batch_of(9000, 7000)
    frames, output = objective.frames(batch)
    assert frames.targets.data.shape[:2] == frames.hidden.data.shape[:2]
    assert frames.targets.data.shape[2] == 8
    assert frames.targets.lengths.tolist() == frames.hidden.lengths.tolist()
    assert torch.equal(output.loss, objective(batch).loss)


def test_training_lowers_the_loss():
    """With the same masks, distractors and noise in every step the model can learn them."""
    batch = batch_of(12000)
    objective = make(features_weight=0.0)
    optimizer = torch.optim.Adam(objective.parameters(), lr=1e-2)
    losses = []
    for _ in range(40):
        output = objective(batch)
        optimizer.zero_grad()
        (output.loss / output.weight).backward()
        optimizer.step()
        losses.append(output.loss.item() / output.weight)
    assert losses[-1] < 0.6 * losses[0]


def test_speech_is_needed():
    with pytest.raises(ValueError, match="needs speech"):
        make()(Batch(ids=["a"], keys=torch.tensor([0])))


@pytest.mark.parametrize("options", [{"negatives": 0}, {"temperature": 0.0}])
def test_bad_options(options):
    with pytest.raises(ValueError, match="above 0"):
        make(**options)
