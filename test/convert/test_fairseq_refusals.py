"""fairseq's .pt files that say too little, contradict themselves, or hold another network."""

import argparse
from pathlib import Path

import hf_tiny
import pytest
import torch
from fairseq_tiny import DICT, check_hidden, finetuned, save, settings
from hf_tiny import convert

from asrkit.convert.fairseq import literal
from asrkit.convert.source import ConvertError


@pytest.mark.parametrize(
    ("change", "flags", "message"),
    [
        ({"encoder_attention_heads": None}, [], "number of attention heads.*--heads"),
        ({"layer_norm_first": None}, [], "norms come before.*--norm_first"),
        ({"normalize": None}, [], "mean 0.*--normalize"),
        ({}, ["--heads", "8"], "heads = 4, and --heads says 8"),
        ({}, ["--norm_first", "true"], "norm_first = False"),
        ({}, ["--normalize", "true"], "normalize = False"),
        ({"extractor_mode": "layer_norm"}, [], "conv_norm = 'layer'"),
        ({"conv_bias": True}, [], "conv_bias = True"),
        ({"encoder_layers": 12}, [], "layers = 12"),
        ({"conv_pos": 128}, [], "positional"),
        ({"conv_feature_layers": "[(24, 10, 5)] * 7"}, [], "kernels"),
        (
            {"conv_feature_layers": "__import__('os').system('touch evil')"},
            [],
            "not a list or number",
        ),
        ({"conv_feature_layers": "[(24, 10)]"}, [], "conv_feature_layers is"),
        ({"latent_groups": None}, [], "latent_groups.*--encoder_only"),
        ({"quantizer_depth": 2}, [], "quantizer_depth = 2"),
        ({"target_glu": True}, [], "target_glu"),
        ({"quantize_input": True}, [], "quantize_input"),
        ({"layer_type": "conformer"}, [], "layer_type"),
        ({"activation_fn": "relu"}, [], "activation_fn"),
        ({}, ["--dict", "dict.txt"], "no output layer.*leave --dict out"),
    ],
)
def test_refusals(tmp_path, monkeypatch, change, flags, message):
    monkeypatch.chdir(tmp_path)
    model = hf_tiny.make("Wav2Vec2ForPreTraining")
    options = {**settings("base"), "normalize": False, **change}
    options = {key: value for key, value in options.items() if value is not None}
    content = {"args": argparse.Namespace(**options), "model": hf_tiny.fairseq_state(model, True)}
    torch.save(content, tmp_path / "x.pt")
    with pytest.raises(ConvertError, match=message):
        convert("--source", tmp_path / "x.pt", "--out", tmp_path / "ours", *flags)
    assert sorted(p.name for p in Path().iterdir()) == ["x.pt"]


def test_no_configuration_at_all_needs_three_flags(tmp_path):
    model = hf_tiny.make("Wav2Vec2ForPreTraining")
    torch.save({"model": hf_tiny.fairseq_state(model, True)}, tmp_path / "x.pt")
    words = ["--source", tmp_path / "x.pt", "--out", tmp_path / "ours", "--encoder_only", "true"]
    words += ["--heads", "4", "--norm_first", "false"]
    with pytest.raises(ConvertError, match="--normalize"):
        convert(*words)
    convert(*words, "--normalize", "false")
    check_hidden(tmp_path / "ours", model.wav2vec2)


def test_configurations_that_disagree(tmp_path):
    model = hf_tiny.make("Wav2Vec2ForPreTraining")
    cfg = {"model": settings("base"), "task": {"normalize": True}}
    save(tmp_path / "x.pt", model, cfg=cfg, style="args")
    content = torch.load(tmp_path / "x.pt", weights_only=False)
    torch.save({**content, "cfg": cfg}, tmp_path / "x.pt")
    with pytest.raises(ConvertError, match="disagree on normalize"):
        convert("--source", tmp_path / "x.pt", "--out", tmp_path / "ours")


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ({"encoder.layers.0.adapter_layer.W_a": torch.ones(1)}, "adapters.*MMS"),
        ({"decoder.x": torch.ones(1)}, "no place for decoder.x.*--encoder_only"),
        ({"encoder.layers.7.fc1.bias": torch.ones(1)}, "has unknown"),
    ],
)
def test_tensors_without_a_place(tmp_path, extra, message):
    model = hf_tiny.make("Wav2Vec2ForPreTraining")
    state = hf_tiny.fairseq_state(model, True) | extra
    options = argparse.Namespace(**settings("base"), normalize=False)
    torch.save({"args": options, "model": state}, tmp_path / "x.pt")
    with pytest.raises(ValueError, match=message):
        convert("--source", tmp_path / "x.pt", "--out", tmp_path / "ours")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (DICT + "x 1\n", "10 tokens with the four specials, but the output layer has 9"),
        (DICT + "nocount\n", "not 'symbol count'"),
        (DICT.replace("o ", "e "), "duplicate token"),
        ("<s> 3 #fairseq:overwrite\n", "overwrites a special"),
    ],
)
def test_wrong_dictionaries(tmp_path, lines, message):
    finetuned(tmp_path / "x.pt")
    (tmp_path / "dict.txt").write_text(lines)
    words = ["--source", tmp_path / "x.pt", "--dict", tmp_path / "dict.txt"]
    with pytest.raises(ConvertError, match=message):
        convert(*words, "--out", tmp_path / "ours")


def test_literals():
    assert literal("[(512,10,5)] + [(512,3,2)] * 2", "x") == [(512, 10, 5)] + [(512, 3, 2)] * 2
    assert literal("2 * [1]", "x") == [1, 1] and literal(" (2,0.5) ", "x") == (2, 0.5)
    assert literal(7, "x") == 7 and literal("-3", "x") == -3
    for text in (
        "[1] * 10**9",
        "[0] * 2000",
        "a",
        "f()",
        "[x for x in y]",
        "1 + 1",
        "[",
        "'a' * 9",
    ):
        with pytest.raises(ConvertError, match="not a list or number"):
            literal(text, "x")
