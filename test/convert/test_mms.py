"""MMS: adapters of languages, from transformers and back."""

from __future__ import annotations

import json
import shutil

import hf_tiny
import pytest
import torch
from hf_tiny import convert, load, make, transformers
from safetensors.torch import load_file, save_file
from tones import ctc_args, write_dump, write_tokens

from asrkit.batch import Batch, pad
from asrkit.bin import asr_train
from asrkit.build import build_objective, resolve
from asrkit.config import dump_yaml, from_mapping, read_yaml
from asrkit.convert.source import ConvertError
from asrkit.files import sha256
from asrkit.model_io import TrainedModel
from asrkit.tokens import TokenList
from asrkit.train import checkpoint

SIZE = 6
VOCABS = {
    "abc": {"<pad>": 0, "<s>": 1, "</s>": 2, "<unk>": 3, "|": 4, "a": 5, "b": 6},
    "xyz": {"<pad>": 0, "<s>": 1, "</s>": 2, "<unk>": 3, "z": 4, "|": 5, "y": 6, "x": 7, "w": 8},
    "qq-script_latin": {"<pad>": 0, "<s>": 1, "</s>": 2, "<unk>": 3, "|": 4, "q": 5},
}


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A folder like facebook/mms-1b-all; its own adapters are those of the first language."""
    folder = tmp_path_factory.mktemp("hf") / "mms"
    for number, (language, vocab) in enumerate(VOCABS.items()):
        model = make("Wav2Vec2ForCTC", "xlsr_53", adapter_attn_dim=SIZE, vocab_size=len(vocab))
        with torch.no_grad():
            for value in model._get_adapters().values():
                generator = torch.Generator().manual_seed(number)
                value.add_(0.3 * torch.randn(value.shape, generator=generator))
        if not folder.exists():
            hf_tiny.save(model, folder, normalize=True, vocab=VOCABS, target_lang="abc",
                         tokenizer_class="Wav2Vec2CTCTokenizer")  # fmt: skip
        tensors = {name: value.contiguous() for name, value in model._get_adapters().items()}
        if number < 2:
            save_file(tensors, folder / f"adapter.{language}.safetensors", {"format": "pt"})
        else:
            torch.save(tensors, folder / f"adapter.{language}.bin")
    return folder


def waves():
    generator = torch.Generator().manual_seed(3)
    return [0.1 * torch.randn(n, generator=generator) for n in (9_000, 16_000)]


def theirs(folder, language=None):
    """transformers' log-probabilities of each clip."""
    options = {"target_lang": language, "ignore_mismatched_sizes": True} if language else {}
    model = transformers.Wav2Vec2ForCTC.from_pretrained(folder, **options).eval()
    with torch.no_grad():
        normal = [(wave - wave.mean()) / (wave.var(correction=0) + 1e-5).sqrt() for wave in waves()]
        return [model(wave[None]).logits[0].log_softmax(-1) for wave in normal]


def ours(folder, vocab):
    """asrkit's, with the rows in the order of ``vocab``."""
    objective = TrainedModel.open(folder).objective()
    symbols = TokenList.read(folder / "tokens.txt").symbols
    names = {"<pad>": "<blank>", "|": "<space>"}
    rows = [symbols.index(names.get(symbol, symbol)) for symbol in vocab]
    with torch.no_grad():
        return [
            objective.log_probs(Batch(["x"], torch.zeros(1, dtype=torch.int64), pad([wave])))
            .data[0, :, rows]
            for wave in waves()
        ]  # fmt: skip


@pytest.mark.parametrize("language", ["abc", "xyz"])
def test_log_probabilities_are_those_of_transformers(source, tmp_path, language):
    record = convert("--source", source, "--out", tmp_path / "exp", "--language", language)
    for mine, other in zip(
        ours(tmp_path / "exp", VOCABS[language]), theirs(source, language), strict=True
    ):
        assert (mine - other).abs().max() < 1e-4
    assert record["language"] == language
    files = {name for name in record["sha256"] if name.startswith("adapter")}
    assert files == {f"adapter.{language}.safetensors"}
    assert record["left_out"] == []


def test_an_adapter_in_the_older_format(source, tmp_path):
    language = "qq-script_latin"
    convert("--source", source, "--out", tmp_path / "exp", "--language", language)
    found = load(tmp_path / "exp").encoder.state_dict()["context.layers.1.adapter.up.bias"]
    tensors = torch.load(source / f"adapter.{language}.bin", weights_only=True)
    assert torch.equal(found, tensors["wav2vec2.encoder.layers.1.adapter_layer.linear_2.bias"])


def test_back_to_transformers(source, tmp_path):
    convert("--source", source, "--out", tmp_path / "exp", "--language", "xyz")
    report = convert("--source", tmp_path / "exp", "--out", tmp_path / "hf")
    assert report["class"] == "Wav2Vec2ForCTC" and report["left_out"] == []
    settings = json.loads((tmp_path / "hf/config.json").read_text())
    assert settings["adapter_attn_dim"] == SIZE
    vocab = json.loads((tmp_path / "hf/vocab.json").read_text())
    for mine, other in zip(ours(tmp_path / "exp", vocab), theirs(tmp_path / "hf"), strict=True):
        assert (mine - other).abs().max() < 1e-4
    convert("--source", tmp_path / "hf", "--out", tmp_path / "again")
    one, two = (checkpoint.load(tmp_path / name / "last.pt") for name in ("exp", "again"))
    assert one["config"]["tune"] == two["config"]["tune"] == {"adapters": {"size": SIZE}}
    assert all(torch.equal(value, two["model"][name]) for name, value in one["model"].items())


def test_lora_is_merged_on_the_way_back(source, tmp_path):
    """A model of MMS's adapters and LoRA beside all its matrices."""
    convert("--source", source, "--out", tmp_path / "exp", "--language", "abc")
    content = checkpoint.load(tmp_path / "exp/last.pt")
    content["config"]["tune"] |= {"lora": {"rank": 2, "alpha": 4.0}}
    tokens = TokenList.read(tmp_path / "exp/tokens.txt")
    options = resolve(from_mapping(content["config"], "config"))
    objective = build_objective(options, tokens).eval()
    state = objective.state_dict() | content["model"]
    for name, value in state.items():
        if name.endswith(".lora.up"):
            state[name] = torch.full_like(value, 0.05)
    objective.load_state_dict(state)
    checkpoint.save(tmp_path / "exp/last.pt", content | {"model": state})
    convert("--source", tmp_path / "exp", "--out", tmp_path / "hf")
    vocab = json.loads((tmp_path / "hf/vocab.json").read_text())
    rows = [tokens.symbols.index({"<pad>": "<blank>", "|": "<space>"}.get(s, s)) for s in vocab]
    for wave, other in zip(waves(), theirs(tmp_path / "hf"), strict=True):
        batch = Batch(["x"], torch.zeros(1, dtype=torch.int64), pad([wave]))
        with torch.no_grad():
            mine = objective.log_probs(batch).data[0, :, rows]
        assert (mine - other).abs().max() < 1e-4
    before = theirs(source, "abc")
    assert all(
        (a - b).abs().max() > 0.01 for a, b in zip(before, theirs(tmp_path / "hf"), strict=True)
    )


def test_the_network_alone_has_no_adapters(source, tmp_path):
    """To begin with new ones: --encoder_only without a language."""
    record = convert("--source", source, "--out", tmp_path / "exp", "--encoder_only", "true")
    assert len([name for name in record["left_out"] if ".adapter." in name]) == 2 * 6
    assert checkpoint.load(tmp_path / "exp/last.pt")["config"]["tune"] == {}
    words = ("--encoder_only", "true", "--language", "xyz")
    record = convert("--source", source, "--out", tmp_path / "of_xyz", *words)
    assert sorted(record["left_out"]) == ["head.bias", "head.weight"]
    content = checkpoint.load(tmp_path / "of_xyz/last.pt")
    assert content["config"]["tune"] == {"adapters": {"size": SIZE}}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "a model of 3 languages; --language says which: abc, qq-script_latin, xyz"),
        (["--language", "abd"], "no language 'abd'; did you mean 'abc'? there are abc, qq-scr"),
        (["--language", "0"], "no language '0'; there are abc, qq-script_latin, xyz"),
    ],
)
def test_a_language_has_to_be_one_of_those_present(source, tmp_path, words, told):
    with pytest.raises(ConvertError) as caught:
        convert("--source", source, "--out", tmp_path / "exp", *words)
    assert told in str(caught.value)
    assert not (tmp_path / "exp").exists()


def test_a_known_language_without_its_file_says_what_to_place(source, tmp_path):
    shutil.copytree(source, tmp_path / "mms")
    (tmp_path / "mms/adapter.xyz.safetensors").unlink()
    with pytest.raises(ConvertError, match=r"knows 'xyz', but adapter\.xyz\.safetensors is not"):
        convert("--source", tmp_path / "mms", "--out", tmp_path / "exp", "--language", "xyz")
    (tmp_path / "mms/adapter.qq-script_latin.bin").unlink()
    convert("--source", tmp_path / "mms", "--out", tmp_path / "exp")  # one is left
    assert TokenList.read(tmp_path / "exp/tokens.txt").symbols[-1] == "b"


@pytest.mark.parametrize("change", ["less", "more", "size"])
def test_adapters_of_another_network_are_refused(source, tmp_path, change):
    shutil.copytree(source, tmp_path / "mms")
    file = tmp_path / "mms/adapter.xyz.safetensors"
    tensors = load_file(file)
    name = "wav2vec2.encoder.layers.0.adapter_layer.norm.weight"
    if change == "less":
        del tensors[name]
    elif change == "more":
        tensors[name.replace("layers.0", "layers.7")] = torch.zeros(1)
    else:
        tensors = {n: v[:5] if "linear_1" in n else v for n, v in tensors.items()}
    save_file(tensors, file)
    words = {"less": "has no", "more": "has unknown", "size": "adapters of sizes|other shapes"}
    with pytest.raises(ConvertError, match=words[change]):
        convert("--source", tmp_path / "mms", "--out", tmp_path / "exp", "--language", "xyz")


def test_a_model_tuned_to_one_language_has_its_own_adapters(source, tmp_path):
    shutil.copytree(source, tmp_path / "hf")
    for file in (tmp_path / "hf").glob("adapter.*"):
        file.unlink()
    (tmp_path / "hf/vocab.json").write_text(json.dumps({"abc": VOCABS["abc"]}))
    record = convert("--source", tmp_path / "hf", "--out", tmp_path / "exp")
    assert record["language"] == "abc"
    for mine, other in zip(
        ours(tmp_path / "exp", VOCABS["abc"]), theirs(source, "abc"), strict=True
    ):
        assert (mine - other).abs().max() < 1e-4


def test_a_language_of_a_model_without_any(tmp_path):
    hf_tiny.save(make("Wav2Vec2ForCTC"), tmp_path / "hf", vocab=hf_tiny.VOCAB)
    with pytest.raises(ConvertError, match="has no adapters of languages"):
        convert("--source", tmp_path / "hf", "--out", tmp_path / "exp", "--language", "abc")


def test_only_the_adapters_of_a_converted_model_are_trained(source, tmp_path):
    convert("--source", source, "--out", tmp_path / "mms", "--language", "xyz")
    for name, count in (("train", 6), ("valid", 2)):
        write_dump(tmp_path / name, count)
    write_tokens(tmp_path / "tokens.txt")
    conf = read_yaml(tmp_path / "mms/config.yaml")
    words = ctc_args(
        tmp_path, tmp_path / "asr", "--encoder", "wav2vec2", "--max_update", "2",
        "--encoder_conf", dump_yaml(conf["encoder_conf"] | {"layerdrop": 0.0}),
        "--tune", dump_yaml(conf["tune"]), "--max_sample_size", "320000",
        "--init", str(tmp_path / "mms/last.pt"), "--save_base", "false",
    )  # fmt: skip
    assert asr_train.main(words) == 0
    raw = torch.load(tmp_path / "asr/last.pt", weights_only=True)
    assert all(".adapter." in name or name.startswith("head") for name in raw["model"])
    assert raw["base"]["sha256"] == sha256(tmp_path / "mms/last.pt")
    before, after = (checkpoint.load(tmp_path / n / "last.pt")["model"] for n in ("mms", "asr"))
    moved = {n for n, value in after.items() if n in before and not torch.equal(value, before[n])}
    assert any(".adapter." in name for name in moved)
    assert all(".adapter." in name or name.startswith("head") for name in moved)
