"""Regression: uniform numbers never reach 0 or 1, where Gumbel noise would be infinite."""

import torch

from asrkit import noise


def test_the_largest_word_stays_below_one(monkeypatch):
    for word in (0, 0xFFFFFFFF):
        monkeypatch.setattr(noise, "words", lambda k, n, d, word=word: torch.full((1, n), word))
        value = noise.uniform(torch.tensor([1]), 4, torch.device("cpu"))
        assert (value > 0).all()
        assert (value < 1).all()
        assert (-torch.log(-torch.log(value))).isfinite().all()
