"""wav2vec 2.0 with Conformer layers of transformers, with relative and rotary positions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import hf_tiny
import pytest
import torch
from hf_tiny import VOCAB, convert, hidden, load
from safetensors.torch import load_file

from asrkit.batch import pad
from asrkit.convert.source import ConvertError
from asrkit.infer import Speech2Text

ORDER = [0, 3, 1, 2, 4, 5, 6, 7, 8]  # of VOCAB's rows in asrkit


def make(kind: str = "Model", positions: str = "relative", **changes: Any) -> Any:
    """A small random model; no norm, bias or running number of it at its idle value."""
    settings = hf_tiny.config("xlsr_53").to_dict() | {
        "hidden_act": "swish", "position_embeddings_type": positions, "num_attention_heads": 4,
        "conv_depthwise_kernel_size": 5,
    }  # fmt: skip
    settings.pop("model_type")
    torch.manual_seed(3)
    kept = hf_tiny.transformers.Wav2Vec2ConformerConfig(**(settings | changes))
    model = getattr(hf_tiny.transformers, f"Wav2Vec2Conformer{kind}")(kept)
    for name, parameter in model.named_parameters():
        if parameter.dim() == 1 or "pos_" in name:
            parameter.data += 0.2 * torch.randn_like(parameter)
    for name, buffer in model.named_buffers():
        if name.endswith(("running_mean", "running_var")):
            buffer += 0.3 * torch.rand_like(buffer)
    return model.eval()


@pytest.mark.parametrize("positions", ["relative", "rotary"])
@pytest.mark.parametrize("kind", ["Model", "ForPreTraining"])
def test_hidden_states_alone_and_padded_and_back(tmp_path: Path, kind: str, positions: str) -> None:
    model = make(kind, positions)
    convert("--source", hf_tiny.save(model, tmp_path / "hf"), "--out", tmp_path / "ours")
    ours, wave, other = load(tmp_path / "ours"), torch.randn(16_001), torch.randn(7001)
    encoder = model if kind == "Model" else model.wav2vec2_conformer
    with torch.no_grad():
        wanted = encoder(wave[None]).last_hidden_state
        alone = encoder(other[None]).last_hidden_state[0]
        found = ours.encoder(pad([wave, other])).output
    assert (hidden(ours, wave) - wanted).abs().max() < 1e-4
    # transformers' own convolutions let a padded row's padding in
    assert (found.data[1, : len(alone)] - alone).abs().max() < 1e-4

    convert("--source", tmp_path / "ours", "--out", tmp_path / "back")
    again = type(model).from_pretrained(tmp_path / "back", output_loading_info=True)
    assert not any(again[1][key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    before, after = (load_file(tmp_path / n / "model.safetensors") for n in ("hf", "back"))
    assert before.keys() == after.keys()
    own = [n for n in before if "batch_norm" not in n and "pos_conv" not in n]
    assert all(torch.equal(before[name], after[name]) for name in own)
    made = again[0].eval() if kind == "Model" else again[0].wav2vec2_conformer.eval()
    with torch.no_grad():
        assert (made(wave[None]).last_hidden_state - wanted).abs().max() < 1e-4


@pytest.mark.parametrize("positions", ["relative", "rotary"])
def test_recognizer(tmp_path: Path, positions: str) -> None:
    model = make("ForCTC", positions, pad_token_id=0)
    hf_tiny.save(model, tmp_path / "hf", vocab=VOCAB)
    convert("--source", tmp_path / "hf", "--out", tmp_path / "ours")
    wave = torch.randn(9000)
    with torch.no_grad():
        logits = model(wave[None]).logits[..., ORDER]
    found = Speech2Text(tmp_path / "ours").log_probs([wave])[0]
    assert (found - logits.log_softmax(-1)[0]).abs().max() < 1e-4
    convert("--source", tmp_path / "ours", "--out", tmp_path / "back")
    again = hf_tiny.transformers.AutoModelForCTC.from_pretrained(tmp_path / "back").eval()
    with torch.no_grad():
        assert (again(wave[None]).logits - logits).abs().max() < 1e-4


@pytest.mark.parametrize(
    ("change", "flags", "message"),
    [
        ({"hidden_act": "gelu"}, [], "hidden_act = 'gelu'"),
        ({"position_embeddings_type": None}, [], "position_embeddings_type = None"),
        ({"position_embeddings_type": "rotary"}, [], "positions = 'rotary'.* 'relative'"),
        ({"rotary_embedding_base": 500}, [], "rotary_embedding_base = 500"),
        ({"conv_depthwise_kernel_size": 7}, [], "kernel = 7, its tensors say 5"),
        ({"add_adapter": True}, [], "add_adapter = True"),
        ({"num_hidden_layers": 3}, [], "layers = 3"),
        ({}, ["--norm_first", "true"], "leave --norm_first out"),
    ],
)
def test_refusals(tmp_path: Path, change: dict[str, Any], flags: list[str], message: str) -> None:
    folder = hf_tiny.save(make(), tmp_path / "hf")
    content = json.loads((folder / "config.json").read_text()) | change
    (folder / "config.json").write_text(json.dumps(content))
    with pytest.raises(ConvertError, match=message):
        convert("--source", folder, "--out", tmp_path / "out", *flags)
    assert not (tmp_path / "out").exists()
