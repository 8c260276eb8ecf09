"""Exported graphs in their runtimes, onnxruntime and sherpa-onnx, on real speech."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import sherpa_onnx
import torch
from onnx import helper
from random_model import LOGMEL, save_random
from test_contract import options_for
from test_plain import KINDS, WAV2VEC2

from asrkit import config
from asrkit.audio.reading import decode
from asrkit.bin.export import main
from asrkit.build import build_objective
from asrkit.convert import onnx_folder
from asrkit.convert.onnx_graph import INPUT, OPSET
from asrkit.convert.source import ConvertError
from asrkit.decode.greedy import collapse
from asrkit.infer import Speech2Text
from asrkit.objectives.base import Recognizer
from asrkit.tokens import TokenList
from asrkit.train import checkpoint

pytestmark = pytest.mark.timeout(300)  # tracing a graph takes seconds of a processor
CLIPS = [
    Path(__file__).parents[1] / "corpora/clips" / name for name in ("en/05.opus", "ru/10.opus")
]
SMALLEST: tuple[str, dict[str, Any], dict[str, Any]] = (
    "wav2vec2",
    WAV2VEC2 | {"conv_layers": [[16, 16, 16], [16, 20, 20]], "layers": 1, "positional": [8, 2, 1]}
    | {"normalize": True},
    {},
)  # fmt: skip


@pytest.fixture(scope="module")
def clips() -> list[np.ndarray]:
    return [decode(clip).samples for clip in CLIPS]


class Exported:
    """A model with random weights, and its folder for ONNX."""

    def __init__(self, home: Path, kind: tuple[str, dict[str, Any], dict[str, Any]]) -> None:
        self.model = Speech2Text(save_random(home / "model", *kind))
        self.folder = home / "onnx"
        argv = ["--model", str(home / "model"), "--format", "onnx", "--out", str(self.folder)]
        assert main(argv) == 0
        self.file = self.folder / "model.onnx"
        self.session = onnxruntime.InferenceSession(str(self.file))

    def run(self, samples: np.ndarray) -> np.ndarray:
        (found,) = self.session.run(None, {INPUT: samples})
        return found  # type: ignore[no-any-return]

    def text(self, samples: np.ndarray) -> str:
        (scores,) = self.model.log_probs([samples])
        return " ".join(self.model.tokens.decode(collapse(scores.argmax(-1).tolist())))

    def agrees(self, clips: Sequence[np.ndarray]) -> None:
        """In log-probabilities alone and in a batch, and in text."""
        size = min(map(len, clips))
        cut = np.stack([clip[:size] for clip in clips])
        rows = [*((clip, self.run(clip[None])[0]) for clip in clips)]
        rows += zip(cut, self.run(cut), strict=True)
        for samples, found in rows:
            (expected,) = self.model.log_probs([samples])
            np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4)


def recognizer(folder: Path, model: str = "model.onnx") -> sherpa_onnx.OfflineRecognizer:
    return sherpa_onnx.OfflineRecognizer.from_omnilingual_asr_ctc(
        model=str(folder / model), tokens=str(folder / "tokens.txt")
    )


def heard(of: sherpa_onnx.OfflineRecognizer, samples: np.ndarray) -> Any:
    stream = of.create_stream()
    stream.accept_waveform(16_000, samples)
    of.decode_stream(stream)
    return stream.result


@pytest.fixture(scope="module")
def smallest(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    return Exported(tmp_path_factory.mktemp("smallest"), SMALLEST)


def test_onnxruntime_computes_the_same(smallest: Exported, clips: list[np.ndarray]) -> None:
    smallest.agrees(clips)


def test_inputs_of_any_length(smallest: Exported) -> None:
    for size in (1, 335, 336, 655, 656, 12_345):
        samples = 0.1 * np.random.default_rng(size).standard_normal(size).astype(np.float32)
        (expected,) = smallest.model.log_probs([samples])
        found = smallest.run(samples[None])[0]
        assert found.shape == expected.shape
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize("loudness", [1, 0.01])
def test_sherpa_onnx_writes_the_same(
    smallest: Exported, clips: list[np.ndarray], loudness: float
) -> None:
    """It normalizes waveforms before the graph does: once is enough, also of quiet recordings."""
    of = recognizer(smallest.folder)
    for samples in clips:
        result = heard(of, loudness * samples)
        assert result.text == smallest.text(loudness * samples) != ""
        assert result.text.split() == [token.strip() for token in result.tokens]


def test_sherpa_onnx_survives_short_inputs(smallest: Exported) -> None:
    assert heard(recognizer(smallest.folder), np.full(100, 0.1, np.float32)).text == ""


def test_what_the_graph_says_of_itself(smallest: Exported) -> None:
    meta = smallest.session.get_modelmeta().custom_metadata_map
    assert meta["vocab_size"] == "8" and meta["sample_rate"] == "16000"
    assert meta["frame_samples"] == "320" and meta["precision"] == "fp32"
    (given,), (made,) = smallest.session.get_inputs(), smallest.session.get_outputs()
    assert (given.shape, made.shape) == (["N", "S"], ["N", "T", 8])
    assert OPSET == 18


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_every_encoder(kind: str, tmp_path: Path, clips: list[np.ndarray]) -> None:
    exported = Exported(tmp_path, KINDS[kind])
    exported.agrees(clips)
    if KINDS[kind][1].get("normalize"):
        of = recognizer(exported.folder)
        assert [heard(of, clip).text for clip in clips] == [exported.text(clip) for clip in clips]


@pytest.mark.slow
def test_int8(tmp_path: Path, clips: list[np.ndarray]) -> None:
    wide = SMALLEST[1] | {"width": 256, "layers": 2, "positional": [64, 4, 1]}
    exported = Exported(tmp_path, ("wav2vec2", wide, {}))
    small = tmp_path / "small"
    argv = ["--model", str(tmp_path / "model"), "--format", "onnx", "--out", str(small)]
    assert main([*argv, "--int8"]) == 0
    assert sorted(path.name for path in small.iterdir()) == ["model.int8.onnx", "tokens.txt"]
    size = (small / "model.int8.onnx").stat().st_size / exported.file.stat().st_size
    assert 0.22 < size < 0.3
    session = onnxruntime.InferenceSession(str(small / "model.int8.onnx"))
    for samples in clips:
        (found,) = session.run(None, {INPUT: samples[None]})
        (expected,) = exported.model.log_probs([samples])
        assert 0 < np.abs(found[0] - expected.numpy()).mean() < 0.1
    assert heard(recognizer(small, "model.int8.onnx"), clips[0]).text


@pytest.mark.slow
@pytest.mark.parametrize("more", [(), ("--int8",)])
def test_weights_too_large_for_a_file_lie_beside_it(
    toy: Path, tmp_path: Path, more: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnx_folder, "LARGEST", 0)
    assert export(toy, tmp_path / "out", *more) == 0
    name = "model.int8.onnx" if more else "model.onnx"
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        name, f"{name}.data", "tokens.txt"
    }  # fmt: skip
    session = onnxruntime.InferenceSession(str(tmp_path / "out" / name))
    (found,) = session.run(None, {INPUT: np.zeros((1, 16_000), np.float32)})
    assert found.shape == (1, 50, 8)


def test_a_frame_that_is_no_whole_part_of_a_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = save_random(tmp_path / "model", "logmel", LOGMEL | {"conv_layers": [[16, 3, 3]]}, {})
    told: dict[str, object] = {}

    def graph_of(recognizer: Recognizer, metadata: dict[str, object], *, normalizes: bool) -> None:
        told.update(metadata)
        raise ConvertError("that is all")

    monkeypatch.setattr(onnx_folder, "graph_of", graph_of)
    assert export(model, tmp_path / "out") == 1
    assert told["frame_samples"] == 480  # 16,000 // 33 frames is 484


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    return save_random(tmp_path / "model", *SMALLEST)


def export(model: Path, out: Path, *more: str, to: str = "onnx") -> int:
    return main(["--model", str(model), "--format", to, "--out", str(out), *more])


def test_transformers_are_written_too(toy: Path, tmp_path: Path) -> None:
    assert export(toy, tmp_path / "out", to="transformers") == 0
    assert (tmp_path / "out/model.safetensors").is_file()


def test_int8_is_for_onnx(toy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert export(toy, tmp_path / "out", "--int8", to="transformers") == 1
    assert "--int8 has no use with --format transformers" in capsys.readouterr().err


@pytest.mark.parametrize("package", ["onnx", "onnxruntime", "onnxscript"])
def test_missing_packages_are_named(
    toy: Path,
    tmp_path: Path,
    package: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in [name for name in sys.modules if name.startswith("asrkit.convert.onnx_")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    assert export(toy, tmp_path / "out") == 1
    said = f'error: --format onnx needs the package {package}: pip install "asrkit[onnx]"\n'
    assert capsys.readouterr().err == said
    assert not (tmp_path / "out").exists()


def test_what_cannot_recognize_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.manual_seed(0)
    options = options_for(
        {"objective": "contrastive", "encoder": "wav2vec2", "quantizer": "gumbel"}
    )
    model = build_objective(options, TokenList.build([])).state_dict()
    content = {"model": model, "step": 0, "config": config.to_mapping(options)}
    checkpoint.save(tmp_path / "last.pt", content)
    assert export(tmp_path / "last.pt", tmp_path / "out") == 1
    said = capsys.readouterr().err
    assert "pre-trained only" in said and "fine-tune it" in said and "transformers" in said
    assert not (tmp_path / "out").exists()


def test_nothing_is_left_of_a_wrong_graph(
    toy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def wrong(recognizer: Recognizer, metadata: object, *, normalizes: bool) -> onnx.ModelProto:
        node = helper.make_node("Identity", [INPUT], ["log_probs"])
        shapes = [
            helper.make_tensor_value_info(name, 1, ["N", "S"]) for name in (INPUT, "log_probs")
        ]
        graph = helper.make_graph([node], "wrong", shapes[:1], shapes[1:])
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)

    monkeypatch.setattr(onnx_folder, "graph_of", wrong)
    assert export(toy, tmp_path / "out") == 1
    assert "differ from asrkit's" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
