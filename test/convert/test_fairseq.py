"""fairseq's .pt files: old and new configurations, foreign classes, heads; same hidden states."""

import argparse
import json
import sys
import types

import hf_tiny
import pytest
import torch
from fairseq_tiny import CONV, DICT, check_hidden, finetuned, save, settings
from hf_tiny import convert, hidden, load

from asrkit import config
from asrkit.batch import pad
from asrkit.convert.source import ConvertError
from asrkit.infer import Speech2Text
from asrkit.model_io import ModelError
from asrkit.train import checkpoint
from asrkit.train.parts import take_parts


@pytest.mark.parametrize("style", ["args", "cfg"])
@pytest.mark.parametrize("layout", hf_tiny.LAYOUTS)
def test_pretrained(tmp_path, layout, style):
    model = hf_tiny.make("Wav2Vec2ForPreTraining", layout)
    source = save(tmp_path / "x.pt", model, layout, style=style, prefix="module.")
    convert("--source", source, "--out", tmp_path / "ours")
    objective = check_hidden(tmp_path / "ours", model.wav2vec2)
    state = objective.state_dict()
    assert torch.equal(state["quantizer.codebook"].flatten(0, 1), model.quantizer.codevectors[0])
    assert torch.equal(state["context_projection.weight"], model.project_hid.weight)
    assert torch.equal(state["target_projection.bias"], model.project_q.bias)
    saved = config.load_yaml((tmp_path / "ours/config.yaml").read_text())
    assert saved["quantizer_conf"]["temperature_end"] == 0.1
    assert saved["objective_conf"]["features_weight"] == 0.0
    assert saved["objective_conf"]["diversity_weight"] == 0.2
    assert saved["objective_conf"]["features_dropout"] == 0.15
    assert saved["encoder_conf"]["input_dropout"] == 0.25
    assert not saved["encoder_conf"]["normalize"]
    record = json.loads((tmp_path / "ours/converted.json").read_text())
    assert record["kind"] == "fairseq" and record["source"] == "x.pt" and record["left_out"] == []


def test_the_same_as_from_transformers(tmp_path):
    model = hf_tiny.make("Wav2Vec2ForPreTraining", "xlsr_53")
    convert("--source", save(tmp_path / "x.pt", model, "xlsr_53"), "--out", tmp_path / "one")
    convert("--source", hf_tiny.save(model, tmp_path / "hf"), "--out", tmp_path / "two")
    one, two = (checkpoint.load(tmp_path / n / "last.pt")["model"] for n in ("one", "two"))
    assert one.keys() == two.keys() and all(torch.equal(one[name], two[name]) for name in one)


def test_old_torch_format_and_half_precision(tmp_path):
    model = hf_tiny.make("Wav2Vec2ForPreTraining")
    state = hf_tiny.fairseq_state(model.half(), True)
    content = {"args": argparse.Namespace(**settings("base"), normalize=False), "model": state}
    torch.save(content, tmp_path / "x.pt", _use_new_zipfile_serialization=False)
    convert("--source", tmp_path / "x.pt", "--out", tmp_path / "ours")
    found = checkpoint.load(tmp_path / "ours/last.pt")["model"]
    assert all(tensor.dtype == torch.float32 for tensor in found.values())
    check_hidden(tmp_path / "ours", model.float().wav2vec2)


@pytest.fixture
def foreign():
    """Classes of packages that are not installed: they can be pickled here, and only here."""
    made = {}

    def add(module, name, base=object):
        for parent in (module.rpartition(".")[0], module):
            if parent and parent not in sys.modules:
                sys.modules[parent] = made[parent] = types.ModuleType(parent)
        kind = type(name, (base,), {"__module__": module})
        setattr(sys.modules[module], name, kind)
        return kind

    yield add
    for name in made:
        sys.modules.pop(name, None)


def test_omegaconf_and_fairseq_objects(tmp_path, foreign):
    """The containers of omegaconf, with nodes, and enumerations, as pickled in 2021."""
    container = foreign("omegaconf.dictconfig", "DictConfig")
    node = foreign("omegaconf.nodes", "AnyNode")
    meter = foreign("fairseq.meters", "AverageMeter")

    def wrap(value):
        made = (container if isinstance(value, dict) else node)()
        if isinstance(value, dict):
            made.__dict__ |= {"_metadata": None, "_content": {k: wrap(v) for k, v in value.items()}}
        else:
            made.__dict__ |= {"_metadata": None, "_val": value}
        return made

    options = settings("odd", normalize="${task.normalize}")
    cfg = wrap({"model": options, "task": {"normalize": True}})
    model = hf_tiny.make("Wav2Vec2ForPreTraining", "odd")
    more = {"cfg": cfg, "extra_state": {"metrics": meter()}}
    source = save(tmp_path / "x.pt", model, "odd", style="none", **more)
    for name in [n for n in sys.modules if n.split(".")[0] in ("omegaconf", "fairseq")]:
        del sys.modules[name]
    convert("--source", source, "--out", tmp_path / "ours")
    saved = config.load_yaml((tmp_path / "ours/config.yaml").read_text())
    assert saved["encoder_conf"]["normalize"] and saved["encoder_conf"]["heads"] == 7
    assert "omegaconf" not in sys.modules and "fairseq" not in sys.modules


@pytest.mark.parametrize("style", ["args", "cfg"])
def test_finetuned(tmp_path, style):
    model = finetuned(tmp_path / "x.pt", style)
    (tmp_path / "dict.ltr.txt").write_text(DICT)
    words = ["--source", tmp_path / "x.pt", "--out", tmp_path / "ours"]
    with pytest.raises(ConvertError, match="add --dict"):
        convert(*words)
    convert(*words, "--dict", tmp_path / "dict.ltr.txt")
    ours = Speech2Text(tmp_path / "ours")
    assert ours.tokens.symbols == ["<blank>", "<unk>", "<s>", "</s>", "<space>", *"etao"]
    wave = torch.randn(6001)
    with torch.no_grad():
        seen = torch.nn.functional.layer_norm(wave, wave.shape)
        wanted = model(seen[None]).logits.log_softmax(-1)[0]
    order = [0, 3, 1, 2, 4, 5, 6, 7, 8]
    assert (ours.log_probs([wave])[0] - wanted[:, order]).abs().max() < 1e-4
    saved = config.load_yaml((tmp_path / "ours/config.yaml").read_text())
    assert saved["encoder_conf"]["layerdrop"] == 0.1 and saved["token_file"] == "text.char"
    assert saved["encoder_conf"]["dropout"] == 0.05  # the fine-tuning's, not the pre-training's 0
    assert saved["encoder_conf"]["input_dropout"] == 0.25  # which the fine-tuning does not tell
    convert("--source", tmp_path / "ours", "--out", tmp_path / "hf")
    vocab = json.loads((tmp_path / "hf/vocab.json").read_text())
    assert vocab["<pad>"] == 0 and vocab["|"] == 4 and len(vocab) == 9

    convert(*words[:3], tmp_path / "encoder", "--encoder_only", "true")
    with pytest.raises(ModelError, match="pre-trained only"):
        Speech2Text(tmp_path / "encoder")


def test_strides_are_those_of_the_configuration(tmp_path):
    """No shape shows them; those of the releases are for files that say none."""
    layers = "[(20, 10, 4)] + [(20, 3, 2)] * 4 + [(20, 2, 1)] * 2"
    model = hf_tiny.make("Wav2Vec2ForPreTraining", conv_stride=[4, 2, 2, 2, 2, 1, 1])
    channels = model.config.conv_dim[0]
    options = {"conv_feature_layers": layers.replace("20", str(channels))}
    convert("--source", save(tmp_path / "x.pt", model, settings=options), "--out", tmp_path / "a")
    check_hidden(tmp_path / "a", model.wav2vec2)
    convert("--source", hf_tiny.save(model, tmp_path / "hf"), "--out", tmp_path / "b")
    check_hidden(tmp_path / "b", model.wav2vec2)


def test_init_takes_a_converted_encoder(tmp_path):
    """asrkit's own check of heads, norms and normalization holds for converted models too."""
    model = hf_tiny.make("Wav2Vec2ForPreTraining", "xlsr_53")
    source = save(tmp_path / "x.pt", model, "xlsr_53", normalize=True)
    convert("--source", source, "--out", tmp_path / "ours")
    content = checkpoint.load(tmp_path / "ours/last.pt")["config"]
    objective = load(tmp_path / "ours")
    path = str(tmp_path / "ours/last.pt")
    assert take_parts(objective, path, ["encoder"], content)["encoder"] > 40
    wrong = {**content, "encoder_conf": {**content["encoder_conf"], "heads": 8}}
    with pytest.raises(checkpoint.CheckpointError, match=r"heads = 5, not 8"):
        take_parts(objective, path, ["encoder"], wrong)


def test_data2vec(tmp_path):
    model = hf_tiny.data2vec()
    state = hf_tiny.fairseq_state(model, False)
    options = {
        **settings("base"), "extractor_mode": "layer_norm", "conv_pos": 95, "pos_conv_depth": 5,
        "conv_pos_groups": 4,
    }  # fmt: skip
    state |= {"final_proj.weight": torch.ones(32, 32), "final_proj.bias": torch.ones(32)}
    state["_ema"] = {"layers.0.fc1.weight": torch.zeros(2)}
    cfg = {"model": options, "task": {"normalize": True}}
    torch.save({"cfg": cfg, "args": None, "model": state}, tmp_path / "x.pt")
    done = convert("--source", tmp_path / "x.pt", "--out", tmp_path / "ours")
    assert done["left_out"] == ["context_projection.bias", "context_projection.weight"]
    objective = load(tmp_path / "ours")
    assert objective.encoder.normalize
    objective.encoder.normalize = False
    wave = torch.randn(6001)
    with torch.no_grad():
        wanted = model(wave[None]).last_hidden_state
    assert (objective.encoder(pad([wave])).output.data - wanted).abs().max() < 1e-4


def test_unispeech(tmp_path):
    """Both heads beside the network, and a config.yaml of somebody else's beside the file."""
    model = finetuned(tmp_path / "x.pt")
    content = torch.load(tmp_path / "x.pt", weights_only=False)
    for name in ("quantizer.vars", "project_q.weight", "final_proj.weight"):
        content["model"][f"w2v_encoder.w2v_model.{name}"] = torch.ones(2, 2)
    torch.save(content, tmp_path / "x.pt")
    (tmp_path / "config.yaml").write_text("hydra: {}")
    words = ["--source", tmp_path / "x.pt", "--out", tmp_path / "ours"]
    done = convert(*words, "--encoder_only", "true")
    assert len(done["left_out"]) == 5
    objective = load(tmp_path / "ours")
    objective.encoder.normalize = False
    wave = torch.randn(6001)
    with torch.no_grad():
        wanted = model.wav2vec2(wave[None]).last_hidden_state
    assert (hidden(objective, wave) - wanted).abs().max() < 1e-4


def test_equal_widths_have_no_projection(tmp_path):
    model = hf_tiny.make("Wav2Vec2Model", conv_dim=[32] * 7)
    projection = model.feature_projection.projection
    torch.nn.init.eye_(projection.weight), torch.nn.init.zeros_(projection.bias)
    state = hf_tiny.fairseq_state(model, True)
    del state["post_extract_proj.weight"], state["post_extract_proj.bias"]
    options = settings("base", conv_feature_layers=CONV.format(c=32))
    content = {"args": argparse.Namespace(**options, normalize=False), "model": state}
    torch.save(content, tmp_path / "x.pt")
    convert("--source", tmp_path / "x.pt", "--out", tmp_path / "ours")
    check_hidden(tmp_path / "ours", model)
