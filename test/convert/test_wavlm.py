"""WavLM of transformers, and as Microsoft published it: gated relative positions."""

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
from asrkit.encoders.relative import BucketedScores
from asrkit.infer import Speech2Text

ORDER = [0, 3, 1, 2, 4, 5, 6, 7, 8]  # of VOCAB's rows in asrkit


def make(kind: str = "WavLMModel", layout: str = "base", **changes: Any) -> Any:
    """A small random model; few buckets, so that all are of use; nothing at its idle value."""
    settings = hf_tiny.config(layout).to_dict() | {"num_buckets": 20, "max_bucket_distance": 13}
    settings.pop("model_type")
    torch.manual_seed(3)
    model = getattr(hf_tiny.transformers, kind)(
        hf_tiny.transformers.WavLMConfig(**(settings | changes))
    )
    for name, parameter in model.named_parameters():
        if parameter.dim() == 1 or "rel_pos" in name or "rel_attn" in name:
            parameter.data += 0.5 * torch.randn_like(parameter)
    return model.eval()


@pytest.mark.parametrize("layout", ["base", "xlsr_53"])
def test_hidden_states_alone_and_padded_and_back(tmp_path: Path, layout: str) -> None:
    model = make(layout=layout)
    convert("--source", hf_tiny.save(model, tmp_path / "hf"), "--out", tmp_path / "ours")
    ours, wave = load(tmp_path / "ours"), torch.randn(16_001)
    batch = pad([wave, torch.randn(7001)])
    with torch.no_grad():
        wanted = model(wave[None]).last_hidden_state
        padded = model(batch.data, attention_mask=batch.valid().long()).last_hidden_state
        found = ours.encoder(batch).output
    assert (hidden(ours, wave) - wanted).abs().max() < 1e-4
    if layout == "xlsr_53":  # the first norm of the other spans time, and padding with it
        assert (found.data - padded)[found.valid()].abs().max() < 1e-4

    convert("--source", tmp_path / "ours", "--out", tmp_path / "back")
    again = type(model).from_pretrained(tmp_path / "back", output_loading_info=True)
    assert not any(again[1][key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    before, after = (load_file(tmp_path / n / "model.safetensors") for n in ("hf", "back"))
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    with torch.no_grad():
        assert torch.equal(again[0].eval()(wave[None]).last_hidden_state, wanted)


def test_recognizer(tmp_path: Path) -> None:
    model = make("WavLMForCTC", "xlsr_53", pad_token_id=0)
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


def test_as_it_was_published(tmp_path: Path) -> None:
    """A flat configuration and fairseq's names, with three of its own."""
    model = make(layout="xlsr_53")
    convert("--source", hf_tiny.save(model, tmp_path / "hf"), "--out", tmp_path / "one")
    names = {
        "gru_rel_pos_linear": "grep_linear",
        "gru_rel_pos_const": "grep_a",
        "rel_attn_embed": "relative_attention_bias",
    }
    state = {}
    for name, tensor in hf_tiny.fairseq_state(model, False).items():
        for theirs, own in names.items():
            name = name.replace(theirs, own)
        state[name.removeprefix("wavlm.")] = tensor
    import fairseq_tiny

    options = fairseq_tiny.settings("xlsr_53", num_buckets=20, max_distance=13, normalize=False)
    torch.save({"cfg": options, "model": state}, tmp_path / "WavLM-Large.pt")
    convert("--source", tmp_path / "WavLM-Large.pt", "--out", tmp_path / "two")
    one, two = load(tmp_path / "one").encoder, load(tmp_path / "two").encoder
    assert type(two).__name__ == "WavLmEncoder" and two.context.distances.max_distance == 13
    for name, tensor in one.state_dict().items():
        assert torch.equal(two.state_dict()[name], tensor), name


def test_buckets_are_those_of_transformers_to_any_distance() -> None:
    for buckets, far in ((320, 800), (32, 128), (20, 13)):
        theirs = make("WavLMModel", num_buckets=buckets, max_bucket_distance=far)
        attention = theirs.encoder.layers[0].attention
        ours = BucketedScores(4, buckets=buckets, max_distance=far)
        ours.scores.data = attention.rel_attn_embed.weight.data
        wanted = attention.compute_bias(1500, 1500)
        assert torch.equal(ours(1500, torch.device("cpu")), wanted)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"num_buckets": 16}, "buckets = 16, its tensors say 20"),
        ({"max_bucket_distance": None}, "does not say max_distance"),
        ({"model_type": "wav2vec2"}, "'wav2vec2' with the tensors of wavlm"),
    ],
)
def test_refusals(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    folder = hf_tiny.save(make(), tmp_path / "hf")
    content = json.loads((folder / "config.json").read_text()) | change
    (folder / "config.json").write_text(json.dumps(content))
    with pytest.raises(ConvertError, match=message):
        convert("--source", folder, "--out", tmp_path / "out")
