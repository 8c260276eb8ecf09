"""Folders of transformers to asrkit and back: the same bits, the same hidden states."""

import json
import shutil

import hf_tiny
import pytest
import torch
from safetensors.torch import load_file, save_file

from asrkit import config
from asrkit.batch import pad
from asrkit.bin import convert_checkpoint
from asrkit.build import build_objective, resolve
from asrkit.convert.source import ConvertError
from asrkit.infer import ModelError, Speech2Text
from asrkit.tokens import TokenList
from asrkit.train import checkpoint

VOCAB = {"<s>": 1, "<pad>": 0, "</s>": 2, "<unk>": 3, "|": 4, "a": 5, "b": 6, "c": 8, "d": 7}


def convert(*words):
    args = convert_checkpoint.get_parser().parse_args([str(word) for word in words])
    return convert_checkpoint.convert(args)


def load(folder):
    """The objective of a converted folder, loaded strictly."""
    content = checkpoint.load(folder / "last.pt")
    options = resolve(config.from_mapping(content["config"], "config"))
    tokens = TokenList.read(folder / "tokens.txt") if options.token_list else None
    objective = build_objective(options, tokens or TokenList.build([]))
    state = dict(objective.state_dict()) | content["model"]
    checkpoint.load_weights(objective, state, "test")
    return objective.eval()


def hidden(objective, wave):
    with torch.no_grad():
        return objective.encoder(pad([wave])).output.data


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
def test_ctc_recogniser(tmp_path, layout):
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


def test_waveform_normalisation_differs_in_eps_only(tmp_path):
    """1e-5 here, 1e-7 in transformers: equal for loud speech, 4.6 % apart at RMS 0.01."""
    model = hf_tiny.make("Wav2Vec2Model", "xlsr_53")
    folder = hf_tiny.save(model, tmp_path / "hf", normalize=True)
    convert("--source", folder, "--out", tmp_path / "ours")
    ours = load(tmp_path / "ours")
    extractor = hf_tiny.transformers.Wav2Vec2FeatureExtractor.from_pretrained(folder)
    for level, close in ((0.3, True), (0.01, False)):
        wave = level * torch.randn(6000) + 0.05
        seen = extractor(wave.numpy(), sampling_rate=16000, return_tensors="pt").input_values
        mine = ours.encoder.front(pad([wave])).data[..., 0]
        assert (mine.std() / seen.std()).item() == pytest.approx(
            (level**2 / (level**2 + 1e-5)) ** 0.5, rel=2e-3
        )
        with torch.no_grad():
            difference = (hidden(ours, wave) - model(seen).last_hidden_state).abs().max()
        assert (difference < 1e-3) == close


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
        ("config.json", {"adapter_attn_dim": 16}, [], "adapters.*MMS"),
        ("config.json", {"model_type": "wav2vec2-conformer"}, [], "model_type"),
        ("preprocessor_config.json", {"sampling_rate": 8000}, [], "8000 Hz"),
    ],
)  # fmt: skip
def test_refusals(folder, tmp_path, file, change, flags, message):
    edit(folder / file, **change)
    with pytest.raises(ConvertError, match=message):
        convert("--source", folder, "--out", tmp_path / "out", *flags)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("key", ["num_attention_heads", "do_stable_layer_norm"])
def test_flags_fill_in_what_is_missing(folder, tmp_path, key):
    edit(folder / "config.json", **{key: None})
    (folder / "preprocessor_config.json").unlink()
    flags = ["--heads", "4", "--norm_first", "false", "--normalize", "true"]
    convert("--source", folder, "--out", tmp_path / "out", *flags)
    saved = config.load_yaml((tmp_path / "out/config.yaml").read_text())["encoder_conf"]
    assert (saved["heads"], saved["norm_first"], saved["normalize"]) == (4, False, True)


LAYER = "wav2vec2.encoder.layers.1."
POSITION = "wav2vec2.encoder.pos_conv_embed.conv."


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda s: s.pop(LAYER + "attention.k_proj.bias"), "lacks.*attention.key"),
        (lambda s: s.pop(LAYER + "layer_norm.weight"), "lacks .*attention_norm"),
        (lambda s: s.update({"wav2vec2.encoder.x": torch.ones(1)}), "no place for encoder.x"),
        (lambda s: s.update({LAYER + "adapter_layer.norm.bias": torch.ones(1)}), "adapters"),
        (lambda s: s.update({POSITION + "weight_g": torch.ones(1)}), "twice"),
    ],
)
def test_wrong_tensors(folder, tmp_path, spoil, message):
    state = load_file(folder / "model.safetensors")
    spoil(state)
    save_file(state, folder / "model.safetensors")
    with pytest.raises(ValueError, match=message):
        convert("--source", folder, "--out", tmp_path / "out")


def test_pickles_that_run_code_are_refused(folder, tmp_path):
    import os

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
        ({"spa": {"<pad>": 0}}, "one vocabulary per language"),
        (VOCAB | {"x y": 8}, "no number of its own"),
        ({**{k: v for k, v in VOCAB.items() if k != "c"}, "x y": 8}, "holds white space"),
        ({**{k: v for k, v in VOCAB.items() if k != "c"}, "<space>": 8}, "stands twice"),
    ],
)
def test_wrong_vocabularies(tmp_path, vocab, message):
    model = hf_tiny.make("Wav2Vec2ForCTC", pad_token_id=0)
    folder = hf_tiny.save(model, tmp_path / "hf", vocab=vocab)
    with pytest.raises(ConvertError, match=message):
        convert("--source", folder, "--out", tmp_path / "out")


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
