"""The Gumbel quantizer: schedule, choices, gradients, perplexity."""

import pytest
import torch
from small_quantizer import small_quantizer
from torch.nn import functional as F

from asrkit.quantizers.gumbel import GumbelQuantizer


def make(**options):
    torch.manual_seed(0)
    return small_quantizer(6, **{"entries": 5, **options})


def all_valid(x):
    return torch.ones(x.shape[0], dtype=torch.bool)


@pytest.mark.parametrize(
    ("step", "value"),
    [(0, 2.0), (100_000, 1.2131), (250_000, 0.5730), (277_259, 0.5), (10**6, 0.5)],
)
def test_published_temperatures(step, value):
    quantizer = make()
    quantizer.before_step(step)
    assert quantizer.temperature == pytest.approx(value, abs=1e-4)


def test_the_first_update_has_the_temperature_of_the_start():
    quantizer = make(temperature_decay=0.5)
    for step, value in ((0, 2.0), (1, 1.0), (2, 0.5), (3, 0.5)):
        quantizer.before_step(step)
        assert quantizer.temperature == value


def test_published_initial_values():
    quantizer = GumbelQuantizer(512)
    assert quantizer.codebook.shape == (2, 320, 128)
    assert quantizer.codebook.min() >= 0 and quantizer.codebook.max() < 1
    assert quantizer.score.weight.std().item() == pytest.approx(1, rel=0.01)
    assert quantizer.score.bias.abs().max() == 0
    assert quantizer.noise_size == 640


def test_vectors_are_the_chosen_entries():
    quantizer = make()
    x = torch.randn(7, 6)
    for noise in (None, torch.rand(7, 10)):
        quantizer.train(noise is not None)
        out = quantizer(x, all_valid(x), noise)
        chosen = [quantizer.codebook[group][out.codes[:, group]] for group in range(2)]
        assert torch.allclose(out.vectors, torch.cat(chosen, 1), atol=1e-6)


def test_evaluation_takes_the_highest_score():
    quantizer, x = make().eval(), torch.randn(7, 6)
    out = quantizer(x, all_valid(x))
    assert torch.equal(out.codes, quantizer.score(x).view(7, 2, 5).argmax(-1))


def test_training_samples_from_the_softmax():
    """Gumbel noise on the scores draws entry v with its softmax probability."""
    quantizer = make(groups=1).train()
    x = torch.randn(1, 6).expand(20_000, 6)
    out = quantizer(x, all_valid(x), torch.rand(20_000, 5))
    drawn = torch.bincount(out.codes[:, 0], minlength=5) / 20_000
    assert torch.allclose(drawn, quantizer.score(x[0]).softmax(-1), atol=0.015)


def test_gradient_is_that_of_the_soft_choice():
    quantizer, x, noise = make().train(), torch.randn(4, 6), torch.rand(4, 10)
    weights = torch.randn(4, 8)
    quantizer(x, all_valid(x), noise).vectors.mul(weights).sum().backward()
    got = quantizer.score.weight.grad.clone()
    logits = quantizer.score(x).view(4, 2, 5)
    gumbel = -torch.log(-torch.log(noise.view(4, 2, 5)))
    soft = ((logits + gumbel) / 2.0).softmax(-1)
    vectors = torch.einsum("ngv,gvd->ngd", soft, quantizer.codebook.detach()).flatten(1)
    (wanted,) = torch.autograd.grad((vectors * weights).sum(), quantizer.score.weight)
    assert torch.allclose(got, wanted, atol=1e-6)


def test_noise_is_needed_in_training():
    quantizer, x = make().train(), torch.randn(4, 6)
    with pytest.raises(ValueError, match="needs noise"):
        quantizer(x, all_valid(x))


def test_perplexity_of_even_and_single_use():
    """Published values: all entries alike 640, penalty 0; one entry a group 2, 0.996875."""
    quantizer = small_quantizer(640, entries=320).eval()
    x = torch.eye(640)
    with torch.no_grad():
        quantizer.score.weight.zero_()
        even = quantizer(x, all_valid(x))
        assert even.perplexity.item() == pytest.approx(640, rel=1e-3)
        assert even.penalty.item() == pytest.approx(0, abs=1e-3)
        quantizer.score.bias[0] = quantizer.score.bias[320 + 5] = 100.0
        single = quantizer(x, all_valid(x))
    assert single.perplexity.item() == pytest.approx(2, rel=1e-4)
    assert single.penalty.item() == pytest.approx(0.996875, rel=1e-5)
    assert single.code_perplexity.item() == pytest.approx(2, rel=1e-4)


def test_perplexity_counts_valid_frames_only():
    quantizer, x = make().eval(), torch.randn(9, 6)
    valid = torch.arange(9) < 5
    some, few = quantizer(x, valid), quantizer(x[:5], all_valid(x[:5]))
    assert some.perplexity.item() == pytest.approx(few.perplexity.item(), rel=1e-5)
    assert some.code_perplexity.item() == pytest.approx(few.code_perplexity.item(), rel=1e-5)
    none = quantizer(x, torch.zeros(9, dtype=torch.bool))
    assert none.perplexity.isfinite()


def test_perplexity_has_no_noise_and_no_temperature():
    quantizer, x = make().train(), torch.randn(9, 6)
    one = quantizer(x, all_valid(x), torch.rand(9, 10))
    quantizer.before_step(10**6)
    two = quantizer(x, all_valid(x), torch.rand(9, 10))
    assert one.perplexity.item() == two.perplexity.item()
    probs = quantizer.score(x).view(9, 2, 5).softmax(-1).mean(0)
    entropy = -(probs * probs.log()).sum(-1)
    assert one.perplexity.item() == pytest.approx(entropy.exp().sum().item(), rel=1e-5)


def test_extreme_noise_is_finite():
    quantizer, x = make().train(), torch.randn(2, 6)
    noise = torch.tensor([[0.5 / 2**23], [1 - 0.5 / 2**23]]).expand(2, 10)
    out = quantizer(x, all_valid(x), noise)
    out.vectors.sum().backward()
    assert out.vectors.isfinite().all() and quantizer.score.weight.grad.isfinite().all()


def test_half_precision_scores_stay_float32():
    quantizer, x = make().eval(), torch.randn(5, 6)
    with torch.autocast("cpu", torch.bfloat16):
        assert quantizer(x, all_valid(x)).vectors.dtype == torch.float32
    assert F.one_hot(quantizer(x, all_valid(x)).codes, 5).shape == (5, 2, 5)


def test_vector_size_must_divide():
    with pytest.raises(ValueError, match="not a multiple of 2 groups"):
        make(vector_size=7)
