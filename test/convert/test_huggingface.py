"""Folders of transformers to asrkit and back: the same bits, the same hidden states."""

import json

import hf_tiny
import pytest
import torch
from hf_tiny import VOCAB, convert, hidden, load
from safetensors.torch import load_file, save_file

from asrkit import config
from asrkit.batch import pad
from asrkit.infer import Speech2Text
from asrkit.train import checkpoint


@pytest.mark.parametrize("layout", hf_tiny.LAYOUTS)
@pytest.mark.parametrize("kind", ["Wav2Vec2Model", "Wav2Vec2ForPreTraining"])
def test_round_trip_and_hidden_states(tmp_path, layout, kind):
    model = hf_tiny.make(kind, layout)
    folder = hf_tiny.save(model, tmp_path / "hf")
    convert("--source", folder, "--out", tmp_path / "ours")
    ours = load(tmp_path / "ours")
    wave = torch.randn(7001)
    encoder = model if kind == "Wav2Vec2Model" else model.wav2vec2
    with torch.no_grad():
        wanted = encoder(wave[None]).last_hidden_state
    assert (hidden(ours, wave) - wanted).abs().max() < 1e-4

    convert("--source", tmp_path / "ours", "--out", tmp_path / "back")
    before, after = (
        load_file(folder / "model.safetensors"),
        load_file(tmp_path / "back" / "model.safetensors"),
    )
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    again = type(model).from_pretrained(tmp_path / "back", output_loading_info=True)
    assert not any(again[1][key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    heads = ("codevector", "proj_codevector", "num_codevector", "feat_quantizer", "num_negatives")
    for key, value in model.config.to_dict().items():
        if key.startswith(heads) and kind == "Wav2Vec2Model":
            continue
        if key.startswith(("num_", "conv_", "hidden", "feat_", "do_", "layerdrop", *heads)):
            assert again[0].config.to_dict()[key] == value, key


def test_pretraining_loss_is_the_same(tmp_path):
    model = hf_tiny.make("Wav2Vec2ForPreTraining", "xlsr_53")
    convert("--source", hf_tiny.save(model, tmp_path / "hf"), "--out", tmp_path / "ours")
    ours = load(tmp_path / "ours")
    features = torch.randn(30, 16)
    with torch.no_grad():
        theirs, _ = model.quantizer(features[None])
        found = ours.quantizer(features, torch.ones(30, dtype=torch.bool)).vectors
    assert torch.equal(found, theirs[0])


@pytest.mark.parametrize("layout", ["base", "xlsr_53"])
def test_ctc_recognizer(tmp_path, layout):
    model = hf_tiny.make("Wav2Vec2ForCTC", layout, pad_token_id=0)
    folder = hf_tiny.save(model, tmp_path / "hf", vocab=VOCAB)
    convert("--source", folder, "--out", tmp_path / "ours")
    assert (tmp_path / "ours/tokens.txt").read_text().split() == [
        "<blank>", "<unk>", "<s>", "</s>", "<space>", "a", "b", "d", "c",
    ]  # fmt: skip
    ours = Speech2Text(tmp_path / "ours")
    wave = torch.randn(9000)
    with torch.no_grad():
        wanted = model(wave[None]).logits.log_softmax(-1)[0]
    order = [0, 3, 1, 2, 4, 5, 6, 7, 8]
    assert (ours.log_probs([wave])[0] - wanted[:, order]).abs().max() < 1e-4
    assert ours.words(["a", "b", "<space>", "c"]) == ["ab", "c"]

    convert("--source", tmp_path / "ours", "--out", tmp_path / "back")
    vocab = json.loads((tmp_path / "back/vocab.json").read_text())
    head, old = load_file(tmp_path / "back/model.safetensors"), model.state_dict()
    for symbol, row in VOCAB.items():
        assert torch.equal(head["lm_head.weight"][vocab[symbol]], old["lm_head.weight"][row])
        assert torch.equal(head["lm_head.bias"][vocab[symbol]], old["lm_head.bias"][row])
    again = hf_tiny.transformers.Wav2Vec2ForCTC.from_pretrained(tmp_path / "back").eval()
    with torch.no_grad():
        logits = again(wave[None]).logits
    processor = hf_tiny.transformers.Wav2Vec2Processor.from_pretrained(tmp_path / "back")
    assert processor.tokenizer.pad_token_id == again.config.pad_token_id == 0
    text = processor.batch_decode(logits.argmax(-1))[0]
    found = ours.tokens.decode(_collapsed(ours.log_probs([wave])[0]))
    assert text.split() == ours.words(found)
    convert("--source", tmp_path / "back", "--out", tmp_path / "second")
    one, two = (
        checkpoint.load(tmp_path / name / "last.pt")["model"] for name in ("ours", "second")
    )
    assert one.keys() == two.keys() and all(torch.equal(one[name], two[name]) for name in one)
    assert (tmp_path / "ours/tokens.txt").read_text() == (
        tmp_path / "second/tokens.txt"
    ).read_text()


def _collapsed(log_probs):
    best = log_probs.argmax(-1).tolist()
    return [b for a, b in zip([None, *best], best, strict=False) if a != b and b]


def test_missing_unknown_token_is_never_written(tmp_path):
    vocab = {"<pad>": 8, **{symbol: row for row, symbol in enumerate("abcdefgh")}}
    model = hf_tiny.make("Wav2Vec2ForCTC", pad_token_id=8)
    convert(
        "--source", hf_tiny.save(model, tmp_path / "hf", vocab=vocab), "--out", tmp_path / "ours"
    )
    ours, wave = Speech2Text(tmp_path / "ours"), torch.randn(5000)
    assert ours.tokens.symbols == ["<blank>", "<unk>", *"abcdefgh"]
    found = ours.log_probs([wave])[0]
    with torch.no_grad():
        wanted = model(wave[None]).logits.log_softmax(-1)[0]
    assert (found[:, 2:] - wanted[:, :8]).abs().max() < 1e-4 and (found[:, 1] < -1000).all()


def test_names_of_special_tokens_and_added_tokens(tmp_path):
    vocab = {**{symbol: row for row, symbol in enumerate("abcd")}, "[UNK]": 4, "[PAD]": 5, "_": 6}
    model = hf_tiny.make("Wav2Vec2ForCTC", pad_token_id=5)
    folder = hf_tiny.save(
        model, tmp_path / "hf", vocab=vocab, unk_token="[UNK]", pad_token="[PAD]",
        word_delimiter_token={"content": "_"}, added_tokens_decoder={"8": {"content": "</s>"}},
        tokenizer_class="Wav2Vec2PhonemeCTCTokenizer",
    )  # fmt: skip
    (folder / "added_tokens.json").write_text('{"<s>": 7}')
    convert("--source", folder, "--out", tmp_path / "ours")
    symbols = (tmp_path / "ours/tokens.txt").read_text().split()
    assert symbols == ["<blank>", "<unk>", *"abcd", "<space>", "<s>", "</s>"]
    saved = config.load_yaml((tmp_path / "ours/config.yaml").read_text())
    assert saved["token_file"] == "text.phn"


@pytest.mark.parametrize("names", ["old", "bin", "shards", "bin_shards", "half"])
def test_containers(tmp_path, names):
    """One file, several, safetensors, pickles of tensors, old weight-norm names, half precision."""
    folder = hf_tiny.save(hf_tiny.make("Wav2Vec2Model"), tmp_path / "hf")
    convert("--source", folder, "--out", tmp_path / "one")
    state = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    for new, old in (("original0", "weight_g"), ("original1", "weight_v")):
        state[f"encoder.pos_conv_embed.conv.{old}"] = state.pop(
            f"encoder.pos_conv_embed.conv.parametrizations.weight.{new}"
        )
    parts = [dict(list(state.items())[::2]), dict(list(state.items())[1::2])]
    suffix = "bin" if "bin" in names else "safetensors"
    write = torch.save if suffix == "bin" else save_file
    stem = "pytorch_model" if suffix == "bin" else "model"
    if "shards" in names:
        table = {}
        for number, part in enumerate(parts, 1):
            file = f"{stem}-0000{number}-of-00002.{suffix}"
            write(part, folder / file)
            table |= dict.fromkeys(part, file)
        index = {"metadata": {}, "weight_map": table}
        (folder / f"{stem}.{suffix}.index.json").write_text(json.dumps(index))
    else:
        if names == "half":
            state = {name: tensor.half() for name, tensor in state.items()}
        write(state, folder / f"{stem}.{suffix}")
    convert("--source", folder, "--out", tmp_path / "two")
    one, two = (checkpoint.load(tmp_path / name / "last.pt")["model"] for name in ("one", "two"))
    for name, tensor in one.items():
        expected = tensor.half().float() if names == "half" else tensor
        assert two[name].dtype == torch.float32 and torch.equal(two[name], expected)


def test_unispeech_and_data2vec(tmp_path):
    wave = torch.randn(6001)
    settings = hf_tiny.config("xlsr_53").to_dict()
    settings.pop("model_type")
    torch.manual_seed(2)
    kept = hf_tiny.transformers.UniSpeechConfig(**settings, num_ctc_classes=7)
    unispeech = hf_tiny.transformers.UniSpeechForPreTraining(kept).eval()
    for number, (model, encoder) in enumerate(
        [(unispeech, unispeech.unispeech), (hf_tiny.data2vec(), None)]
    ):
        folder = hf_tiny.save(model, tmp_path / f"hf{number}", normalize=True)
        convert("--source", folder, "--out", tmp_path / f"ours{number}")
        ours = load(tmp_path / f"ours{number}")
        assert ours.encoder.normalize
        ours.encoder.normalize = False
        with torch.no_grad():
            wanted = (encoder or model)(wave[None]).last_hidden_state
        assert (hidden(ours, wave) - wanted).abs().max() < 1e-4
    convert("--source", tmp_path / "ours1", "--out", tmp_path / "back")
    before, after = (load_file(tmp_path / n / "model.safetensors") for n in ("hf1", "back"))
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    hf_tiny.transformers.Data2VecAudioModel.from_pretrained(tmp_path / "back")


def test_data2vec_ctc(tmp_path):
    model = hf_tiny.data2vec("Data2VecAudioForCTC", pad_token_id=0)
    folder = hf_tiny.save(model, tmp_path / "hf", vocab=VOCAB)
    convert("--source", folder, "--out", tmp_path / "ours")
    convert("--source", tmp_path / "ours", "--out", tmp_path / "back")
    again = hf_tiny.transformers.Data2VecAudioForCTC.from_pretrained(tmp_path / "back").eval()
    wave = torch.randn(1, 5000)
    with torch.no_grad():
        one, two = model(wave).logits, again(wave).logits
    order = [0, 3, 1, 2, 4, 5, 6, 7, 8]
    assert (one[..., order] - two).abs().max() < 1e-5


def test_waveform_normalization_differs_in_eps_only(tmp_path):
    """1e-5 here, 1e-7 in transformers: equal for loud speech, 4.6 % apart at RMS 0.01."""
    model = hf_tiny.make("Wav2Vec2Model", "xlsr_53")
    folder = hf_tiny.save(model, tmp_path / "hf", normalize=True)
    convert("--source", folder, "--out", tmp_path / "ours")
    ours = load(tmp_path / "ours")
    extractor = hf_tiny.transformers.Wav2Vec2FeatureExtractor.from_pretrained(folder)
    for level, close in ((0.3, True), (0.01, False)):
        wave = level * torch.randn(6000) + 0.05
        seen = extractor(wave.numpy(), sampling_rate=16000, return_tensors="pt").input_values
        mine = ours.encoder.conv_input(pad([wave])).data[..., 0]
        assert (mine.std() / seen.std()).item() == pytest.approx(
            (level**2 / (level**2 + 1e-5)) ** 0.5, rel=2e-3
        )
        with torch.no_grad():
            difference = (hidden(ours, wave) - model(seen).last_hidden_state).abs().max()
        assert (difference < 1e-3) == close
