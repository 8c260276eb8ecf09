"""Local features kept from epoch to epoch: nothing but the time of a step may change."""

import pytest
import torch

from asrkit.batch import Batch, Padded, pad
from asrkit.encoders.feature_cache import FeatureCache
from asrkit.encoders.wav2vec2 import Wav2Vec2Encoder
from asrkit.objectives.ctc import CtcObjective
from asrkit.tokens import TokenList

LENGTHS = (9000, 7777, 250, 8123)  # 250 samples are shorter than the receptive field


def encoder_of(norm="group", feature_grad_mult=0.0):
    torch.manual_seed(0)
    return Wav2Vec2Encoder(
        conv_layers=[[16, 10, 5], *[[16, 3, 2]] * 4, *[[16, 2, 2]] * 2],
        conv_norm=norm,
        normalize=norm == "layer",
        width=16,
        layers=2,
        heads=2,
        positional=[8, 2, 1],
        feature_grad_mult=feature_grad_mult,
    )


def objective_of(gib, norm="group"):
    return CtcObjective(
        encoder_of(norm), TokenList.build("abcdef"), mask_prob=0.3, feature_cache_gib=gib
    ).train()


def batch_of(*rows):
    waves = [torch.randn(LENGTHS[n], generator=torch.Generator().manual_seed(n)) for n in rows]
    text = pad([torch.tensor([2 + n, 4], dtype=torch.int64) for n in rows])
    return Batch([f"u{n}" for n in rows], torch.tensor(rows), speech=pad(waves), text=text)


def extracted(encoder):
    """Number of rows that went through the convolutions so far, in a list of one."""
    seen = [0]

    def count(_, inputs):
        seen[0] += len(inputs[0].data)

    encoder.conv.register_forward_pre_hook(count)
    return seen


def step(objective, batch):
    """Loss and gradients of an update, of its own random draws."""
    torch.manual_seed(1)
    objective.zero_grad()
    loss = objective(batch).loss
    loss.backward()
    return loss.detach(), [p.grad.clone() for p in objective.parameters() if p.requires_grad]


@pytest.mark.parametrize("norm", ["group", "layer"])
def test_loss_and_gradients_are_those_without_it(norm):
    plain, cached = objective_of(0.0, norm), objective_of(0.1, norm)
    for rows in ((0, 1, 2, 3), (3, 2), (1, 0)):
        loss, grads = step(plain, batch_of(*rows))
        again, others = step(cached, batch_of(*rows))
        torch.testing.assert_close(again, loss, rtol=1e-5, atol=1e-5)
        # one element may be a sum of large terms that cancel: what rounding moves it by is
        # measured by the whole gradient, not by what is left of the element
        size = torch.cat([grad.flatten() for grad in grads]).norm()
        for one, other in zip(grads, others, strict=True):
            assert (one - other).norm() < 1e-5 * size


def test_every_utterance_is_extracted_once():
    objective = objective_of(0.1)
    seen = extracted(objective.encoder)
    for rows in ((0, 1), (2, 3), (1, 2, 3), (0, 3)):
        step(objective, batch_of(*rows))
    assert seen == [4]


def test_a_row_does_not_depend_on_what_was_kept():
    """Otherwise a resumed run, which starts with an empty cache, would part from the first one."""
    objective, other = objective_of(0.1), objective_of(0.1)
    for rows in ((0, 1, 2), (1, 3)):
        step(objective, batch_of(*rows))
    loss, grads = step(objective, batch_of(0, 1, 3))
    again, others = step(other, batch_of(0, 1, 3))
    assert torch.equal(loss, again)
    assert all(torch.equal(one, two) for one, two in zip(grads, others, strict=True))


def test_what_finds_no_room_is_computed_each_time(caplog):
    objective, full = objective_of(0.0), objective_of(1e-6)
    seen = extracted(full.encoder)
    for _ in range(2):
        for rows in ((0, 1), (2, 3)):
            loss, _ = step(objective, batch_of(*rows))
            torch.testing.assert_close(step(full, batch_of(*rows))[0], loss, rtol=1e-5, atol=1e-5)
    assert full.feature_cache.size <= 1e-6 * 2**30
    assert seen[0] > 4
    assert caplog.text.count("feature_cache_gib is used up") == 1


def test_the_limit_is_that_of_all_features_together():
    encoder, speech = encoder_of(), batch_of(0).speech
    row = encoder.extract(speech).data.numel() * 4
    cache = FeatureCache(encoder, 2 * row)
    for name in "abcd":
        cache.extract(encoder, [name], speech)
    assert cache.size == 2 * row


def test_evaluation_neither_fills_nor_reads_it():
    objective = objective_of(0.1).eval()
    seen = extracted(objective.encoder)
    for _ in range(2):
        objective(batch_of(0, 1))
    assert seen == [4]
    assert objective.feature_cache.size == 0


def test_an_id_with_another_length_is_another_utterance():
    encoder = encoder_of()
    cache = FeatureCache(encoder, 2**20)
    long, short = batch_of(0).speech, batch_of(3).speech
    cache.extract(encoder, ["same"], long)
    found = cache.extract(encoder, ["same"], short)
    assert torch.equal(found.data, encoder.extract(short).data)


@pytest.mark.parametrize("gib", [0.1, -1.0])
def test_features_that_learn_are_not_kept(gib):
    encoder = encoder_of(feature_grad_mult=1.0 if gib > 0 else 0.0)
    with pytest.raises(ValueError, match="feature_cache_gib"):
        CtcObjective(encoder, TokenList.build("ab"), feature_cache_gib=gib)


def test_a_gpu_extracts_whole_batches() -> None:
    """What it keeps of a batch is what the CPU keeps row by row, to rounding."""
    encoder = encoder_of()
    speech = pad([torch.randn(length) for length in (4000, 900, 3000)])
    ids = ["a", "b", "c"]
    keys = [(name, int(length)) for name, length in zip(ids, speech.lengths, strict=True)]
    alone, together = FeatureCache(encoder, 2**20), FeatureCache(encoder, 2**20)
    wanted = alone.extract(encoder, ids, speech)
    with torch.no_grad():
        together._extract_together(encoder, keys, speech)
    found = together.extract(encoder, ids, speech)
    assert together.size == alone.size and torch.equal(found.lengths, wanted.lengths)
    torch.testing.assert_close(found.data, wanted.data, rtol=1e-4, atol=1e-5)
    wider = Padded(torch.nn.functional.pad(speech.data, (0, 4000)), speech.lengths)
    frames = int(encoder.output_lengths(torch.tensor([8000])))
    assert alone.extract(encoder, ids, wider).data.shape[1] == frames  # as wide as the batch
