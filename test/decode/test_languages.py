"""Where which language is spoken: passages, the chain of languages, stretches, the main one."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from asrkit.decode.languages import (
    LONGEST,
    STAY,
    decided,
    in_main_language,
    posteriors,
    spoken,
)
from asrkit.rate import RATE
from asrkit.transcript import Segment

LANGS = ["it", "es", "ru"]


def sound(*seconds: float) -> np.ndarray:
    """Tone and faint noise by turns, of so many seconds each."""
    rng = np.random.default_rng(0)
    parts = []
    for number, length in enumerate(seconds):
        time = np.arange(int(length * RATE)) / RATE
        tone = 0.3 * np.sin(3000 * time) * (1 + np.sin(20 * time))
        noise = 1e-4 * rng.standard_normal(len(time))
        parts.append(noise if number % 2 else tone + noise)
    return np.concatenate(parts).astype(np.float32)


def log(*rows: list[float]) -> np.ndarray:
    return np.log(np.array(rows))


def test_pauses_end_passages_and_short_ones_do_not():
    found = spoken(sound(2.0, 0.4, 1.0, 0.9, 3.0))
    assert len(found) == 2
    (first, end), (start, last) = found
    assert first == 0 and end / RATE == pytest.approx(3.4, abs=0.15)
    assert start / RATE == pytest.approx(4.3, abs=0.15) and last == int(7.3 * RATE)


def test_long_passages_are_cut_into_equal_parts():
    found = spoken(sound(25.0))
    assert [round((stop - start) / RATE, 1) for start, stop in found] == [8.3, 8.3, 8.3]
    assert all(one[1] == two[0] for one, two in itertools.pairwise(found))
    assert max(stop - start for start, stop in found) <= LONGEST * RATE


@pytest.mark.parametrize("samples", [np.zeros(0), np.zeros(RATE), 1e-4 * sound(1.0)])
def test_silence_has_no_passage(samples):
    assert spoken(samples.astype(np.float32)) == []


def test_probabilities_are_those_of_all_chains_counted_one_by_one():
    scores = log([0.5, 0.3, 0.2], [0.1, 0.2, 0.7], [0.3, 0.4, 0.3], [0.6, 0.2, 0.2])
    wanted = np.zeros((4, 3))
    for chain in itertools.product(range(3), repeat=4):
        weight = 1 / 3
        for one, two in itertools.pairwise(chain):
            weight *= STAY if one == two else (1 - STAY) / 2
        weight *= np.exp(sum(scores[at, lang] for at, lang in enumerate(chain)))
        for at, lang in enumerate(chain):
            wanted[at, lang] += weight
    np.testing.assert_allclose(posteriors(scores), wanted / wanted.sum(1, keepdims=True))


def test_impossible_scores_and_one_language_are_no_trouble():
    far = np.array([[0.0, -5000.0, -9000.0], [-9000.0, -5000.0, 0.0]])
    np.testing.assert_allclose(posteriors(far), [[1, 0, 0], [0, 0, 1]], atol=1e-9)
    assert posteriors(np.zeros((2, 1))).tolist() == [[1.0], [1.0]]


def test_a_doubtful_passage_follows_its_neighbors_and_a_sure_one_does_not():
    passages = [(0, 100), (200, 300), (400, 500)]
    doubtful = log([0.9, 0.05, 0.05], [0.3, 0.4, 0.3], [0.9, 0.05, 0.05])
    (one,) = decided(passages, doubtful, LANGS)
    assert (one.start, one.stop, one.lang) == (0, 500, "it")
    sure = log([0.98, 0.01, 0.01], [1e-4, 0.9998, 1e-4], [0.98, 0.01, 0.01])
    found = decided(passages, sure, LANGS)
    assert [one.lang for one in found] == ["it", "es", "it"]
    # they meet in the middle of the pause
    assert [(one.start, one.stop) for one in found] == [(0, 150), (150, 350), (350, 500)]
    assert all(0.5 < one.confidence <= 1 for one in found)


def test_the_confidence_is_the_mean_over_speech():
    scores = log([0.8, 0.1, 0.1], [0.6, 0.2, 0.2])
    (one,) = decided([(0, 300), (400, 500)], scores, LANGS)
    both = posteriors(scores)[:, 0]
    assert one.confidence == pytest.approx(0.75 * both[0] + 0.25 * both[1])


def segment(start: float, end: float, lang: str | None, sure: float | None = None) -> Segment:
    return Segment(start, end, "x", lang=lang, lang_confidence=sure)


def test_the_language_of_most_is_the_transcripts_and_others_name_theirs():
    said = [segment(0, 3, "it", 0.9), segment(4, 6, "es", 0.7), segment(7, 8, "it", 0.5)]
    found, lang, sure = in_main_language(said)
    assert lang == "it" and sure == pytest.approx(0.8)
    assert [one.lang for one in found] == [None, "es", None]
    assert [one.lang_confidence for one in found] == [0.9, 0.7, 0.5]


@pytest.mark.parametrize("said", [[], [segment(0, 1, None)]])
def test_where_nothing_is_said_in_a_language_there_is_none(said):
    assert in_main_language(said) == (said, None, None)
