"""The contrastive loss against its definition, and the distractors' distribution."""

import math

import pytest
import torch
from torch.nn import functional as F

from asrkit import noise
from asrkit.objectives.similarity import contrast, contrast_with, draw_negatives

CPU = torch.device("cpu")


def definition(contexts, targets, codes, negatives, temperature):
    """Loss and correctness of one row, frame by frame, from drawn vectors."""
    losses, correct = [], []
    for frame in range(contexts.shape[0]):
        candidates = torch.cat([targets[frame : frame + 1], targets[negatives[frame]]])
        scores = F.cosine_similarity(contexts[frame : frame + 1], candidates) / temperature
        same = (codes[negatives[frame]] == codes[frame]).all(-1)
        scores = torch.cat([scores[:1], scores[1:].masked_fill(same, -math.inf)])
        losses.append(F.cross_entropy(scores[None], torch.zeros(1, dtype=torch.long)))
        best, worst = scores.argmax(), scores.argmin()
        correct.append(float(best == 0 and worst != 0))
    return torch.stack(losses), torch.tensor(correct)


def test_equals_the_definition():
    torch.manual_seed(0)
    rows, size, width = 2, 9, 5
    contexts = torch.randn(rows, size, width, requires_grad=True)
    codes = torch.randint(0, 2, (rows, size, 2))
    table = torch.randn(2, 2, width, requires_grad=True)
    targets = table[codes[..., 0], codes[..., 1]]  # equal codes, equal targets
    counts = torch.tensor([9, 6])
    negatives = draw_negatives(torch.tensor([3, 4]), counts, size, 20, CPU)
    valid = torch.arange(size) < counts[:, None]
    result = contrast(contexts, targets, codes, negatives, valid, 0.1)
    assert (result.loss[1, 6:] == 0).all() and (result.correct[1, 6:] == 0).all()
    wanted = [
        definition(contexts[b, :n], targets[b, :n], codes[b, :n], negatives[b, :n], 0.1)
        for b, n in enumerate(counts.tolist())
    ]
    loss = torch.cat([w[0] for w in wanted])
    assert torch.allclose(result.loss[valid], loss, atol=1e-5)
    assert torch.equal(result.correct[valid], torch.cat([w[1] for w in wanted]))
    got = torch.autograd.grad(result.loss.sum(), (contexts, table), retain_graph=True)
    for one, other in zip(got, torch.autograd.grad(loss.sum(), (contexts, table)), strict=True):
        assert torch.allclose(one, other, atol=1e-5)


def test_a_pool_of_all_frames_equals_the_definition():
    """Positives are a choice of their own: a frame of the pool may differ from its positive."""
    torch.manual_seed(1)
    contexts, targets = torch.randn(1, 3, 5), torch.randn(1, 3, 5)
    pool, frames = torch.randn(1, 7, 5), torch.tensor([[1, 2, 6]])
    codes, pool_codes = torch.randint(0, 3, (1, 3, 1)), torch.randint(0, 3, (1, 7, 1))
    negatives = draw_negatives(torch.tensor([3]), torch.tensor([7]), 3, 20, CPU, frames)
    assert not (negatives == frames[..., None]).any()
    assert set(negatives[0, 0].tolist()) == {0, 2, 3, 4, 5, 6}
    valid = torch.ones(1, 3, dtype=torch.bool)
    found = contrast_with(contexts, targets, codes, pool, pool_codes, negatives, valid, 0.1)
    for n in range(3):
        candidates = torch.cat([targets[0, n : n + 1], pool[0, negatives[0, n]]])
        scores = F.cosine_similarity(contexts[0, n : n + 1], candidates) / 0.1
        same = (pool_codes[0, negatives[0, n]] == codes[0, n]).all(-1)
        scores = torch.cat([scores[:1], scores[1:].masked_fill(same, -math.inf)])
        loss = F.cross_entropy(scores[None], torch.zeros(1, dtype=torch.long))
        torch.testing.assert_close(found.loss[0, n], loss)
        assert found.correct[0, n] == float(scores.argmax() == 0)


def test_equal_scores_cost_log_101_and_are_not_correct():
    contexts = torch.ones(1, 6, 4)
    codes = torch.arange(6).view(1, 6, 1)
    negatives = draw_negatives(torch.tensor([0]), torch.tensor([6]), 6, 100, CPU)
    valid = torch.ones(1, 6, dtype=torch.bool)
    result = contrast(contexts, contexts, codes, negatives, valid, 0.1)
    assert torch.allclose(result.loss, torch.tensor(math.log(101)), atol=1e-5)
    assert result.correct.sum() == 0


def test_equal_scores_with_a_pool_are_not_correct():
    contexts, pool = torch.ones(1, 2, 4), torch.ones(1, 5, 4)
    codes, pool_codes = torch.tensor([[[7], [8]]]), torch.arange(5).view(1, 5, 1)
    frames = torch.tensor([[1, 3]])
    negatives = draw_negatives(torch.tensor([0]), torch.tensor([5]), 2, 100, CPU, frames)
    valid = torch.ones(1, 2, dtype=torch.bool)
    found = contrast_with(contexts, contexts, codes, pool, pool_codes, negatives, valid, 0.1)
    assert torch.allclose(found.loss, torch.tensor(math.log(101)), atol=1e-5)
    assert found.correct.sum() == 0
    pool[0, [0, 2, 4]] = -1
    found = contrast_with(contexts, contexts, codes, pool, pool_codes, negatives, valid, 0.1)
    assert found.correct.sum() == 2


def test_one_code_for_all_costs_nothing():
    contexts, codes = torch.randn(1, 6, 4), torch.zeros(1, 6, 2, dtype=torch.long)
    targets = torch.randn(4).expand(1, 6, 4)
    negatives = draw_negatives(torch.tensor([0]), torch.tensor([6]), 6, 100, CPU)
    valid = torch.ones(1, 6, dtype=torch.bool)
    result = contrast(contexts, targets, codes, negatives, valid, 0.1)
    assert result.loss.abs().max() < 1e-6
    assert result.correct.sum() == 6


def test_zero_vectors_are_finite():
    contexts = torch.zeros(1, 4, 3, requires_grad=True)
    codes = torch.arange(4).view(1, 4, 1)
    negatives = draw_negatives(torch.tensor([0]), torch.tensor([4]), 4, 5, CPU)
    valid = torch.ones(1, 4, dtype=torch.bool)
    loss = contrast(contexts, torch.zeros(1, 4, 3), codes, negatives, valid, 0.1).loss
    loss.sum().backward()
    assert loss.isfinite().all() and contexts.grad.isfinite().all()


def test_negatives_are_uniform_over_the_other_frames():
    size, drawn = 7, 40_000
    negatives = draw_negatives(noise.row_keys(torch.arange(1), 0), torch.tensor([7]), 7, drawn, CPU)
    for frame in range(size):
        counts = torch.bincount(negatives[0, frame], minlength=size).float()
        assert counts[frame] == 0
        others = torch.cat([counts[:frame], counts[frame + 1 :]])
        expected = drawn / (size - 1)
        assert ((others - expected) ** 2 / expected).sum() < 25  # 5 degrees of freedom


def test_negatives_stay_in_their_row_and_ignore_padding():
    keys = torch.tensor([4, 5])
    padded = draw_negatives(keys, torch.tensor([2, 5]), 5, 30, CPU)
    assert padded[0, 0].unique().tolist() == [1] and padded[0, 1].unique().tolist() == [0]
    assert padded.min() >= 0 and padded.max() < 5
    alone = draw_negatives(keys[:1], torch.tensor([2]), 2, 30, CPU)
    assert torch.equal(padded[0, :2], alone[0])


@pytest.mark.parametrize("counts", [[0, 3], [0, 0]])
def test_rows_without_frames(counts):
    size = max(*counts, 1)
    negatives = draw_negatives(torch.tensor([1, 2]), torch.tensor(counts), size, 10, CPU)
    contexts = torch.randn(2, size, 4)
    valid = torch.arange(size) < torch.tensor(counts)[:, None]
    codes = torch.arange(size).view(1, size, 1).expand(2, size, 1)
    result = contrast(contexts, contexts, codes, negatives, valid, 0.1)
    assert result.loss.isfinite().all() and (result.loss[0] == 0).all()
