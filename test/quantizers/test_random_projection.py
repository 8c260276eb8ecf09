"""The random projection quantizer: nearest vectors, fixed, counted over valid frames."""

import pytest
import torch

from asrkit.quantizers.random_projection import RandomProjectionQuantizer


def make(**options):
    torch.manual_seed(0)
    return RandomProjectionQuantizer(6, **{"groups": 2, "entries": 7, "vector_size": 3, **options})


def test_codes_are_the_nearest_vectors_of_one_length():
    quantizer, x = make(), torch.randn(20, 6, dtype=torch.float64)
    found = quantizer(x, torch.ones(20, dtype=torch.bool))
    for group in range(2):
        projected = x @ quantizer.projection[group].double()
        projected = projected / projected.norm(dim=1, keepdim=True)
        far = torch.cdist(projected, quantizer.codebook[group].double())
        assert torch.equal(found.codes[:, group], far.argmin(1))
        chosen = quantizer.codebook[group][found.codes[:, group]]
        assert torch.equal(found.vectors[:, 3 * group : 3 * group + 3], chosen)


def test_published_initial_values():
    quantizer = RandomProjectionQuantizer(160)
    assert quantizer.codebook.shape == (1, 8192, 16)
    torch.testing.assert_close(quantizer.codebook.norm(dim=-1), torch.ones(1, 8192))
    bound = (6 / (160 + 16)) ** 0.5
    assert 0.99 * bound < quantizer.projection.abs().max() <= bound
    assert quantizer.noise_size == 0


def test_nothing_in_it_learns_and_its_codes_are_saved():
    quantizer = make()
    assert not list(quantizer.parameters())
    assert quantizer.state_dict().keys() == {"projection", "codebook"}
    other = RandomProjectionQuantizer(6, groups=2, entries=7, vector_size=3)
    other.load_state_dict(quantizer.state_dict())
    x, valid = torch.randn(9, 6), torch.ones(9, dtype=torch.bool)
    assert torch.equal(quantizer(x, valid).codes, other(x, valid).codes)


def test_perplexity_of_even_and_single_use():
    quantizer = make(groups=1, entries=4, vector_size=6)
    quantizer.projection.copy_(torch.eye(6))
    quantizer.codebook.copy_(torch.eye(6)[:4])
    x = torch.eye(6)[[0, 1, 2, 3, 0, 0]]
    even = quantizer(x, torch.arange(6) < 4)
    assert even.codes[:, 0].tolist() == [0, 1, 2, 3, 0, 0]
    assert even.perplexity.item() == pytest.approx(4, rel=1e-4)
    assert even.penalty.item() == pytest.approx(0, abs=1e-4)
    single = quantizer(x[:1].expand(5, 6), torch.ones(5, dtype=torch.bool))
    assert single.code_perplexity.item() == pytest.approx(1, rel=1e-4)
    assert quantizer(x, torch.zeros(6, dtype=torch.bool)).perplexity.isfinite()
