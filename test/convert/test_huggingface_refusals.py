"""Folders of transformers that say too little, contradict themselves, or are damaged."""

import json
import os
import shutil

import hf_tiny
import pytest
import torch
from hf_tiny import VOCAB, convert
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from asrkit import config
from asrkit.bin import convert_checkpoint
from asrkit.convert import export
from asrkit.convert.source import ConvertError
from asrkit.infer import Speech2Text
from asrkit.model_io import ModelError
from asrkit.train import checkpoint


@pytest.fixture
def folder(tmp_path):
    return hf_tiny.save(hf_tiny.make("Wav2Vec2ForPreTraining"), tmp_path / "hf")


def edit(file, **changes):
    content = json.loads(file.read_text())
    for key, value in changes.items():
        content.pop(key, None)
        if value is not None:
            content[key] = value
    file.write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("file", "change", "flags", "message"),
    [
        ("config.json", {"num_attention_heads": None}, [], "number of attention heads.*--heads"),
        ("config.json", {"do_stable_layer_norm": None}, [], "norms come before.*--norm_first"),
        ("preprocessor_config.json", {"do_normalize": None}, [], "mean 0.*--normalize"),
        ("config.json", {}, ["--heads", "8"], "heads = 4, and --heads says 8"),
        ("config.json", {}, ["--norm_first", "true"], "norm_first = False, and --norm_first"),
        ("config.json", {}, ["--normalize", "true"], "normalize = False, and --normalize"),
        ("config.json", {"num_attention_heads": 5}, [], "not a multiple of 5 heads"),
        ("config.json", {"feat_extract_norm": "layer"}, [], "conv_norm = 'layer'.*'group'"),
        ("config.json", {"conv_bias": True}, [], "conv_bias = True"),
        ("config.json", {"num_hidden_layers": 3}, [], "layers = 3.*tensors say 2"),
        ("config.json", {"hidden_size": 48}, [], "width = 48"),
        ("config.json", {"conv_stride": [5, 2]}, [], "2 strides, 7 convolutions"),
        ("config.json", {"num_conv_pos_embeddings": 17}, [], "positional"),
        ("config.json", {"num_codevector_groups": 5}, [], "not a multiple of 5 groups"),
        ("config.json", {"hidden_act": "relu"}, [], "hidden_act = 'relu'"),
        ("config.json", {"layer_norm_eps": 1e-3}, [], "layer_norm_eps"),
        ("config.json", {"add_adapter": True}, [], "add_adapter"),
        ("config.json", {"adapter_attn_dim": 16}, [], "adapter_attn_dim = 16"),
        ("config.json", {"model_type": "sew"}, [], "model_type"),
        ("config.json", {"num_attention_heads": "4"}, [], "num_attention_heads is '4'"),
        ("config.json", {"conv_stride": 5}, [], "conv_stride is 5"),
        ("config.json", {"hidden_dropout": [0.1]}, [], r"config.json: hidden_dropout is \[0.1\]"),
        ("preprocessor_config.json", {"do_normalize": [1]}, [], "do_normalize is true or false"),
        ("preprocessor_config.json", {"sampling_rate": 8000}, [], "8000 Hz"),
    ],
)  # fmt: skip
def test_refusals(folder, tmp_path, file, change, flags, message):
    edit(folder / file, **change)
    with pytest.raises(ConvertError, match=message):
        convert("--source", folder, "--out", tmp_path / "out", *flags)
    assert not (tmp_path / "out").exists()


def test_two_files_that_name_different_blanks_are_refused(tmp_path):
    model = hf_tiny.make("Wav2Vec2ForCTC", pad_token_id=4)
    folder = hf_tiny.save(model, tmp_path / "hf", vocab=VOCAB, pad_token="<pad>")
    with pytest.raises(ConvertError, match=r"pad_token_id 4 .* is '\|', pad_token is '<pad>'"):
        convert("--source", folder, "--out", tmp_path / "exp")
    assert not (tmp_path / "exp").exists()


def test_the_processors_file_of_transformers_5_says_the_normalization(folder, tmp_path):
    extractor = json.loads((folder / "preprocessor_config.json").read_text())
    both = {"feature_extractor": extractor, "processor_class": "Wav2Vec2Processor"}
    (folder / "processor_config.json").write_text(json.dumps(both))
    (folder / "preprocessor_config.json").unlink()
    convert("--source", folder, "--out", tmp_path / "exp")
    assert hf_tiny.load(tmp_path / "exp").encoder.normalize is False
    differs = json.dumps(extractor | {"do_normalize": True})
    (folder / "preprocessor_config.json").write_text(differs)
    with pytest.raises(ConvertError, match="do_normalize differs"):
        convert("--source", folder, "--out", tmp_path / "other")


@pytest.mark.parametrize("key", ["num_attention_heads", "do_stable_layer_norm"])
def test_flags_fill_in_what_is_missing(folder, tmp_path, key):
    edit(folder / "config.json", **{key: None})
    (folder / "preprocessor_config.json").unlink()
    flags = ["--heads", "4", "--norm_first", "false", "--normalize", "true"]
    convert("--source", folder, "--out", tmp_path / "out", *flags)
    saved = config.load_yaml((tmp_path / "out/config.yaml").read_text())["encoder_conf"]
    assert (saved["heads"], saved["norm_first"], saved["normalize"]) == (4, False, True)


def test_null_says_nothing(folder, tmp_path):
    content = json.loads((folder / "config.json").read_text()) | {"hidden_dropout": None}
    (folder / "config.json").write_text(json.dumps(content))
    convert("--source", folder, "--out", tmp_path / "out")
    saved = config.load_yaml((tmp_path / "out/config.yaml").read_text())["encoder_conf"]
    assert saved["dropout"] == 0.1


LAYER = "wav2vec2.encoder.layers.1."
POSITION = "wav2vec2.encoder.pos_conv_embed.conv."


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda s: s.pop(LAYER + "attention.k_proj.bias"), "has no.*attention.key"),
        (lambda s: s.pop(LAYER + "layer_norm.weight"), "has no .*attention_norm"),
        (lambda s: s.update({"wav2vec2.encoder.x": torch.ones(1)}), "no place for encoder.x"),
        (lambda s: s.update({LAYER + "adapter_layer.norm.bias": torch.ones(1)}), "unknown"),
        (lambda s: s.update({POSITION + "weight_g": torch.ones(1)}), "twice"),
        (
            lambda state: state["quantizer.codevectors"].view(-1)[3:4].fill_(float("nan")),
            "quantizer.codebook holds NaN or infinite numbers",
        ),
        (
            lambda state: state.update({"project_q.bias": state["project_q.bias"].int()}),
            "kinds of numbers: .*bias int32 instead of real",
        ),
    ],
)
def test_wrong_tensors(folder, tmp_path, spoil, message):
    state = load_file(folder / "model.safetensors")
    spoil(state)
    save_file(state, folder / "model.safetensors")
    with pytest.raises(ValueError, match=message):
        convert("--source", folder, "--out", tmp_path / "out")


def test_pickles_that_run_code_are_refused(folder, tmp_path):
    class Bad:
        def __reduce__(self):
            return os.system, (f"touch {tmp_path}/ran",)

    (folder / "model.safetensors").unlink()
    torch.save({"x": Bad()}, folder / "pytorch_model.bin")
    with pytest.raises(ConvertError, match="refused or damaged"):
        convert("--source", folder, "--out", tmp_path / "out")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"model.safetensors": b"xx"}, "damaged or no safetensors"),
        ({"model.safetensors": None}, "neither model.safetensors nor"),
        ({"config.json": b"{"}, "not readable JSON"),
        ({"config.json": b"[]"}, "no JSON object"),
        ({"config.json": None}, "neither config.json"),
        ({"model.safetensors": None, "model.safetensors.index.json":
          b'{"weight_map": {"a": "../../x.safetensors"}}'}, "outside the folder"),
        ({"model.safetensors": None, "model.safetensors.index.json": b"{}"}, "no weight_map"),
    ],
)  # fmt: skip
def test_damaged_folders(folder, tmp_path, files, message):
    for name, content in files.items():
        if content is None:
            (folder / name).unlink()
        else:
            (folder / name).write_bytes(content)
    with pytest.raises(ConvertError, match=message):
        convert("--source", folder, "--out", tmp_path / "out")


@pytest.mark.parametrize(
    ("vocab", "message"),
    [
        ({"<pad>": 0, "a": 1}, "no symbol for rows"),
        ({"spa": {"<pad>": 0}}, "no symbol for rows"),
        (
            {"spa": {"<pad>": 0}, "fra": {"<pad>": 0}},
            "of 2 languages; --language says .*: fra, spa",
        ),
        (VOCAB | {"x y": 8}, "no number of its own"),
        ({**{k: v for k, v in VOCAB.items() if k != "c"}, "x y": 8}, "holds white space"),
        ({**{k: v for k, v in VOCAB.items() if k != "c"}, "<space>": 8}, "duplicate token"),
    ],
)
def test_wrong_vocabularies(tmp_path, vocab, message):
    model = hf_tiny.make("Wav2Vec2ForCTC", pad_token_id=0)
    folder = hf_tiny.save(model, tmp_path / "hf", vocab=vocab)
    with pytest.raises(ConvertError, match=message):
        convert("--source", folder, "--out", tmp_path / "out")


def test_a_pipe_in_place_of_a_file_does_not_hang(folder, tmp_path):
    (folder / "config.json").unlink()
    os.mkfifo(folder / "config.json")
    with pytest.raises(ConvertError, match="is a pipe"):
        convert("--source", folder, "--out", tmp_path / "out")


def test_a_dictionary_of_fairseq_is_not_for_these(folder, tmp_path):
    with pytest.raises(ConvertError, match="--dict is for fairseq"):
        convert("--source", folder, "--out", tmp_path / "out", "--dict", tmp_path / "dict.txt")


def test_a_convolution_as_head_is_not_exported(tmp_path):
    model = hf_tiny.make("Wav2Vec2ForCTC", pad_token_id=0)
    convert("--source", hf_tiny.save(model, tmp_path / "hf", vocab=VOCAB), "--out", tmp_path / "x")
    content = checkpoint.load(tmp_path / "x/last.pt")
    content["config"]["objective_conf"] |= {"head_kernel": 4, "head_stride": 2}
    head = content["model"]["head.weight"]
    content["model"]["head.weight"] = head[..., None].repeat(1, 1, 4)
    checkpoint.save(tmp_path / "x/last.pt", content)
    with pytest.raises(ConvertError, match="head_kernel"):
        convert("--source", tmp_path / "x", "--out", tmp_path / "back")
    assert not (tmp_path / "back").exists()


def test_an_export_to_a_full_disk_names_the_folder(folder, tmp_path, monkeypatch):
    def full(*_):
        raise SafetensorError("I/O error: No space left on device (os error 28)")

    convert("--source", folder, "--out", tmp_path / "x")
    monkeypatch.setattr(export, "save_file", full)
    with pytest.raises(ConvertError, match=r"back: cannot be written \(I/O error: No space left"):
        convert("--source", tmp_path / "x", "--out", tmp_path / "back")
    assert not (tmp_path / "back").exists()


def test_program(folder, tmp_path, capsys):
    words = ["--source", str(folder), "--out", str(tmp_path / "out"), "--encoder_only", "true"]
    assert convert_checkpoint.main(words) == 0
    assert "left out: 7 tensors" in capsys.readouterr().out
    assert convert_checkpoint.main(words) == 1
    assert "exists already" in capsys.readouterr().err
    with pytest.raises(ModelError, match="pre-trained only"):
        Speech2Text(tmp_path / "out")
    shutil.rmtree(tmp_path / "out")
    assert convert_checkpoint.main(["--source", str(tmp_path / "no"), "--out", "x"]) == 1
