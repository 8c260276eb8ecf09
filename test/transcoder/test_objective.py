"""The Transcoder's loss: values, the gated form, parts, CTC, statistics, and the contract."""

import pytest
import torch
from torch.nn import functional as F

from asrkit.batch import Batch, pad
from asrkit.choices import PHONE_ENCODERS, PHONE_OBJECTIVES
from asrkit.tokens import TokenList
from asrkit.transcoder import objective as transcoder
from asrkit.transcoder.encoder import TranscoderEncoder
from asrkit.transcoder.objective import TranscoderObjective

PHONES = TokenList.build("abcd")
TOKENS = TokenList.build(["ab", "c", "da", "cab"])  # numbers 2 to 5
LABELS = [[0, 2, 3, 0, 0, 5], [3, 0, 4], [0, 1]]
SMALL = {"width": 16, "heads": 2, "ffn": 32, "dropout": 0.0}


def batch_of(labels=LABELS, lengths=(6, 3, 2)):
    generator = torch.Generator().manual_seed(3)
    rows = [torch.rand(n, 5, generator=generator).softmax(-1) for n in lengths]
    text = pad([torch.tensor(row, dtype=torch.int64) for row in labels])
    ids = [str(n) for n in range(len(rows))]
    return Batch(ids, torch.arange(len(rows)), text=text, posteriors=pad(rows))


def make(encoder="transcoder", **options):
    torch.manual_seed(0)
    return TranscoderObjective(PHONE_ENCODERS[encoder](PHONES, **SMALL), TOKENS, **options)


FORMS = {"joint": {}, "gated": {"gated": True}, "ctc": {"loss": "ctc"}}


@pytest.fixture(params=[(e, f) for e in PHONE_ENCODERS for f in FORMS], ids="-".join)
def objective(request):
    encoder, form = request.param
    return make(encoder, **FORMS[form])


@pytest.mark.parametrize("form", ["joint", "gated"])
def test_the_loss_is_the_negative_log_likelihood_of_the_labels(form):
    objective, batch = make(**FORMS[form]).eval(), batch_of()
    output, log_probs = objective(batch), objective.log_probs(batch).data
    by_hand = sum(
        -log_probs[row, at, label]
        for row, labels in enumerate(LABELS)
        for at, label in enumerate(labels)
    )
    torch.testing.assert_close(output.loss, by_hand)
    assert output.weight == 11


def test_ctc_is_that_of_the_words_with_the_star_as_blank():
    objective, batch = make(loss="ctc").eval(), batch_of()
    log_probs = objective.log_probs(batch)
    words = [[n for n in row if n] for row in LABELS]
    by_hand = sum(
        F.ctc_loss(scores[:length], torch.tensor(row), (length,), (len(row),), reduction="sum")
        for scores, row, length in zip(log_probs.data, words, (6, 3, 2), strict=True)
    )
    output = objective(batch)
    torch.testing.assert_close(output.loss, by_hand)
    assert output.weight == 6


def test_classes_are_a_distribution(objective):
    scores = objective.eval().log_probs(batch_of())
    assert scores.data.shape == (3, 6, len(TOKENS))
    torch.testing.assert_close(scores.data.exp().sum(-1), torch.ones(3, 6))


@pytest.mark.parametrize("form", ["joint", "gated"])
def test_parts_give_the_loss_and_gradients_of_the_whole(form, monkeypatch):
    gradients, losses = [], []
    for size in (1 << 26, 2 * len(TOKENS)):
        monkeypatch.setattr(transcoder, "LOGITS", size)
        objective = make(**FORMS[form]).train()
        output = objective(batch_of())
        output.loss.backward()
        losses.append(output.loss.detach())
        gradients.append(torch.cat([p.grad.flatten() for p in objective.parameters()]))
    torch.testing.assert_close(losses[0], losses[1])
    torch.testing.assert_close(gradients[0], gradients[1])


def test_candidates_are_the_best_of_the_distribution():
    for form in ("joint", "gated"):
        objective, batch = make(**FORMS[form]).eval(), batch_of()
        log_probs = objective.log_probs(batch).data
        found = objective.candidates(batch, 3, sure=0.0)
        best = log_probs[..., 1:].topk(3, -1)
        for row, length in enumerate((6, 3, 2)):
            torch.testing.assert_close(found.star[row, :length], log_probs[row, :length, 0])
            torch.testing.assert_close(found.scores[row, :length], best.values[row, :length])
            assert torch.equal(found.words[row, :length], best.indices[row, :length] + 1)
        few = objective.candidates(batch, 1, sure=0.5)
        for row, length in enumerate((6, 3, 2)):
            assert torch.equal(few.best()[row, :length], log_probs.argmax(-1)[row, :length])


def test_an_unknown_word_is_an_error_even_where_unk_is_written(monkeypatch):
    """Two words, of which the second is not in the list; <unk> is written for both."""
    objective = make().eval()
    torch.nn.init.zeros_(objective.head.weight)
    objective.head.bias.data = torch.tensor([0.0, 9, 0, 0, 0, 0])
    stats = objective(batch_of([[2, 1]], (2,))).stats
    assert stats["word_error_rate"] == (2, 2)


def test_right_words_are_counted():
    objective = make().eval()
    torch.nn.init.zeros_(objective.head.weight)
    objective.head.bias.data = torch.tensor([0.0, 0, 0, 9, 0, 0])  # always "c"
    stats = objective(batch_of([[3, 3, 0], [2, 3]], (3, 2))).stats
    assert float(stats["word_accuracy"][0]) == 3
    assert float(stats["word_accuracy"][1]) == 4
    assert stats["word_error_rate"] == (2, 4)  # one substituted, one too many
    assert float(stats["stars"][0]) == 0


def test_stars_alone_raise_a_complaint_after_some_updates():
    objective = make()
    objective.before_step(10)
    assert objective.check_collapse({"stars": 1.0}) is None
    objective.before_step(1000)
    assert "writes no words" in objective.check_collapse({"stars": 1.0}).message
    assert objective.check_collapse({"stars": 0.8}) is None


def test_the_same_statistics_for_every_batch_and_a_sum_with_weight(objective):
    objective.train()
    full = objective(batch_of())
    unlabeled = objective(batch_of([[], [], []]))
    half = objective(batch_of([[], LABELS[1], LABELS[2]]))
    assert full.loss.ndim == 0
    assert full.stats.keys() == unlabeled.stats.keys() == half.stats.keys()
    assert float(unlabeled.weight) == 0 == float(unlabeled.loss.detach())
    assert 0 < float(half.weight) < float(full.weight)
    objective.eval()
    assert objective(batch_of()).stats.keys() == full.stats.keys()


@pytest.mark.parametrize("labels", [LABELS, [[], [], []]])
def test_every_parameter_takes_part_in_every_step(objective, labels):
    objective.train()
    objective(batch_of(labels)).loss.backward()
    assert [n for n, p in objective.named_parameters() if p.grad is None] == []


def test_forward_changes_no_state_and_weights_survive_a_round_trip(objective, tmp_path):
    objective.train()
    before = {name: value.clone() for name, value in objective.state_dict().items()}
    first, second = objective(batch_of()).loss, objective(batch_of()).loss
    assert torch.equal(first, second)
    assert all(torch.equal(value, before[name]) for name, value in objective.state_dict().items())
    assert not [n for n, v in objective.state_dict().items() if not v.is_floating_point()]
    torch.save(objective.state_dict(), tmp_path / "w.pt")
    objective.load_state_dict(torch.load(tmp_path / "w.pt", weights_only=True))


def test_rows_without_labels_leave_the_others_alone():
    for form in FORMS.values():
        objective = make(**form).eval()
        alone = [objective(batch_of([x if n == m else [] for m, x in enumerate(LABELS)])).loss
                 for n in range(3)]  # fmt: skip
        torch.testing.assert_close(sum(alone), objective(batch_of()).loss)


def test_more_labels_than_phones_are_refused():
    with pytest.raises(ValueError, match="more labels than phones"):
        make()(batch_of([[0, 0, 2, 3]], (3,)))


def test_padding_changes_nothing():
    for form in FORMS.values():
        objective = make(**form).eval()
        together = objective(batch_of()).loss
        rows = batch_of().posteriors
        parts = [
            Batch(["x"], torch.zeros(1), text=pad([torch.tensor(labels)]),
                  posteriors=pad([rows.data[n, : len(labels)]]))
            for n, labels in enumerate(LABELS)
        ]  # fmt: skip
        torch.testing.assert_close(sum(objective(part).loss for part in parts), together)


def test_a_batch_without_phones_and_impossible_options_are_refused():
    with pytest.raises(ValueError, match="reads phones"):
        make()(Batch(["x"], torch.zeros(1)))
    with pytest.raises(ValueError, match="loss is ce or ctc"):
        make(loss="rnnt")
    with pytest.raises(ValueError, match="gated needs labels"):
        make(loss="ctc", gated=True)


def test_every_choice_is_covered_here():
    assert set(PHONE_OBJECTIVES) == {"transcoder"}
    assert isinstance(make().encoder, TranscoderEncoder)
