"""Classes of utterances: the loss, what is pooled, drawn stretches, statistics, refusals."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from asrkit.batch import Batch, Padded, pad
from asrkit.encoders.logmel import LogMelEncoder
from asrkit.keys import key_of
from asrkit.objectives.classify import ClassifyObjective
from asrkit.objectives.pooled_head import pooled, stretches
from asrkit.tokens import TokenList

LANGS = TokenList.build(["it", "es", "ru"])
IT, ES, RU = 2, 3, 4


def make(tokens: TokenList = LANGS, **options) -> ClassifyObjective:
    torch.manual_seed(0)
    encoder = LogMelEncoder(
        conv_layers=[[8, 3, 1], [8, 3, 2]], mels=16, width=8, layers=1, heads=2,
        positional=[7, 4, 1], norm_first=True, dropout=0.0, attention_dropout=0.0,
        input_dropout=0.0, layerdrop=0.0,
    )  # fmt: skip
    return ClassifyObjective(encoder, tokens, **{"hidden_size": 6, **options})


def batch_of(*labels: list[int], seed: int = 1) -> Batch:
    generator = torch.Generator().manual_seed(seed)
    waves = [torch.randn(9000 - 1300 * n, generator=generator) for n in range(len(labels))]
    text = pad([torch.tensor(row, dtype=torch.int64) for row in labels])
    keys = torch.tensor([key_of(n) for n in range(len(labels))])
    return Batch([str(n) for n in range(len(labels))], keys, pad(waves), text)


def part(batch: Batch, *rows: int) -> Batch:
    """These rows alone, without the padding of the others."""
    speech, text = batch.speech, batch.text
    assert speech is not None and text is not None
    return Batch(
        [batch.ids[row] for row in rows],
        batch.keys[list(rows)],
        pad([speech.data[row, : speech.lengths[row]] for row in rows]),
        pad([text.data[row, : text.lengths[row]] for row in rows]),
    )


def test_the_loss_is_the_sum_of_cross_entropies_of_labeled_utterances():
    objective = make().eval()
    batch = batch_of([ES], [], [RU], [IT, IT, RU])
    output = objective(batch)
    scores = objective.log_probs(batch).data[:, 0]
    wanted = -scores[0, 1] - scores[2, 2] - (2 * scores[3, 0] + scores[3, 2]) / 3
    torch.testing.assert_close(output.loss, wanted)
    assert float(output.weight) == pytest.approx(3)


def test_micro_batches_add_up_to_the_batch_with_their_gradients():
    objective, batch = make(least_share=0.3, mask_prob=0.3, mask_length=2), batch_of([2], [3], [4])
    objective.train()
    found = []
    for pieces in ([batch], [part(batch, 0), part(batch, 1, 2)]):
        objective.zero_grad()
        outputs = [objective(piece) for piece in pieces]
        for output in outputs:
            output.loss.backward()
        total = sum(float(output.weight) for output in outputs)
        found.append([total, *[p.grad.clone() for p in objective.parameters()]])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


def test_an_utterance_alone_has_the_scores_that_it_has_in_a_batch():
    objective, batch = make().eval(), batch_of([2], [3], [4])
    together = objective.log_probs(batch)
    assert together.lengths.tolist() == [1, 1, 1]
    for row in range(3):
        alone = objective.log_probs(part(batch, row)).data[0, 0]
        torch.testing.assert_close(together.data[row, 0], alone, rtol=1e-4, atol=1e-5)


def test_less_than_a_frame_has_no_class():
    speech = Batch(["x"], torch.zeros(1, dtype=torch.int64), pad([torch.zeros(3)]))
    found = make().eval().log_probs(speech)
    assert found.lengths.tolist() == [0]
    assert found.data.isfinite().all()


def test_pooled_are_mean_and_deviation_of_the_valid_frames():
    frames = torch.randn(2, 5, 3)
    lengths = torch.tensor([5, 3])
    found = pooled(Padded(frames, lengths))
    for row, length in enumerate(lengths.tolist()):
        valid = frames[row, :length]
        wanted = torch.cat([valid.mean(0), valid.std(0, unbiased=False)])
        torch.testing.assert_close(found[row], wanted)


def test_one_frame_has_a_gradient():
    frames = torch.randn(1, 1, 3, requires_grad=True)
    pooled(Padded(frames, torch.tensor([1]))).sum().backward()
    assert frames.grad is not None and frames.grad.isfinite().all()


def test_stretches_are_as_long_as_asked_for_and_lie_everywhere():
    lengths = torch.full((400,), 20)
    data = torch.arange(1.0, 21.0).repeat(400, 1)[..., None]
    keys = torch.tensor([key_of(n) for n in range(400)])
    cut = stretches(Padded(data, lengths), keys, 0.25)
    assert set(cut.lengths.tolist()) == set(range(6, 21))  # 5 would be drawn by a share of 0.25
    starts = cut.data[:, 0, 0]
    for row, length in enumerate(cut.lengths.tolist()):
        held = cut.data[row, :, 0]
        assert torch.equal(held[:length], starts[row] + torch.arange(length))
        assert not held[length:].any()
    assert set(starts[cut.lengths < 8].tolist()) > {1.0, 7.0, 14.0}


def test_short_rows_keep_a_frame_and_rows_without_frames_none():
    frames = Padded(torch.ones(3, 4, 2), torch.tensor([4, 1, 0]))
    cut = stretches(frames, torch.arange(3), 0.0)
    assert cut.lengths.tolist()[1:] == [1, 0]
    assert 1 <= cut.lengths[0] <= 4


def test_stretches_are_drawn_in_training_alone_and_by_step():
    objective, batch = make(least_share=0.1), batch_of([2], [3], [4])
    objective.train()
    losses = []
    for step in (0, 1, 0):
        objective.before_step(step)
        losses.append(objective(batch).loss.item())
    assert losses[0] == losses[2] != losses[1]
    objective.eval()
    assert objective(batch).loss == make().eval()(batch).loss


def test_validation_tells_each_class_and_what_it_was_taken_for(monkeypatch):
    objective = make().eval()
    said = F.one_hot(torch.tensor([0, 2, 2, 1, 0]), 3).float().log()
    monkeypatch.setattr(objective, "_classify", lambda hidden: said.clamp(min=-9.0))
    stats = objective(batch_of([IT], [IT], [RU], [ES], [1])).stats
    rates = {name: (float(a), float(b)) for name, (a, b) in stats.items()}
    assert rates["accuracy"] == (3, 5)  # of a class that it does not have, none is right
    assert rates["accuracy_it"] == (1, 2) and rates["it_as_ru"] == (1, 2)
    assert rates["accuracy_ru"] == (1, 1) and rates["ru_as_it"] == (0, 1)
    assert rates["loss"][1] == 4
    assert len(stats) == 2 + 3 + 6


def test_pairs_of_many_classes_are_not_counted():
    many = TokenList.build([f"l{n}" for n in range(11)])
    stats = make(many).eval()(batch_of([2])).stats
    assert "accuracy_l10" in stats and not [name for name in stats if "_as_" in name]


@pytest.mark.parametrize(
    ("symbols", "fault"), [(["it"], "two classes"), (["it", "a/b"], "'a/b' is no class")]
)
def test_classes_that_cannot_be_are_refused(symbols, fault):
    with pytest.raises(ValueError, match=fault):
        make(TokenList.build(symbols))


def test_the_head_learns_alone():
    objective = make(freeze_encoder=True)
    objective(batch_of([2], [3])).loss.backward()
    assert all(p.grad is None for p in objective.encoder.parameters())
    assert all(p.grad is not None and p.grad.any() for p in objective.head.parameters())
