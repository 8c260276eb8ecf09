"""Schedules at points worked out from the formulas of the released code (fairseq)."""

import pytest

from asrkit.train.schedule import Constant, Polynomial, TriStage


@pytest.mark.parametrize(
    "n,rate", [(0, 0), (12_500, 5e-4), (25_000, 1e-3), (137_500, 5e-4), (250_000, 0)]
)
def test_polynomial_is_xlsr_large(n, rate):
    assert 1e-3 * Polynomial(warmup=0.1).factor(n, 250_000) == pytest.approx(rate, abs=1e-12)
    assert 1e-3 * Polynomial(warmup=25_000).factor(n, 250_000) == pytest.approx(rate, abs=1e-12)


@pytest.mark.parametrize(
    "n,rate",
    [
        (0, 2e-7),
        (2000, 2e-5),
        (9999, 2e-5),
        (15_000, 2e-5 * 0.05**0.5),
        (20_000, 1e-6),
        (30_000, 1e-6),
    ],
)
def test_tri_stage(n, rate):
    assert 2e-5 * TriStage().factor(n, 20_000) == pytest.approx(rate, rel=1e-9)


def test_tri_stage_linear_as_the_paper_says():
    assert TriStage(decay="linear").factor(15_000, 20_000) == pytest.approx(0.525)


def test_phases_must_sum_to_one():
    with pytest.raises(ValueError, match="sum to 1"):
        TriStage(phases=[0.1, 0.1, 0.1])


def test_an_exponential_decay_does_not_end_at_zero():
    """It would end the run with a domain error, at its half."""
    with pytest.raises(ValueError, match="end: 0"):
        TriStage(end=0)
    assert TriStage(end=0, decay="linear").factor(100, 100) == 0


def test_constant_warms_up():
    assert [Constant(warmup=4).factor(n, 100) for n in (1, 2, 4, 90)] == [0.25, 0.5, 1, 1]


def test_turns():
    assert Constant(warmup=0.25).turns(100) == (25, 25)
    assert Polynomial(warmup=10).turns(100) == (10, 10)
    assert TriStage(phases=[0.1, 0.3, 0.6]).turns(50) == (5, pytest.approx(20))


@pytest.mark.parametrize(
    "schedule", [Constant(warmup=0.2), Polynomial(), TriStage(), TriStage(decay="linear")]
)
def test_turns_are_where_the_rate_turns(schedule):
    total = 200
    rates = [schedule.factor(n, total) for n in range(1, total + 1)]
    risen, falls = map(int, schedule.turns(total))
    assert rates[:risen] == sorted(rates[:risen]) and rates[0] < rates[risen - 1] == 1
    assert set(rates[risen - 1 : falls]) == {1}
    assert rates[falls - 1 :] == sorted(rates[falls - 1 :], reverse=True)
