"""The CTC objective: loss, infeasible and empty texts, freezing, masks, scores."""

import dataclasses
import math

import pytest
import torch
from torch.nn import functional as F

from asrkit.align import edit_distance
from asrkit.batch import Batch, Padded, pad
from asrkit.decode.greedy import greedy_tokens as greedy
from asrkit.encoders.wav2vec2 import Wav2Vec2Encoder
from asrkit.objectives.ctc import CtcObjective, infeasible
from asrkit.tokens import TokenList

CONV = [[16, 10, 5], *[[16, 3, 2]] * 4, *[[16, 2, 2]] * 2]
TOKENS = TokenList.build("abcdef")


def make(encoder=None, **options):
    torch.manual_seed(0)
    encoder = Wav2Vec2Encoder(
        conv_layers=CONV,
        conv_norm="layer",
        width=16,
        layers=2,
        heads=2,
        positional=[8, 2, 1],
        **{
            "dropout": 0.0,
            "attention_dropout": 0.0,
            "input_dropout": 0.0,
            "layerdrop": 0.0,
            "feature_grad_mult": 1.0,
            **(encoder or {}),
        },
    )
    return CtcObjective(encoder, TOKENS, **{"mask_prob": 0.0, "channel_mask_prob": 0.0, **options})


def batch_of(*texts, samples=9000):
    generator = torch.Generator().manual_seed(1)
    rows = [torch.randn(samples - 500 * n, generator=generator) for n in range(len(texts))]
    text = pad([torch.tensor(row, dtype=torch.int64) for row in texts])
    ids = [str(n) for n in range(len(texts))]
    return Batch(ids=ids, keys=torch.arange(len(texts)), speech=pad(rows), text=text)


def test_loss_is_the_sum_over_utterances():
    objective = make().eval()
    texts = [[2, 3, 4], [5, 5], [7]]
    output = objective(batch_of(*texts))
    log_probs = objective.log_probs(batch_of(*texts))
    wanted = 0.0
    for row, text in enumerate(texts):
        length = int(log_probs.lengths[row])
        wanted += F.ctc_loss(
            log_probs.data[row, :length, None],
            torch.tensor([text]),
            torch.tensor([length]),
            torch.tensor([len(text)]),
            reduction="sum",
        ).item()
    assert output.weight == 3
    assert output.loss.item() == pytest.approx(wanted, rel=1e-5)
    assert log_probs.data.dtype == torch.float32
    assert log_probs.data.exp().sum(-1).allclose(torch.ones(1), atol=1e-5)


def test_padding_of_labels_and_speech_has_no_effect():
    objective = make().eval()
    both = objective(batch_of([2, 3, 4], [5]))
    first = batch_of([2, 3, 4], [5])
    rows = [first.speech.data[n, : first.speech.lengths[n]] for n in range(2)]
    single = [
        objective(Batch(ids=["x"], keys=torch.tensor([n]), speech=pad([rows[n]]), text=pad([t])))
        for n, t in enumerate([torch.tensor([2, 3, 4]), torch.tensor([5])])
    ]
    assert both.loss.item() == pytest.approx(sum(o.loss.item() for o in single), rel=1e-5)


def test_infeasible_is_counted_and_costs_nothing():
    objective = make()
    frames = int(objective.encoder.output_lengths(torch.tensor([9000])))
    exact = [2 + n % 2 for n in range(frames)]
    output = objective(batch_of(exact))
    assert output.stats["infeasible"] == (0, 1) and output.loss > 0
    for text in ([*exact, 4], [2] * (frames // 2 + 2)):
        output = objective(batch_of(text))
        assert output.stats["infeasible"] == (1, 1)
        assert output.loss == 0
        output.loss.backward()
        assert all(p.grad.isfinite().all() for p in objective.parameters() if p.grad is not None)


@pytest.mark.parametrize(
    ("frames", "text", "bad"),
    [(3, [2, 3, 4], 0), (2, [2, 3, 4], 1), (3, [2, 2], 0), (2, [2, 2], 1), (1, [], 0), (0, [], 0)],
)
def test_frames_a_text_needs(frames, text, bad):
    padded = Padded(torch.tensor([[*text, 9, 9, 9]]), torch.tensor([len(text)]))
    assert infeasible(torch.tensor([frames]), padded) == bad


def test_empty_text_costs_its_blanks():
    objective = make().eval()
    batch = batch_of([2, 3], [])
    log_probs = objective.log_probs(batch)
    length = int(log_probs.lengths[1])
    only_empty = objective(batch_of([], samples=8500))
    wanted = -log_probs.data[1, :length, 0].sum().item()
    one = objective(batch_of([2, 3]))
    assert objective(batch).loss.item() - one.loss.item() == pytest.approx(wanted, rel=1e-4)
    assert only_empty.loss.isfinite() and only_empty.loss > 0


def test_a_batch_without_labels_adds_nothing():
    objective = make()
    batch = batch_of([2, 3])
    output = objective(Batch(ids=batch.ids, keys=batch.keys, speech=batch.speech))
    assert output.weight == 0 and output.loss == 0
    assert output.stats.keys() == objective(batch).stats.keys()
    output.loss.backward()
    assert all(p.grad is not None and p.grad.abs().max() == 0 for p in objective.parameters())


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"mask_prob": 0.65, "channel_mask_prob": 0.25, "channel_mask_length": 4},
        {"freeze_steps": 5},
        {"encoder": {"layerdrop": 0.999}},
        {"encoder": {"feature_grad_mult": 0.0}},
        {"final_dropout": 0.2},
    ],
    ids=str,
)
def test_every_parameter_gets_a_gradient(options):
    objective = make(**options)
    objective(batch_of([2, 3], [4])).loss.backward()
    trainable = {name: p for name, p in objective.named_parameters() if p.requires_grad}
    assert [n for n, p in trainable.items() if p.grad is None] == []
    assert all(p.grad.isfinite().all() for p in trainable.values())


@pytest.mark.parametrize("given", [5, 0.25])
def test_freezing_ends_at_its_step(given):
    objective = make(freeze_steps=given)
    objective.total = 20
    for step, frozen in ((0, True), (4, True), (5, False)):
        objective.before_step(step)
        objective.zero_grad()
        objective(batch_of([2, 3], [4])).loss.backward()
        moving = [n for n, p in objective.named_parameters() if p.grad.abs().max() > 0]
        assert ([n for n in moving if n.startswith("encoder")] == []) is frozen
        assert "head.weight" in moving and "head.bias" in moving


def test_the_frozen_encoder_still_masks():
    masked = make(freeze_steps=5, mask_prob=0.65)
    plain = make(freeze_steps=5)
    assert not torch.equal(masked(batch_of([2])).loss, plain(batch_of([2])).loss)


@pytest.mark.parametrize("options", [{"mask_prob": 0.65}, {"channel_mask_prob": 0.5}])
def test_masks_act_in_training_only(options):
    masked, plain = make(**{"channel_mask_length": 4, **options}), make()
    assert not torch.equal(masked(batch_of([2])).loss, plain(batch_of([2])).loss)
    before = masked(batch_of([2])).loss
    masked.before_step(1)
    assert not torch.equal(masked(batch_of([2])).loss, before)
    assert torch.equal(masked.eval()(batch_of([2])).loss, plain.eval()(batch_of([2])).loss)


def test_forward_changes_no_state():
    objective = make(mask_prob=0.65)
    before = {name: tensor.clone() for name, tensor in objective.state_dict().items()}
    objective(batch_of([2])), objective(batch_of([2]))
    assert all(torch.equal(before[n], t) for n, t in objective.state_dict().items())


def test_initial_head():
    head = make().head
    bound = math.sqrt(6 / (16 + len(TOKENS)))
    assert head.weight.abs().max() <= bound and head.weight.abs().max() > 0.9 * bound
    assert head.bias.abs().max() == 0


def test_token_errors_in_evaluation():
    objective = make().eval()
    batch = batch_of([2, 3, 4], [5])
    errors, count = objective(batch).stats["token_error_rate"]
    guesses = greedy(objective.log_probs(batch))
    assert count == 4
    assert errors == edit_distance([2, 3, 4], guesses[0]) + edit_distance([5], guesses[1])
    assert objective.train()(batch).stats["token_error_rate"] == (0.0, 0.0)


def test_greedy_merges_and_drops_blanks():
    best = torch.tensor([[2, 2, 0, 2, 3, 3, 0, 5], [0, 4, 4, 4, 4, 4, 4, 4]])
    log_probs = Padded(F.one_hot(best, 6).float(), torch.tensor([7, 1]))
    assert greedy(log_probs) == [[2, 2, 3], []]


def test_blank_share():
    objective = make()
    with torch.no_grad():
        objective.head.weight.zero_()
        objective.head.bias[0] = 1.0
    blanks, frames = objective(batch_of([2], [3])).stats["blank"]
    assert int(blanks) == frames


def test_training_learns_a_toy_task():
    """Low tone a, high tone b: the loss falls under a fifth."""
    time = torch.arange(3200) / 16000
    tones = {2: (2 * math.pi * 300 * time).sin(), 3: (2 * math.pi * 2500 * time).sin()}
    texts = [[2, 3], [3, 2], [2, 3, 2], [3]]
    rows = [torch.cat([tones[label] for label in text]) for text in texts]
    batch = Batch(
        ids=list("wxyz"),
        keys=torch.arange(4),
        speech=pad(rows),
        text=pad([torch.tensor(text) for text in texts]),
    )
    objective = make()
    optimizer = torch.optim.Adam(objective.parameters(), lr=1e-2)
    losses = []
    for step in range(70):
        objective.before_step(step)
        output = objective(batch)
        optimizer.zero_grad()
        (output.loss / output.weight).backward()
        optimizer.step()
        losses.append(output.loss.item())
    assert losses[-1] < 0.2 * losses[0]


def test_speech_is_needed():
    with pytest.raises(ValueError, match="needs speech"):
        make()(Batch(ids=["a"], keys=torch.tensor([0])))
    with pytest.raises(ValueError, match="needs speech"):
        make().log_probs(Batch(ids=["a"], keys=torch.tensor([0])))


def test_intermediate_layers_share_the_loss():
    plain, between = make(), make(intermediate_layers=[1], intermediate_weight=0.25)
    batch = batch_of([2, 3, 4], [5, 5], [7])
    wanted = plain(batch)
    hidden = between.encoder.contextualize(between.encoder.extract(batch.speech), every_layer=True)
    frames = hidden.layers[1]
    centered = frames - frames.mean(-1, keepdim=True)
    scores = between.head(
        Padded(centered / (frames.var(-1, unbiased=False, keepdim=True) + 1e-5).sqrt(),
               hidden.output.lengths)
    ).data.log_softmax(-1)  # fmt: skip
    other = sum(
        F.ctc_loss(
            scores[row, : hidden.output.lengths[row], None],
            batch.text.data[row : row + 1],
            hidden.output.lengths[row : row + 1],
            batch.text.lengths[row : row + 1],
            reduction="sum",
        ).item()
        for row in range(3)
    )
    output = between(batch)
    assert output.stats["loss_intermediate"][0].item() == pytest.approx(other, rel=1e-4)
    assert output.loss.item() == pytest.approx(0.75 * wanted.loss.item() + 0.25 * other, rel=1e-4)
    assert output.stats["loss"][0].item() == pytest.approx(wanted.loss.item(), rel=1e-6)
    between.eval(), plain.eval()
    assert between(batch).loss.item() == plain(batch).loss.item(), "recognition is as without"


def test_a_batch_without_text_has_the_same_stats_with_intermediate_layers():
    objective = make(intermediate_layers=[1])
    batch = batch_of([2], [3])
    full, empty = objective(batch), objective(dataclasses.replace(batch, text=None))
    assert full.stats.keys() == empty.stats.keys() and "loss_intermediate" in full.stats


@pytest.mark.parametrize(
    "layers,message", [([2], "2 is none of 1 to 1"), ([1, 7], "7 is none of 1 to 1")]
)
def test_layers_that_are_not_between_others_are_refused(layers, message):
    with pytest.raises(ValueError, match=message):
        make(intermediate_layers=layers)
