"""HuBERT of transformers and fairseq: wav2vec 2.0's network, with and without batch norm."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import fairseq_tiny
import hf_tiny
import pytest
import torch
from hf_tiny import VOCAB, convert, hidden, load
from safetensors.torch import load_file, save_file
from torch import Tensor

from asrkit import config
from asrkit.batch import pad
from asrkit.convert.source import ConvertError
from asrkit.infer import Speech2Text

ORDER = [0, 3, 1, 2, 4, 5, 6, 7, 8]  # of VOCAB's rows in asrkit


def make(kind: str = "HubertModel", layout: str = "base", **changes: Any) -> Any:
    """A small random model, no norm, bias or running number of it at its idle value."""
    settings = hf_tiny.config(layout).to_dict()
    settings.pop("model_type")
    torch.manual_seed(3)
    kept = hf_tiny.transformers.HubertConfig(**(settings | changes))
    model = getattr(hf_tiny.transformers, kind)(kept)
    for parameter in model.parameters():
        if parameter.dim() == 1:
            parameter.data += 0.1 * torch.randn_like(parameter)
    for name, buffer in model.named_buffers():
        if name.endswith(("running_mean", "running_var")):
            buffer += 0.3 * torch.rand_like(buffer)
    return model.eval()


@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("layout", ["base", "xlsr_53"])
def test_hidden_states_and_back(tmp_path: Path, layout: str, batch_norm: bool) -> None:
    model = make(layout=layout, conv_pos_batch_norm=batch_norm)
    convert("--source", hf_tiny.save(model, tmp_path / "hf"), "--out", tmp_path / "ours")
    ours, wave = load(tmp_path / "ours"), torch.randn(7001)
    assert (ours.encoder.context.position.affine is not None) == batch_norm
    with torch.no_grad():
        wanted = model(wave[None]).last_hidden_state
    assert (hidden(ours, wave) - wanted).abs().max() < 1e-4

    convert("--source", tmp_path / "ours", "--out", tmp_path / "back")
    made = hf_tiny.transformers.AutoModel.from_pretrained(
        tmp_path / "back", output_loading_info=True
    )
    assert not any(made[1][key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    assert type(made[0]).__name__ == ("HubertModel" if batch_norm else "Wav2Vec2Model")
    with torch.no_grad():
        again = made[0].eval()(wave[None]).last_hidden_state
    assert (again - wanted).abs().max() < 1e-5
    before, after = (load_file(tmp_path / n / "model.safetensors") for n in ("hf", "back"))
    assert before.keys() == after.keys()
    assert all(torch.equal(before[n], after[n]) for n in before if "batch_norm" not in n)


def test_padded_rows_are_as_transformers_has_them(tmp_path: Path) -> None:
    model = make(layout="xlsr_53")
    convert("--source", hf_tiny.save(model, tmp_path / "hf"), "--out", tmp_path / "ours")
    batch = pad([torch.randn(n) for n in (9000, 7001, 4500)])
    with torch.no_grad():
        found = load(tmp_path / "ours").encoder(batch).output
        wanted = model(batch.data, attention_mask=batch.valid().long()).last_hidden_state
    assert (found.data - wanted)[found.valid()].abs().max() < 1e-4


@pytest.mark.parametrize("batch_norm", [False, True])
def test_a_row_alone_and_padded_is_the_same(tmp_path: Path, batch_norm: bool) -> None:
    """With batch norm transformers itself lets padding into the last frames of a row."""
    model = make(conv_pos_batch_norm=batch_norm)
    convert("--source", hf_tiny.save(model, tmp_path / "hf"), "--out", tmp_path / "ours")
    ours, short = load(tmp_path / "ours"), torch.randn(4500)
    with torch.no_grad():
        found = ours.encoder(pad([torch.randn(9000), short])).output
        wanted = model(short[None]).last_hidden_state[0]
    assert (found.data[1, : found.lengths[1]] - wanted).abs().max() < 1e-4


@pytest.mark.parametrize("batch_norm", [False, True])
def test_recognizer(tmp_path: Path, batch_norm: bool) -> None:
    model = make("HubertForCTC", pad_token_id=0, conv_pos_batch_norm=batch_norm)
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


def of_fairseq(model: Any, group: bool) -> dict[str, Tensor]:
    """fairseq's names: the batch norm is the first module of the position convolutions."""
    state = hf_tiny.fairseq_state(model, group)
    for name in list(state):
        for theirs, new in (("batch_norm.", "0."), ("conv.", "1.")):
            if name.startswith(old := f"encoder.pos_conv_embed.{theirs}"):
                state[f"encoder.pos_conv.{new}{name.removeprefix(old)}"] = state.pop(name)
        if model.config.conv_pos_batch_norm and name == "encoder.pos_conv.0.bias":
            state["encoder.pos_conv.1.bias"] = state.pop(name)
    return state


@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("layout", ["base", "xlsr_53"])
def test_fairseq(tmp_path: Path, layout: str, batch_norm: bool) -> None:
    model = make(layout=layout, conv_pos_batch_norm=batch_norm)
    hf_tiny.save(model, tmp_path / "hf")
    convert("--source", tmp_path / "hf", "--out", tmp_path / "one")
    heads = {"label_embs_concat": torch.randn(10, 20), "final_proj.weight": torch.randn(20, 32)}
    state = of_fairseq(make(layout=layout, conv_pos_batch_norm=batch_norm), layout == "base")
    options = fairseq_tiny.settings(layout, conv_pos_batch_norm=batch_norm)
    content = {
        "model": state | heads,
        "args": None,
        "cfg": {"model": {"_name": "hubert", **options}, "task": {"normalize": False}},
    }
    torch.save(content, tmp_path / "hubert.pt")
    convert("--source", tmp_path / "hubert.pt", "--out", tmp_path / "two")
    one, two = load(tmp_path / "one").encoder, load(tmp_path / "two").encoder
    for name, tensor in one.state_dict().items():
        assert torch.equal(two.state_dict()[name], tensor), name
    record = (tmp_path / "two/converted.json").read_text()
    assert "label_embs_concat" in record and "heads of HuBERT's pre-training" in record


def test_fine_tuned_by_fairseq(tmp_path: Path) -> None:
    """The embeddings of the clusters stay in a fine-tuned file, the projection does not."""
    model = make("HubertForCTC", "xlsr_53")
    state = {
        f"w2v_encoder.{'' if name.startswith('proj.') else 'w2v_model.'}{name}": tensor
        for name, tensor in hf_tiny.fairseq_state(model, False).items()
    }
    state["w2v_encoder.w2v_model.label_embs_concat"] = torch.randn(10, 20)
    kept = argparse.Namespace(**fairseq_tiny.settings("xlsr_53"), normalize=True)
    args = argparse.Namespace(**fairseq_tiny.FINETUNED, normalize=True, w2v_args=kept)
    torch.save({"model": state, "args": args}, tmp_path / "ft.pt")
    (tmp_path / "dict.ltr.txt").write_text(fairseq_tiny.DICT)
    words = ["--source", tmp_path / "ft.pt", "--dict", tmp_path / "dict.ltr.txt"]
    convert(*words, "--out", tmp_path / "ours")
    saved = config.load_yaml((tmp_path / "ours/config.yaml").read_text())
    assert saved["objective"] == "ctc" and saved["encoder_conf"]["norm_first"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"feat_proj_layer_norm": False}, "feat_proj_layer_norm = False"),
        ({"hidden_act": "relu"}, "hidden_act = 'relu'"),
    ],
)
def test_other_networks_are_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    folder = hf_tiny.save(make(**changes), tmp_path / "hf")
    with pytest.raises(ConvertError, match=message):
        convert("--source", folder, "--out", tmp_path / "ours")


def test_half_a_batch_norm_is_refused(tmp_path: Path) -> None:
    folder = hf_tiny.save(make(conv_pos_batch_norm=True), tmp_path / "hf")
    state = load_file(folder / "model.safetensors")
    del state["encoder.pos_conv_embed.batch_norm.running_var"]
    save_file(state, folder / "model.safetensors")
    with pytest.raises(ConvertError, match=r"has no .*batch_norm\.running_var"):
        convert("--source", folder, "--out", tmp_path / "ours")
