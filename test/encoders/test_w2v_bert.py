"""The encoder of w2v-BERT 2.0: relative keys, fewer frames by pooling, what refuses them."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from test_contract import TOKENS, batch_of, options_for

from asrkit.batch import pad
from asrkit.build import build_objective
from asrkit.config import ConfigError
from asrkit.encoders.relative import RelativeKeys
from asrkit.encoders.w2v_bert import W2vBertEncoder
from asrkit.objectives.base import Recognizer

SMALL: dict[str, Any] = {"width": 16, "layers": 1, "heads": 2, "kernel": 5}


def objective(name: str, **conf: Any) -> Any:
    chosen = {"objective": name, "encoder": "w2v_bert"}
    if name == "contrastive":
        chosen["quantizer"] = "gumbel"
    options = options_for(chosen)
    options.encoder_conf |= conf
    return build_objective(options, TOKENS)


def test_relative_keys_by_their_definition() -> None:
    torch.manual_seed(0)
    keys = RelativeKeys(4, before=2, after=1)
    query = torch.randn(2, 3, 6, 4)
    same, scores = keys(torch.empty(2, 6, 12), query)
    assert same is query
    for i in range(6):
        for j in range(6):
            vector = keys.vectors[min(max(j - i, -2), 1) + 2]
            torch.testing.assert_close(scores[:, :, i, j], query[:, :, i] @ vector / 2)


@pytest.mark.parametrize("pooling_layers", [1, 3])
def test_pooling_halves_the_frames(pooling_layers: int) -> None:
    encoder = W2vBertEncoder(**SMALL, pooling_layers=pooling_layers).eval()
    for samples in (300, 1200, 4001, 16_000, 16_321):
        x = pad([torch.randn(samples)])
        output = encoder(x).output
        frames = encoder.output_lengths(x.lengths)
        assert torch.equal(output.lengths, encoder.context_lengths(frames))
        assert output.data.shape[1] == max(int(output.lengths), 1)
    assert len(list(encoder.blocks())) == 1 + pooling_layers


def test_a_recognizer_has_half_the_frames_and_learns() -> None:
    made = objective("ctc", pooling_layers=1, layerdrop=0.0)
    assert isinstance(made, Recognizer)
    batch = batch_of()
    scores = made.log_probs(batch)
    assert batch.speech is not None
    assert torch.equal(made.output_lengths(batch.speech.lengths), scores.lengths)
    assert scores.lengths.tolist() == [25, 19, 14]
    made.train()
    made(batch).loss.backward()
    assert all(p.grad is not None for p in made.parameters())


@pytest.mark.parametrize("name", ["contrastive", "regression"])
def test_objectives_of_frames_refuse_fewer(name: str) -> None:
    with pytest.raises(ConfigError, match=r"set encoder_conf\.pooling_layers to 0"):
        objective(name, pooling_layers=1)


@pytest.mark.parametrize("change", [{"kernel": 4}, {"heads": 3}])
def test_impossible_networks_are_refused(change: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"kernel is odd|not a multiple of 3 heads"):
        W2vBertEncoder(**(SMALL | change))
