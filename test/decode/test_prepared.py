"""A network that is ready to recognize gives what it gave before, to the rounding asked for."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from random_model import save_random

from asrkit.batch import Batch, pad
from asrkit.decode import prepared
from asrkit.decode.prepared import prepare
from asrkit.infer import Speech2Text
from asrkit.model_io import ModelError, TrainedModel
from asrkit.objectives.base import Recognizer
from asrkit.train.precision import Precision, cpu_rounds_products

CPU = torch.device("cpu")
SMALL = {"width": 64, "layers": 2, "heads": 2, "positional": [64, 4, 1]}
LAYER = {"conv_norm": "layer", "conv_bias": True, "normalize": True, "norm_first": True}
KINDS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "group norm": ("wav2vec2", SMALL, {}),
    "layer norm": ("wav2vec2", {**SMALL, **LAYER, "positional": [8, 2, 1]}, {}),
    "positions of data2vec": ("wav2vec2", {**SMALL, "positional": [19, 2, 5]}, {}),
    "log-mel": ("logmel", {**SMALL, "mels": 16}, {"head_kernel": 3}),
    "Conformer": ("wav2vec2_conformer", {"width": 64, "layers": 2, "heads": 2, "kernel": 5}, {}),
    "w2v-BERT": ("w2v_bert", {"width": 64, "layers": 2, "heads": 2, "pooling_layers": 1}, {}),
    "causal": ("cpc", {"width": 16}, {}),
}


@pytest.fixture(params=KINDS)
def network(request: pytest.FixtureRequest, tmp_path: Path) -> Recognizer:
    objective = TrainedModel.open(save_random(tmp_path / "x", *KINDS[request.param])).objective()
    assert isinstance(objective, Recognizer)
    return objective


def batch() -> Batch:
    generator = torch.Generator().manual_seed(3)
    waves = [torch.rand(n, generator=generator) - 0.5 for n in (16_000, 9_000, 300, 401)]
    return Batch(["u"] * 4, torch.zeros(4, dtype=torch.int64), pad(waves))


def results(network: Recognizer, precision: Precision, **options: bool) -> torch.Tensor:
    """[frames, V] of the valid frames."""
    network = copy.deepcopy(network)
    prepare(network, precision, **options)
    with torch.inference_mode(), precision.matmul_precision():
        found = network.log_probs(batch())
    return found.data[found.valid()]


def test_float32_is_as_it_was(network: Recognizer) -> None:
    with torch.inference_mode():
        before = network.log_probs(batch())
    found = results(network, Precision("fp32", CPU))
    torch.testing.assert_close(found, before.data[before.valid()], atol=2e-5, rtol=0)


@pytest.mark.parametrize("kind", ["bf16", "int8"])
def test_fewer_bits_are_near_and_differ(network: Recognizer, kind: str) -> None:
    if kind == "bf16" and not cpu_rounds_products():
        pytest.skip("this processor does not multiply bf16")
    wanted = results(network, Precision("fp32", CPU))
    found = results(network, Precision("bf16", CPU), int8=kind == "int8")
    assert found.dtype == torch.float32
    error = (found - wanted).abs()
    assert error.mean() < 0.1 and error.max() < 1.0
    if hasattr(network.encoder, "projection"):  # else nothing is in fewer bits but torch's products
        assert error.max() > 1e-4


def test_a_matrix_of_8_bits_is_near() -> None:
    torch.manual_seed(0)
    linear = torch.nn.Linear(64, 48)
    linear.weight.data[3] = 0  # an output that nothing reaches has no scale
    x = torch.randn(3, 5, 64)
    wanted = linear(x)
    found = prepared._Int8Linear(linear)(x)
    assert found.dtype == torch.float32
    # half a step of 127 in each factor; 64 products of independent errors
    assert (found - wanted).abs().max() < 6 * 64**0.5 * (3.5 / 254) * (1 / 8) * 2
    torch.testing.assert_close(found[..., 3], wanted[..., 3])


def test_8_bits_are_for_a_cpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = save_random(tmp_path / "x", *KINDS["log-mel"])
    assert Speech2Text(folder, precision="int8").log_probs([torch.zeros(8000)])[0].shape == (22, 8)
    monkeypatch.setattr("asrkit.network.device_of", lambda _: torch.device("meta"))
    with pytest.raises(ModelError, match="int8 is for a CPU"):
        Speech2Text(folder, device="cuda", precision="int8")
