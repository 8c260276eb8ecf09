"""Monitors: silent on healthy runs, a planted collapse is named."""

import pytest
from small_quantizer import small_quantizer

from asrkit.encoders.logmel import LogMelEncoder
from asrkit.objectives.contrastive import ContrastiveObjective
from asrkit.objectives.ctc import CtcObjective
from asrkit.tokens import TokenList

HEALTHY = {"code_perplexity": 40.0, "features_std": 0.8}


@pytest.fixture
def contrastive():
    encoder = LogMelEncoder(
        conv_layers=[[8, 3, 2]], width=8, layers=1, heads=2, positional=[3, 1, 1]
    )
    return ContrastiveObjective(encoder, small_quantizer(8, entries=4))


@pytest.mark.parametrize(
    "stats,message",
    [
        (HEALTHY, None),
        (HEALTHY | {"code_perplexity": 2.01}, "codebook has collapsed"),
        (HEALTHY | {"features_std": 1e-5}, "features have collapsed"),
        ({}, None),
    ],
)
def test_contrastive(contrastive, stats, message):
    contrastive.before_step(1000)
    found = contrastive.check_collapse(stats)
    assert (found is None) == (message is None)
    if found is not None:
        assert message in found.message
        assert found.fatal


def test_the_first_updates_are_not_judged(contrastive):
    contrastive.before_step(10)
    assert contrastive.check_collapse(HEALTHY | {"code_perplexity": 2.0}) is None


def test_all_blanks_are_a_hint_once_the_whole_model_has_trained():
    encoder = LogMelEncoder(
        conv_layers=[[8, 3, 2]], width=8, layers=1, heads=2, positional=[3, 1, 1]
    )
    ctc = CtcObjective(encoder, TokenList.build("ab"), freeze_steps=100)
    ctc.before_step(599)
    assert ctc.check_collapse({"blank": 1.0}) is None
    ctc.before_step(600)
    assert ctc.check_collapse({"blank": 0.9}) is None
    found = ctc.check_collapse({"blank": 1.0})
    assert "nothing but blanks" in found.message
    assert not found.fatal
