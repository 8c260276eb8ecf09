"""Where words are among phones: against all ways to place them, and what cannot be placed."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch

from asrkit.transcoder.objective import Candidates
from asrkit.transcoder.places import places


def candidates(star: list[float], words: list[dict[int, float]]) -> Candidates:
    """Probabilities at each position: of the star, and of words by number."""
    most = max(map(len, words))
    scores = torch.full((len(words), most), -torch.inf)
    numbers = torch.ones(len(words), most, dtype=torch.int64)
    for at, row in enumerate(words):
        for column, (number, value) in enumerate(sorted(row.items(), key=lambda item: -item[1])):
            scores[at, column], numbers[at, column] = math.log(value), number
    return Candidates(torch.tensor(star).log(), scores, numbers)


def by_enumeration(words: list[int], found: Candidates) -> list[int]:
    def total(ends: tuple[int, ...]) -> float:
        score = float(found.star.sum())
        for word, end in zip(words, ends, strict=True):
            row = dict(zip(found.words[end].tolist(), found.scores[end].tolist(), strict=True))
            score += row.get(word, -math.inf) - float(found.star[end])
        return score

    return list(max(itertools.combinations(range(len(found.star)), len(words)), key=total))


def test_words_are_where_they_are_likeliest_together():
    rng = np.random.default_rng(0)
    for _ in range(20):
        star = rng.uniform(0.1, 0.9, 7).tolist()
        rows = [dict(enumerate(rng.uniform(0.01, 0.3, 4).tolist(), start=2)) for _ in range(7)]
        found = candidates(star, rows)
        words = rng.integers(2, 6, 3).tolist()
        assert [p.end - 1 for p in places(words, found)] == by_enumeration(words, found)


def test_confidence_is_the_probability_near_the_word():
    """The word may end at the second or the third phone: together that is 0.8."""
    rows = [{2: 0.01}, {2: 0.5, 3: 0.2}, {2: 0.3}, {3: 0.9}]
    (one, other) = places([2, 3], candidates([0.9, 0.3, 0.7, 0.1], rows))
    assert (one.end, other.end) == (2, 4)
    assert one.confidence == pytest.approx(0.81) and other.confidence == pytest.approx(0.9)


def test_no_words_and_words_of_another_utterance():
    found = candidates([0.5, 0.5], [{2: 0.5}, {3: 0.5}])
    assert places([], found) == []
    for words in ([4], [3, 2], [2, 3, 2]):
        with pytest.raises(ValueError, match=r"word \d of \d is at none of the 2 phones"):
            places(words, found)
