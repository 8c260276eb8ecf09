"""What is looked at: the network that was asked for, the quantizer's codes, so many minutes."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from small_quantizer import small_quantizer
from tones import TONES, write_dump

from asrkit.analysis import measure
from asrkit.analysis.layers import Viewer
from asrkit.batch import pad
from asrkit.data.index import DataIndex
from asrkit.encoders.logmel import LogMelEncoder
from asrkit.objectives.contrastive import ContrastiveObjective
from asrkit.objectives.regression import RegressionObjective
from asrkit.tokens import TokenList

WAVE = torch.randn(8000, generator=torch.Generator().manual_seed(3))


def encoder() -> LogMelEncoder:
    torch.manual_seed(0)
    return LogMelEncoder(
        mels=12,
        conv_layers=[[16, 3, 1], [16, 3, 2]],
        width=16,
        layers=2,
        heads=2,
        positional=[9, 2, 1],
    )


@pytest.mark.parametrize("source", ["student", "teacher"])
@pytest.mark.parametrize("output", ["ffn", "block"])
def test_teacher_and_student_are_told_apart(source: str, output: str) -> None:
    objective = RegressionObjective(encoder(), top_k=1).eval()
    with torch.no_grad():
        for p in objective.encoder.context.parameters():
            p += 0.1 * torch.randn(p.shape)
        features = objective.encoder.extract(pad([WAVE]))
        network = objective.teacher if source == "teacher" else objective.encoder.context
        hidden = network(objective.encoder.projected(features), every_layer=True)
    wanted = hidden.ffn if output == "ffn" else hidden.layers[1:]
    viewer = Viewer(objective, source=source, output=output, normalized=False)
    layers = viewer.view(WAVE.numpy()).layers
    assert list(layers) == [1, 2]
    for number, layer in layers.items():
        torch.testing.assert_close(layer, wanted[number - 1][0])


def test_codes_are_those_of_the_objective() -> None:
    quantizer = small_quantizer(16)
    objective = ContrastiveObjective(encoder(), quantizer).eval()
    with torch.no_grad():
        torch.nn.init.normal_(objective.encoder.feature_norm.weight)
        batch = SimpleNamespace(speech=pad([WAVE]))
        features, inputs = objective._features(batch)  # type: ignore[arg-type]
        draws = objective.draw(torch.tensor([0]), features, every=True)
        _, codes = objective._every_target(inputs, draws)
    views = Viewer(objective).view(WAVE.numpy())
    assert views.codes is not None and views.quantized is not None
    np.testing.assert_array_equal(views.codes, codes[0].numpy())
    assert len(np.unique(views.codes, axis=0)) > 3
    torch.testing.assert_close(
        views.quantized[:, :4], quantizer.codebook[0][codes[0, :, 0]].detach()
    )


def test_each_combination_of_codes_is_a_cluster() -> None:
    codes = np.array([[3, 0], [3, 0], [3, 1], [4, 1]])
    none = np.zeros(4, bool)
    frames = measure.Frames(np.array([0, 0, 1, 1]), none, none, {}, codes, None)
    found = measure.code_quality(frames)
    assert found is not None
    assert (found.clusters, found.phone_purity, found.cluster_purity) == (3, 1.0, 0.75)


def test_utterances_until_the_minutes_are_full(tmp_path: Path) -> None:
    index = DataIndex.open([write_dump(tmp_path / "x", 9)], "text.phn")
    ears = SimpleNamespace(
        tokens=TokenList.build(TONES), log_probs=lambda _: [torch.zeros(50, 5).log_softmax(-1)]
    )
    found = measure.aligned(index, ears, minutes=1.5 / 60, seed=0, reach=5)  # type: ignore[arg-type]
    samples = [item.samples for item in found]
    assert sum(samples[:-1]) < 24_000 <= sum(samples) < int(index.num_samples.sum())
