"""Plain operations give what the routines for a CPU give, for every recognizer of speech."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from random_model import save_random
from torch import Tensor
from torch._subclasses.fake_tensor import DataDependentOutputException, FakeTensorMode

from asrkit.batch import Batch, Padded, pad
from asrkit.choices import ENCODERS
from asrkit.encoders.normalize import normalize_waveform
from asrkit.model_io import TrainedModel
from asrkit.objectives.base import Recognizer
from asrkit.plain import is_plain, plain_operations

SHARED = {"width": 16, "layers": 2, "heads": 2}
WAV2VEC2 = SHARED | {"conv_layers": [[16, 10, 5], [16, 8, 4], [16, 4, 4], [16, 4, 4]]}
LOGMEL = SHARED | {"conv_layers": [[16, 3, 1], [16, 3, 2]], "mels": 16}
KINDS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "group norm, Fourier positions": ("wav2vec2", WAV2VEC2 | {"positional": [64, 2, 1]}, {}),
    "layer norm, normalized": (
        "wav2vec2",
        WAV2VEC2
        | {"positional": [9, 2, 3], "conv_norm": "layer", "conv_bias": True, "normalize": True},
        {},
    ),
    "pre-norm": (
        "wav2vec2",
        WAV2VEC2 | {"positional": [8, 2, 1], "norm_first": True, "positional_affine": True},
        {},
    ),
    "log-mel": ("logmel", LOGMEL | {"positional": [31, 4, 1]}, {}),
    "WavLM": ("wavlm", WAV2VEC2 | {"positional": [8, 2, 1], "buckets": 16, "max_distance": 9}, {}),
    "Conformer, relative": ("wav2vec2_conformer", WAV2VEC2 | {"kernel": 5}, {}),
    "Conformer, rotary": (
        "wav2vec2_conformer",
        WAV2VEC2 | {"kernel": 5, "positions": "rotary", "normalize": False},
        {},
    ),
    "w2v-BERT": (
        "w2v_bert",
        SHARED | {"mels": 16, "kernel": 7, "before": 5, "after": 3, "pooling_layers": 1},
        {},
    ),
    "cpc": ("cpc", {"width": 16, "layers": 2}, {"head_kernel": 8, "head_stride": 4}),
}


@pytest.fixture(params=KINDS)
def recognizer(request: pytest.FixtureRequest, tmp_path: Path) -> Recognizer:
    made = TrainedModel.open(save_random(tmp_path / "model", *KINDS[request.param])).objective()
    assert isinstance(made, Recognizer)
    return made


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    yield
    assert not is_plain()


def batch(samples: Tensor) -> Batch:
    lengths = torch.full((len(samples),), samples.shape[1])
    return Batch([], lengths, Padded(samples, lengths))


def test_every_encoder_is_tried() -> None:
    assert {encoder for encoder, _, _ in KINDS.values()} == ENCODERS.keys()


@pytest.mark.parametrize(("rows", "size"), [(1, 16_000), (3, 12_345)])
def test_the_same_results(recognizer: Recognizer, rows: int, size: int) -> None:
    samples = 0.1 * torch.randn(rows, size, generator=torch.Generator().manual_seed(size))
    with torch.inference_mode():
        usual = recognizer.log_probs(batch(samples))
        with plain_operations():
            plain = recognizer.log_probs(batch(samples))
    torch.testing.assert_close(plain.data, usual.data, rtol=0, atol=2e-5)
    assert torch.equal(plain.lengths, usual.lengths)


def test_no_length_is_looked_at(recognizer: Recognizer) -> None:
    """Whoever traces it has none to give: fake tensors have a shape and no values."""
    with FakeTensorMode(allow_non_fake_inputs=True), torch.no_grad():
        given = batch(torch.empty(2, 16_000))
        with plain_operations():
            assert recognizer.log_probs(given).data.shape[0] == 2
        with pytest.raises(DataDependentOutputException):
            recognizer.log_probs(given)


def test_samples_are_normalized_once() -> None:
    quiet = 0.004 * torch.randn(2, 4000, generator=torch.Generator().manual_seed(0))
    with plain_operations():
        once = normalize_waveform(Padded(quiet, torch.tensor([4000, 4000])))
        twice = normalize_waveform(Padded(once, torch.tensor([4000, 4000])))
    torch.testing.assert_close(once, normalize_waveform(pad(list(quiet))), rtol=0, atol=0)
    assert torch.equal(twice, once)
    assert not torch.allclose(normalize_waveform(pad(list(once))), once, atol=0.1)


def test_plain_operations_end_with_an_error() -> None:
    with pytest.raises(KeyError), plain_operations():
        assert is_plain()
        raise KeyError
    assert not is_plain()
