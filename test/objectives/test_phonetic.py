"""CTC beside a self-supervised loss: what is added, divided, replaced and decoded."""

import math

import pytest
import torch
from small_quantizer import small_quantizer

from asrkit.batch import Batch, pad
from asrkit.encoders.logmel import LogMelEncoder
from asrkit.objectives.base import Recognizer
from asrkit.objectives.contrastive import ContrastiveObjective
from asrkit.objectives.ctc import ctc_losses
from asrkit.objectives.phonetic import PhoneticObjective
from asrkit.objectives.regression import RegressionObjective
from asrkit.tokens import TokenList

TOKENS = TokenList.build("abcd")


def encoder():
    dry = dict.fromkeys(("dropout", "attention_dropout", "input_dropout", "layerdrop"), 0.0)
    convs = [[16, 3, 1], [16, 3, 2]]
    small = {"width": 16, "layers": 2, "heads": 2, "positional": [9, 2, 1]}
    return LogMelEncoder(mels=12, conv_layers=convs, **small, **dry)


def unispeech(base=None, **options):
    torch.manual_seed(0)
    made = encoder()
    own = {"compare": "context", "final_size": 8, "negatives": 10, "features_dropout": 0.0}
    quantizer = small_quantizer(16)
    contrastive = ContrastiveObjective(made, quantizer, **(own | (base or {})))
    given = {"ctc_weight": 0.5, "self_weight": 0.5, "replace_prob": 0.5}
    return PhoneticObjective(contrastive, TOKENS, **(given | options))


def unidata2vec(base=None, **options):
    torch.manual_seed(0)
    regression = RegressionObjective(encoder(), **({"top_k": 2} | (base or {})))
    return PhoneticObjective(regression, TOKENS, **options)


MAKERS = {"unispeech": unispeech, "unidata2vec": unidata2vec}


@pytest.fixture(params=MAKERS)
def make(request):
    return MAKERS[request.param]


def batch_of(*texts, lengths=(16_000, 12_000, 14_000), first=0):
    """Rows of noise with phones ``texts``; row n is the same in every batch that holds it."""
    rows = []
    for number, length in zip(range(first, first + len(texts)), lengths, strict=False):
        generator = torch.Generator().manual_seed(number)
        rows.append(torch.randn(length, generator=generator))
    phones = pad([torch.tensor(text, dtype=torch.int64) for text in texts])
    keys = torch.arange(first, first + len(texts))
    return Batch([str(n) for n in keys.tolist()], keys, pad(rows), phones=phones)


def averages(output):
    return {n: float(s) / float(c) for n, (s, c) in output.stats.items() if float(c)}


def test_equation_two_divided_by_masked_frames(make):
    objective = make(ctc_weight=1.0, self_weight=0.15, replace_prob=0.0)
    batch = batch_of([2, 3], [4, 5, 2])
    frames, own = objective.base.frames(batch)
    ctc = ctc_losses(objective._log_probs(frames.hidden), batch.phones).sum()
    output = objective(batch)
    torch.testing.assert_close(output.loss, ctc + 0.15 * own.loss)
    assert output.weight == own.weight
    stats = averages(output)
    assert stats["sum_ctc"] == pytest.approx(ctc.item(), rel=1e-6)
    assert stats["sum_self"] == pytest.approx(own.loss.item(), rel=1e-5)
    assert stats["loss_ctc"] == pytest.approx(ctc.item() / 2, rel=1e-6)
    assert stats["loss_self"] == pytest.approx(own.loss.item() / own.weight, rel=1e-6)
    assert stats["loss"] == pytest.approx(output.loss.item() / output.weight, rel=1e-6)


def test_equation_two_divided_by_utterances(make):
    objective = make(
        {"require_same_masks": False},
        ctc_weight=1.0,
        self_weight=0.15,
        replace_prob=0.0,
        normalization="utterances",
    )
    batch = batch_of([2, 3], [4, 5, 2])
    frames, _ = objective.base.frames(batch)
    ctc = ctc_losses(objective._log_probs(frames.hidden), batch.phones)
    assert frames.counts[0] != frames.counts[1]
    wanted = (ctc + 0.15 * frames.losses / frames.counts).sum()
    output = objective(batch)
    torch.testing.assert_close(output.loss, wanted)
    assert output.weight == 2


def test_an_unlabeled_utterance_adds_no_ctc_and_its_own_weight(make):
    objective = make(
        {"require_same_masks": False}, ctc_weight=2.0, self_weight=0.1, unlabeled_weight=0.7
    )
    batch = batch_of([2, 3], [])
    frames, _ = objective.base.frames(batch)
    output = objective(batch)
    ctc = 2.0 * averages(output)["loss_ctc"]
    wanted = ctc + 0.1 * frames.losses[0].item() + 0.7 * frames.losses[1].item()
    assert output.loss.item() == pytest.approx(wanted, rel=1e-5)
    assert averages(output)["labeled"] == 0.5
    assert output.stats["loss_ctc"][1] == 1


@pytest.mark.parametrize("normalization", ["masked_frames", "utterances"])
@pytest.mark.parametrize("texts", [([], []), ([2, 3], [])])
def test_every_parameter_takes_part_without_labels(make, texts, normalization):
    objective = make(normalization=normalization)
    output = objective(batch_of(*texts))
    output.loss.backward()
    for name, p in objective.named_parameters():
        if p.requires_grad:
            assert p.grad is not None and p.grad.isfinite().all(), name
    no_labels = texts == ([], [])
    assert bool(objective.head.weight.grad.abs().max() == 0) is no_labels


def test_no_phones_at_all_is_unlabeled(make):
    objective = make()
    batch = batch_of([], [])
    none = Batch(batch.ids, batch.keys, batch.speech)
    assert torch.equal(objective(batch).loss, objective(none).loss)
    assert objective(none).stats.keys() == objective(batch_of([2], [3])).stats.keys()


@pytest.mark.parametrize("normalization", ["masked_frames", "utterances"])
def test_rows_add_up(make, normalization):
    """One big batch costs what its rows cost in micro-batches: accumulation changes nothing."""
    plain = {"require_same_masks": False}
    if make is unispeech:  # its penalties are statistics of a micro-batch
        plain |= {"diversity_weight": 0.0, "features_weight": 0.0}
    objective = make(plain, normalization=normalization)
    whole = objective(batch_of([2, 3], [], [4, 4, 5]))
    parts = [
        objective(batch_of([2, 3], lengths=(16_000,))),
        objective(batch_of([], lengths=(12_000,), first=1)),
        objective(batch_of([4, 4, 5], lengths=(14_000,), first=2)),
    ]
    assert whole.weight == sum(part.weight for part in parts)
    assert whole.loss.item() == pytest.approx(sum(p.loss.item() for p in parts), rel=1e-4)


def test_replacement_statistics():
    """Half of the frames, each with the same chance, masked or not, drawn again in every step."""
    objective = unispeech(replace_prob=0.5)
    batch = batch_of([2], [3], [4])
    shares, by_frame = [], 0
    for step in range(200):
        objective.before_step(step)
        frames, _ = objective.base.frames(batch)
        heard = objective._ctc_input(batch, frames).data
        replaced = (heard == frames.targets.data).all(-1)
        kept = (heard == frames.hidden.data).all(-1)
        assert bool((replaced ^ kept).all())
        shares.append(replaced.float().mean().item())
        by_frame = by_frame + replaced.float()
    frames_heard = 200 * replaced.numel()
    assert sum(shares) / 200 == pytest.approx(0.5, abs=4 * 0.5 / math.sqrt(frames_heard))
    assert len(set(shares)) > 20
    assert (by_frame / 200 - 0.5).abs().max() < 5 * 0.5 / math.sqrt(200)


@pytest.mark.parametrize(("prob", "share"), [(0.0, 0.0), (1.0, 1.0)])
def test_replacement_at_its_ends(prob, share):
    objective = unispeech(replace_prob=prob)
    batch = batch_of([2], [3])
    frames, _ = objective.base.frames(batch)
    heard = objective._ctc_input(batch, frames).data
    wanted = frames.targets.data if share else frames.hidden.data
    assert torch.equal(heard, wanted)


def test_ctc_reaches_the_codebook_through_the_replaced_frames():
    for prob, reached in ((0.5, True), (0.0, False)):
        objective = unispeech(ctc_weight=1.0, self_weight=0.0, replace_prob=prob)
        objective(batch_of([2, 3], [4])).loss.backward()
        assert (objective.base.quantizer.codebook.grad.abs().max() > 0) == reached


def test_targets_are_compared_with_the_context_itself():
    """UniSpeech's transposed projection: targets have the context's width, contexts no map."""
    base = unispeech().base
    assert base.target_size == 16
    assert list(base.context_projection.parameters()) == []
    assert [tuple(layer.weight.shape) for layer in base.target_projection] == [(8, 8), (16, 8)]


def test_evaluation_is_unmasked_and_unreplaced(make):
    objective = make().eval()
    batch = batch_of([2, 3], [4])
    scores = objective.log_probs(batch)
    wanted = ctc_losses(scores, batch.phones).sum().item()
    assert averages(objective(batch))["sum_ctc"] == pytest.approx(wanted, rel=1e-5)
    assert isinstance(objective, Recognizer)
    assert objective(batch).stats["token_error_rate"][1] == 3


def test_what_is_heard_in_unlabeled_rows_is_no_error(make):
    objective = make().eval()
    with torch.no_grad():
        objective.head.weight.zero_()
        objective.head.bias.copy_(torch.tensor([0.0, 0, 9, 0, 0, 0]))  # one phone, everywhere
    assert objective(batch_of([2], [])).stats["token_error_rate"] == (0, 1)
    assert objective(batch_of([], [2, 3])).stats["token_error_rate"] == (1, 2)


def test_seed_and_step_reach_the_base(make):
    objective = make()
    batch = batch_of([2], [3])
    first = objective(batch).loss
    objective.base.seed = 7
    assert not torch.equal(objective(batch).loss, first)
    objective.base.seed = 0
    objective.before_step(4)
    assert objective.base.step == 4


def test_the_teacher_of_the_base_moves():
    objective = unidata2vec({"ema_start": 0.5, "ema_end": 0.5})
    before = objective.base.teacher.module.norm.weight.clone()
    with torch.no_grad():
        objective.encoder.context.norm.weight += 1
    objective.after_step(1)
    torch.testing.assert_close(objective.base.teacher.module.norm.weight, before + 0.5)
    objective.after_init(["encoder"])
    torch.testing.assert_close(objective.base.teacher.module.norm.weight, before + 1)


def test_guards_of_the_base_and_of_the_head(make):
    objective = make({"guard_after": 0} if make is unidata2vec else None)
    objective.before_step(600)
    with torch.no_grad():
        objective.head.bias[0] = 0
    assert objective.check_collapse(averages(objective(batch_of([2], [3])))) is None
    blank = objective.check_collapse(averages(objective(batch_of([2], [3]))) | {"blank": 1.0})
    assert blank is not None and "nothing but blanks" in blank.message and not blank.fatal


def test_a_dead_codebook_is_noticed():
    objective = unispeech()
    objective.before_step(300)
    with torch.no_grad():
        objective.base.quantizer.score.weight.zero_()
        objective.base.quantizer.score.bias.zero_()
        objective.base.quantizer.score.bias[[0, 8]] = 50.0
    found = objective.check_collapse(averages(objective(batch_of([2], [3]))))
    assert found is not None and "codebook has collapsed" in found.message and found.fatal


def test_a_constant_encoder_is_noticed(make):
    objective = make({"guard_after": 0} if make is unidata2vec else None)
    objective.before_step(300)
    with torch.no_grad():
        objective.encoder.feature_norm.weight.zero_()
    found = objective.check_collapse(averages(objective(batch_of([2], [3]))))
    assert found is not None and "collapsed" in found.message and found.fatal


def test_wrong_options_are_refused():
    with pytest.raises(ValueError, match=r"set base_conf\.compare to context"):
        unispeech({"compare": "projected"})
    with pytest.raises(ValueError, match="normalization is one of"):
        unidata2vec(normalization="mean")
    with pytest.raises(ValueError, match="weights are 0 or more"):
        unidata2vec(self_weight=-0.1)
    with pytest.raises(ValueError, match="compare is projected or context"):
        unispeech({"compare": "both"})
    with pytest.raises(ValueError, match=r"mask_prob is 0: set normalization to utterances"):
        unidata2vec({"mask_prob": 0.0})
    unmasked = unidata2vec({"mask_prob": 0.0}, normalization="utterances")(batch_of([2], [3]))
    assert unmasked.weight == 2 and averages(unmasked)["sum_self"] == 0
    for call in (unispeech(), unidata2vec(), unidata2vec().log_probs):
        with pytest.raises(ValueError, match="needs speech"):
            call(Batch(["a"], torch.tensor([0])))


def tones():
    """Low tone a, high tone b, silence between."""
    time = torch.arange(2400) / 16_000
    sounds = {2: (1885 * time).sin(), 3: (15_700 * time).sin()}
    texts = [[2, 3, 2], [3, 2], [2, 2, 3], [3, 3]]
    generator = torch.Generator().manual_seed(0)
    rows = []
    for text in texts:
        parts = [x for label in text for x in (sounds[label], torch.zeros(1200))]
        row = torch.cat(parts)
        rows.append(row + 0.05 * torch.randn(len(row), generator=generator))
    phones = pad([torch.tensor(text) for text in texts])
    return Batch(list("wxyz"), torch.arange(4), pad(rows), phones=phones)


def test_a_toy_language_is_learned(make):
    objective = make({"mask_prob": 0.2, "mask_length": 3}, ctc_weight=1.0, replace_prob=0.0)
    parameters = [p for p in objective.parameters() if p.requires_grad]
    optimizer = torch.optim.Adam(parameters, lr=1e-2)
    batch = tones()
    for step in range(100):
        objective.before_step(step)
        output = objective(batch)
        optimizer.zero_grad()
        (output.loss / output.weight).backward()
        torch.nn.utils.clip_grad_norm_(parameters, 5.0)
        optimizer.step()
        objective.after_step(step + 1)
    errors, count = objective.eval()(batch).stats["token_error_rate"]
    assert count == 10
    assert errors <= 1
