"""w2v-BERT 2.0 of transformers: what it reads, hidden states, recognizers, and back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import hf_tiny
import numpy as np
import pytest
import torch
from hf_tiny import VOCAB, convert, load
from safetensors.torch import load_file

from asrkit.audio.reading import decode
from asrkit.batch import Padded, pad
from asrkit.bin import asr_infer, convert_checkpoint
from asrkit.convert.source import ConvertError
from asrkit.infer import Speech2Text

ORDER = [0, 3, 1, 2, 4, 5, 6, 7, 8]  # of VOCAB's rows in asrkit
CLIPS = Path(__file__).parents[1] / "corpora/clips"
EXTRACTOR = hf_tiny.transformers.SeamlessM4TFeatureExtractor()


def make(kind: str = "Wav2Vec2BertModel", **changes: Any) -> Any:
    """A small random model, no norm or bias of it at its idle value."""
    settings = {
        "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
        "intermediate_size": 128, "conv_depthwise_kernel_size": 7, "vocab_size": 9,
        "left_max_position_embeddings": 9, "right_max_position_embeddings": 4,
    }  # fmt: skip
    torch.manual_seed(3)
    kept = hf_tiny.transformers.Wav2Vec2BertConfig(**(settings | changes))
    model = getattr(hf_tiny.transformers, kind)(kept)
    for name, parameter in model.named_parameters():
        if parameter.dim() == 1 or "distance" in name:
            parameter.data += 0.3 * torch.randn_like(parameter)
    return model.eval()


def save(model: Any, folder: Path, **changes: Any) -> Path:
    model.save_pretrained(folder)
    EXTRACTOR.save_pretrained(folder)
    if "ForCTC" in type(model).__name__:
        (folder / "vocab.json").write_text(json.dumps(VOCAB))
        (folder / "tokenizer_config.json").write_text("{}")
    for name, values in changes.items():
        file = folder / f"{name}.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | values))
    return folder


def clips(count: int = 2) -> list[np.ndarray]:
    return [decode(CLIPS / name).samples for name in ("en/05.opus", "ru/10.opus")][:count]


def seen(waves: list[np.ndarray]) -> Any:
    return EXTRACTOR(waves, sampling_rate=16000, return_tensors="pt")


def test_features_are_those_of_the_extractor() -> None:
    from asrkit.encoders.w2v_bert import W2vBertEncoder

    encoder = W2vBertEncoder(width=16, layers=1, heads=2)
    quiet = np.zeros(8000, np.float32)
    for wave in (*clips(), 1e-3 * clips(1)[0], quiet):
        found = encoder.extract(pad([torch.as_tensor(wave)])).data[0]
        theirs = seen([wave]).input_features[0][: len(found)]
        torch.testing.assert_close(found, theirs, rtol=0, atol=1e-4)


@pytest.mark.parametrize("pooled", [0, 1, 2])
def test_hidden_states_alone_and_padded_and_back(tmp_path: Path, pooled: int) -> None:
    model = make(add_adapter=pooled > 0, num_adapter_layers=max(pooled, 1))
    convert("--source", save(model, tmp_path / "hf"), "--out", tmp_path / "ours")
    encoder, waves = load(tmp_path / "ours").encoder, clips()
    given = seen(waves)
    with torch.no_grad():
        found = encoder(pad(list(map(torch.as_tensor, waves)))).output
        wanted = model(**given).last_hidden_state
        for row, wave in enumerate(waves):
            alone = seen([wave])
            frames = int(alone.attention_mask.sum())
            features = alone.input_features[:, :frames]
            expected = model(features).last_hidden_state[0]
            own = encoder(pad([torch.as_tensor(wave)])).output.data[0]
            assert own.shape == expected.shape and (own - expected).abs().max() < 1e-4
            length = int(found.lengths[row])
            assert length == len(expected)
            assert (found.data[row, :length] - expected).abs().max() < 1e-4
    if not pooled:  # its adapters let a padded row's padding in
        size = found.data.shape[1]
        assert (found.data - wanted[:, :size])[found.valid()].abs().max() < 1e-4

    convert("--source", tmp_path / "ours", "--out", tmp_path / "back")
    again = type(model).from_pretrained(tmp_path / "back", output_loading_info=True)
    assert not any(again[1][key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    before, after = (load_file(tmp_path / n / "model.safetensors") for n in ("hf", "back"))
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    with torch.no_grad():
        assert torch.equal(again[0].eval()(**given).last_hidden_state, wanted)


@pytest.mark.parametrize("pooled", [False, True])
def test_recognizer(tmp_path: Path, pooled: bool) -> None:
    model = make("Wav2Vec2BertForCTC", pad_token_id=0, add_adapter=pooled)
    convert("--source", save(model, tmp_path / "hf"), "--out", tmp_path / "ours")
    (wave,), ours = clips(1), Speech2Text(tmp_path / "ours")
    given = seen([wave]).input_features
    frames = ours.objective.encoder.output_lengths(torch.tensor([len(wave)]))
    with torch.no_grad():
        logits = model(given[:, : int(frames)]).logits[..., ORDER]
    found = ours.log_probs([wave])[0]
    assert (found - logits.log_softmax(-1)[0]).abs().max() < 1e-4
    assert asr_infer.main(["--model", str(tmp_path / "ours"), str(CLIPS / "en/05.opus")]) == 0

    words = ["--source", str(tmp_path / "ours"), "--out", str(tmp_path / "back")]
    assert convert_checkpoint.main(words) == 0
    again = hf_tiny.transformers.AutoModelForCTC.from_pretrained(tmp_path / "back").eval()
    processor = hf_tiny.transformers.AutoProcessor.from_pretrained(tmp_path / "back")
    with torch.no_grad():
        inputs = processor(wave, sampling_rate=16000, return_tensors="pt")
        assert (again(given[:, : int(frames)]).logits - logits).abs().max() < 1e-4
        assert again(**inputs).logits.shape[2] == 9


def test_a_frame_sees_what_is_valid_alone(tmp_path: Path) -> None:
    """The last frames of a short row, through convolutions, attention and adapters."""
    convert("--source", save(make(add_adapter=True), tmp_path / "hf"), "--out", tmp_path / "ours")
    encoder = load(tmp_path / "ours").encoder
    short, long = torch.randn(7001), torch.randn(20_000)
    with torch.no_grad():
        (one,), two = encoder(pad([short])).output.data, encoder(pad([long, short])).output
        noisy = torch.cat([short, torch.randn(13_000 - 1)])[None].repeat(2, 1)
        three = encoder(Padded(noisy, torch.tensor([20_000, 7001]))).output
    for found in (two, three):
        torch.testing.assert_close(found.data[1, : found.lengths[1]], one, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("file", "change", "flags", "message"),
    [
        ("config", {"position_embeddings_type": "rotary"}, [], "position_embeddings_type"),
        ("config", {"hidden_act": "gelu"}, [], "hidden_act = 'gelu'"),
        ("config", {"hidden_size": 48}, [], "width = 48"),
        ("config", {"left_max_position_embeddings": 10}, [], "distances = 15"),
        ("config", {"num_attention_heads": 5}, [], "not a multiple of 5 heads"),
        ("config", {"add_adapter": True}, [], "pooling_layers = 1"),
        ("preprocessor_config", {"stride": 4}, [], "stride = 4"),
        ("preprocessor_config", {"num_mel_bins": 40}, [], "num_mel_bins = 40"),
        ("preprocessor_config", {"sampling_rate": 8000}, [], "sampling_rate = 8000"),
        ("config", {}, ["--normalize", "true"], "leave --normalize out"),
        ("config", {}, ["--heads", "8"], "heads = 4, and --heads says 8"),
    ],
)
def test_refusals(
    tmp_path: Path, file: str, change: dict[str, Any], flags: list[str], message: str
) -> None:
    folder = save(make(), tmp_path / "hf", **{file: change})
    with pytest.raises(ConvertError, match=message):
        convert("--source", folder, "--out", tmp_path / "out", *flags)
    assert not (tmp_path / "out").exists()


def test_adapters_of_another_shape_are_refused(tmp_path: Path) -> None:
    for number, (changes, message) in enumerate(
        [
            ({"adapter_kernel_size": 5}, "adapter_kernel_size = 5"),
            ({"output_hidden_size": 16}, "another width"),
        ]
    ):
        folder = save(make(add_adapter=True, **changes), tmp_path / f"hf{number}")
        with pytest.raises(ConvertError, match=message):
            convert("--source", folder, "--out", tmp_path / "out")
