"""bin/cluster_quality on a toy language and small models, from wave to table and pictures."""

import json
import tracemalloc

import numpy as np
import pytest
import torch
from random_model import save_small
from tones import write_dump, write_tokens

from asrkit.analysis import measure
from asrkit.analysis.layers import Viewer, Views
from asrkit.batch import pad
from asrkit.bin import cluster_quality
from asrkit.model_io import TrainedModel


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    tokens = write_tokens(folder / "tokens.txt")
    save_small(folder / "uni", tokens, objective="phonetic", base="contrastive",
         base_conf={"compare": "context", "final_size": 8}, quantizer="gumbel",
         quantizer_conf={"entries": 4, "vector_size": 8})  # fmt: skip
    save_small(folder / "d2v", tokens, objective="phonetic", base="regression",
         base_conf={"top_k": 1})  # fmt: skip
    write_dump(folder / "xx", 6)
    write_dump(folder / "yy", 6, seed=1, lang="yy")
    return folder


def args(models, out, *more):
    return [
        "--model", f"UniSpeech={models / 'uni'}", f"UniData2vec={models / 'd2v'}",
        "--aligner", str(models / "d2v"), "--data_dir", str(models / "xx"), str(models / "yy"),
        "--out_dir", str(out), "--clusters", "5", "--fit_share", "0.5", "--tries", "2", *more,
    ]  # fmt: skip


def test_table_and_pictures(models, tmp_path, capsys):
    assert cluster_quality.main(args(models, tmp_path)) == 0
    table = (tmp_path / "quality.md").read_text()
    assert capsys.readouterr().out == table
    rows = json.loads((tmp_path / "quality.json").read_text())
    told = [(row["model"], row["frames_of"]) for row in rows]
    assert told == [
        ("UniSpeech", "codes"),
        ("UniSpeech", "student ffn 1"),
        ("UniSpeech", "student ffn 2"),
        ("UniSpeech", "quantized vectors"),
        ("UniData2vec", "teacher ffn 1"),
        ("UniData2vec", "teacher ffn 2"),
    ]
    frames = {row["frames"] for row in rows}
    assert len(frames) == 1 and frames.pop() > 100
    assert all(0 < row["phone_purity"] <= 1 and row["information"] >= 0 for row in rows)
    assert all(row["clusters"] <= 5 for row in rows if row["frames_of"] != "codes")
    for name in ("quality_5.png", "codebook_UniSpeech.png"):
        assert (tmp_path / name).stat().st_size > 5000
    names = {"codebook_UniSpeech.png", "quality.json", "quality.md", "quality_5.png"}
    assert {path.name for path in tmp_path.iterdir()} == names


def test_a_path_may_hold_an_equals_sign(tmp_path):
    path = tmp_path / "lr=0.1" / "uni"
    path.mkdir(parents=True)
    assert cluster_quality._named(str(path)) == ("uni", path)
    assert cluster_quality._named(f"UniSpeech={path}") == ("UniSpeech", path)


def test_layers_are_those_of_the_target(models):
    """The teacher's normalized top layer is what the student regresses to, with top_k 1."""
    objective = TrainedModel.open(models / "d2v").objective()
    wave = torch.randn(8000)
    views = Viewer(objective, source="teacher").view(wave.numpy())
    base = objective.base
    features = base.encoder.extract(pad([wave]))
    torch.testing.assert_close(views.layers[2], base.targets(features).data[0])
    raw = Viewer(objective, source="teacher", normalized=False).view(wave.numpy())
    assert raw.layers[2].mean(0).abs().max() > 10 * views.layers[2].mean(0).abs().max()
    assert views.codes is None and views.quantized is None


class Layers:
    """Twelve random layers; keeps what it showed, on request."""

    def __init__(self):
        self.shown = None

    def view(self, wave):
        layers = {n: torch.randn(400, 64) for n in range(1, 13)}
        if self.shown is not None:
            self.shown.append(layers)
        return Views(layers, None, None)


def test_memory_does_not_hold_all_layers_of_all_frames(tmp_path, monkeypatch):
    monkeypatch.setattr(measure.audio, "load", lambda *_: np.zeros(128_000, np.float32))
    phones = np.arange(400) % 7 + measure.NOTHING  # a seventh are pauses
    spoken = [measure.Spoken(f"u{n}", "x", 128_000, phones, "it") for n in range(20)]
    viewer, stores = Layers(), [tmp_path / "a", tmp_path / "b"]
    for store in stores:
        store.mkdir()
    tracemalloc.start()
    frames = measure.look(viewer, spoken, stores[0], fit_share=0.5, seed=0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert frames.layers[12].shape == (20 * int((phones >= 0).sum()), 64)
    assert peak < 0.2 * sum(layer.nbytes for layer in frames.layers.values())
    viewer.shown = []
    frames = measure.look(viewer, spoken[:2], stores[1], fit_share=0.5, seed=0)
    for number, layer in frames.layers.items():
        wanted = np.concatenate([shown[number].numpy()[phones >= 0] for shown in viewer.shown])
        np.testing.assert_array_equal(layer, wanted)


def test_wrong_requests_are_refused(models, tmp_path, capsys):
    assert cluster_quality.main(args(models, tmp_path, "--clusters", "5000")) == 1
    assert "too few for 5000 clusters" in capsys.readouterr().err
    assert cluster_quality.main(args(models, tmp_path, "--clusters", "1")) == 1
    assert "--clusters is 2 or more" in capsys.readouterr().err
    for option in ("--minutes", "--tries"):
        assert cluster_quality.main(args(models, tmp_path, option, "0")) == 1
        assert "--tries at least 1" in capsys.readouterr().err
    twice = ["--model", str(models / "uni"), f"uni={models / 'd2v'}"]
    assert cluster_quality.main(args(models, tmp_path, *twice)) == 1
    assert "two are called 'uni'" in capsys.readouterr().err
    assert cluster_quality.main(args(models, tmp_path, "--aligner", str(tmp_path / "no"))) == 1
    assert "no such model" in capsys.readouterr().err
    with pytest.raises(ValueError, match="only data2vec's models have a teacher"):
        Viewer(TrainedModel.open(models / "uni").objective(), source="teacher")
