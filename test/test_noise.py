"""Hash-based random numbers: uniform, independent of the batch, different for each purpose."""

import pytest
import torch

from asrkit import noise
from asrkit.keys import key_of

CPU = torch.device("cpu")


def test_uniform_in_the_open_interval():
    keys = noise.row_keys(torch.arange(50), 0, 0, "test")
    numbers = noise.uniform(keys, 4000, CPU)
    assert numbers.shape == (50, 4000) and numbers.dtype == torch.float32
    assert numbers.min() > 0 and numbers.max() < 1
    counts = torch.histc(numbers, 100, 0, 1)
    chi2 = ((counts - 2000) ** 2 / 2000).sum().item()  # 99 degrees of freedom
    assert 50 < chi2 < 160


def test_the_largest_word_gives_less_than_one(monkeypatch):
    words = torch.tensor([[0, 2**32 - 1]])
    monkeypatch.setattr(noise, "words", lambda *args: words)
    low, high = noise.uniform(torch.tensor([0]), 2, CPU)[0].tolist()
    assert low > 0 and high < 1


def test_rows_positions_and_bits_are_uncorrelated():
    keys = noise.row_keys(torch.arange(64), 3, 5, "test")
    numbers = noise.uniform(keys, 5000, CPU) - 0.5
    for one, two in (
        (numbers[:-1], numbers[1:]),
        (numbers[:, :-1], numbers[:, 1:]),
        (numbers[:, :-64], numbers[:, 64:]),
    ):
        assert abs((one * two).mean().item() * 12) < 0.008
    words = noise.words(keys, 5000, CPU)
    bits = (words[..., None] >> torch.arange(32)) & 1
    assert (bits.float().mean((0, 1)) - 0.5).abs().max() < 0.006


def test_words_fill_32_bits():
    words = noise.words(torch.arange(100), 1000, CPU)
    assert words.min() >= 0 and words.max() < 2**32
    assert words.max() > 2**32 - 2**19 and words.min() < 2**19
    assert words.unique().numel() > 0.9999 * words.numel() * (1 - words.numel() / 2**33)


def test_a_longer_draw_begins_with_the_shorter():
    keys = torch.tensor([5, 2**62 + 3])
    assert torch.equal(noise.words(keys, 10, CPU), noise.words(keys, 99, CPU)[:, :10])


def test_a_row_does_not_depend_on_its_neighbors():
    keys = torch.tensor([11, 12, 13])
    assert torch.equal(noise.words(keys, 9, CPU)[1:2], noise.words(keys[1:2], 9, CPU))


def test_high_and_low_bits_of_a_key_count():
    keys = torch.tensor([1, 1 + 2**32, 2])
    words = noise.words(keys, 1000, CPU)
    assert not torch.equal(words[0], words[1]) and not torch.equal(words[0], words[2])


@pytest.mark.parametrize("other", [(1, 0, "a"), (0, 1, "a"), (0, 0, "b")])
def test_seed_step_and_name_give_other_keys(other):
    keys = torch.arange(100)
    assert not (noise.row_keys(keys, 0, 0, "a") == noise.row_keys(keys, *other)).any()
    assert torch.equal(noise.row_keys(keys, 0, 0, "a"), noise.row_keys(keys, 0, 0, "a"))


def test_known_values():
    """Fixed for ever: a resumed run must draw what the first one would have drawn."""
    assert key_of(1, 2, "mask") == key_of("1", "2", "mask")
    assert key_of("ab", "c") != key_of("a", "bc")
    first = noise.words(torch.tensor([0, 12345678901234]), 3, CPU)
    again = [[_reference(key, position) for position in range(3)] for key in (0, 12345678901234)]
    assert first.tolist() == again


def _reference(key, position):
    """The same mixing in Python's integers."""

    def mix(x):
        x = (x ^ (x >> 16)) * 0x85EBCA6B % 2**32
        x = (x ^ (x >> 13)) * 0xC2B2AE35 % 2**32
        return x ^ (x >> 16)

    return mix(mix((key & 0xFFFFFFFF) ^ mix(position)) ^ (key >> 32))
