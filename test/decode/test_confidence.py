"""Confidence: what it is made of, and how it is fitted and judged."""

from __future__ import annotations

import math
import random

import pytest
import torch

from asrkit.decode.confidence import FILE, Calibration, evidence_of, quality
from asrkit.decode.hypothesis import Evidence, Hypothesis
from asrkit.decode.timing import spans
from asrkit.files import DataError


def test_evidence_of_two_words():
    path = torch.tensor([1, 0, 2, 2, 0, 3])
    log_probs = torch.full((6, 4), math.log(0.1))
    log_probs[torch.arange(6), path] = math.log(0.7)
    log_probs[5, 1], log_probs[5, 3] = math.log(0.8), math.log(0.2)  # another token is likelier
    found = [
        Hypothesis([1, 2, 3], ["ab", "c"], -1.0, (2, 3)),
        Hypothesis([1, 2], ["ab"], -1.0 + 2 * math.log(0.5), (2,)),
        Hypothesis([2, 3], ["b", "c"], -1.0 + 2 * math.log(0.25), (1, 2)),
    ]
    held = spans(path, log_probs)
    one, two = evidence_of(found, [held[:2], held[2:]], path, log_probs)
    share = 1.5 / 1.75  # scores are halved: shares of 1, 0.5 and 0.25
    assert one.agreement == pytest.approx(math.log(share / (1 - share)))
    share = 1.25 / 1.75
    assert two.agreement == pytest.approx(math.log(share / (1 - share)))
    assert one.gap == pytest.approx(0.0, abs=1e-6)
    assert two.gap == pytest.approx(math.log(0.2 / 0.8), abs=1e-5)
    assert (one.length, two.length) == (pytest.approx(math.log(2)), 0.0)


def test_a_fit_finds_the_probabilities_that_made_the_outcomes(tmp_path):
    generator = random.Random(1)
    truth = Calibration(-0.5, 0.8, 1.2, 0.3)
    rows = [
        Evidence(generator.gauss(0, 2), -generator.random() * 3, generator.random() * 2)
        for _ in range(2000)
    ]
    right = [generator.random() < truth(row) for row in rows]
    fitted = Calibration.fit(rows, right)
    assert max(abs(fitted(row) - truth(row)) for row in rows) < 0.1
    found = quality([fitted(row) for row in rows], right)
    assert found.ece < 0.04 and found.auc > 0.75
    assert quality([Calibration()(row) for row in rows], right).ece > found.ece
    fitted.write(tmp_path)
    assert Calibration.of(tmp_path) == fitted
    (tmp_path / FILE).write_text('{"bias": 1}')
    with pytest.raises(DataError, match=r"confidence\.json: no calibration \(KeyError"):
        Calibration.of(tmp_path)


def test_quality():
    assert quality([0.9, 0.8, 0.3, 0.1], [True, True, False, False]).auc == 1.0
    assert quality([0.5, 0.5, 0.5, 0.5], [True, False, True, False]) == (0.5, 0.0)
    assert quality([1.0, 1.0, 0.0, 0.0], [True, False, True, False]).ece == 0.5
    with pytest.raises(DataError, match="nothing to tell apart"):
        quality([0.5], [True])
    with pytest.raises(DataError, match="3 right words and 0 wrong"):
        Calibration.fit([Evidence(0, 0, 0)] * 3, [True] * 3)


def test_odds_that_are_extreme_are_probabilities():
    assert 0 < Calibration()(Evidence(-1e6, -1e6, 0)) < Calibration()(Evidence(1e6, 0, 9)) < 1
