"""Means and spreads over seeds."""

from __future__ import annotations

from pathlib import Path

from asrkit.score.results import Score
from asrkit.score.seeds import seed_rows, system_of


def score(experiment: str, seed: int | None, rate: float | None, unit: str = "per") -> Score:
    data = {"unit": unit, "micro": rate, "seed": seed}
    return Score(experiment, "decode_greedy", "it_test", Path("."), data)


def test_mean_and_sample_deviation_over_seeds() -> None:
    scores = [score("asr_x", 0, 30.0), score("asr_x_seed1", 1, 20.0), score("asr_x_seed2", 2, 25.0)]
    assert seed_rows(scores) == [
        ["asr_x", "decode_greedy", "it_test", "PER", "30.0 (0), 20.0 (1), 25.0 (2)", "25.0", "5.0"]
    ]


def test_one_seed_units_and_missing_rates_do_not_mix() -> None:
    scores = [
        score("asr_x", 0, 30.0),
        score("asr_x_seed1", 1, 10.0, "wer"),
        score("asr_x_seed2", 2, None),
        score("asr_y_seed1", 1, 10.0),
        score("asr_x_seed3", None, 12.0),
    ]
    assert seed_rows(scores) == []


def test_seed_within_a_longer_name() -> None:
    assert system_of(score("asr_it_seed12_plus", 12, 1.0)) == "asr_it_plus"
    assert system_of(score("asr_seedling", 0, 1.0)) == "asr_seedling"
