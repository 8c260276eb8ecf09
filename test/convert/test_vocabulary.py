"""What tokens mean, in folders of transformers and dictionaries of fairseq, there and back."""

import json

import hf_tiny
import pytest
import torch
from fairseq_tiny import finetuned
from hf_tiny import VOCAB, convert
from safetensors.torch import load_file, save_file

from asrkit import config
from asrkit.bin import convert_checkpoint
from asrkit.convert.source import ConvertError
from asrkit.convert.vocabulary import vocabulary_of
from asrkit.infer import Speech2Text
from asrkit.train import checkpoint

LETTERS = {"|": 0, "a": 1, "b": 2, "c": 3, "<s>": 4, "</s>": 5, "d": 6, "[UNK]": 7, "[PAD]": 8}


def folder_of(path, vocab, files=None, pad_token_id=0, **settings):
    """A recognizer of transformers; files: further ones, None for one that goes."""
    model = hf_tiny.make("Wav2Vec2ForCTC", pad_token_id=pad_token_id, vocab_size=len(vocab))
    folder = hf_tiny.save(model, path, vocab=vocab, **settings)
    for name, content in (files or {}).items():
        (folder / name).unlink(missing_ok=True)
        if content is not None:
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(json.dumps(content))
    return folder


def tokens(folder):
    """Symbols, and the kind of tokens that config.yaml names."""
    saved = config.load_yaml((folder / "config.yaml").read_text())
    return (folder / "tokens.txt").read_text().split(), saved["token_file"]


SPECIAL = "special_tokens_map.json"
NAMES = {"pad_token": "[PAD]", "unk_token": "[UNK]"}


@pytest.mark.parametrize(
    ("files", "settings", "where"),
    [
        ({SPECIAL: NAMES}, {}, r"'\[PAD\]' \(special_tokens_map.json\), row 8"),
        ({SPECIAL: {"pad_token": {"content": "[PAD]"}}}, {}, r"'\[PAD\]' \(special_tokens_map"),
        ({}, NAMES, r"'\[PAD\]' \(tokenizer_config.json\), row 8"),
        ({}, {}, r"'<pad>' \(the default of transformers.*not a row.*is '\|'.*--blank TOKEN"),
        ({"tokenizer_config.json": None}, {}, r"'<pad>' \(the default of transformers"),
        ({SPECIAL: {"pad_token": "<s>"}}, NAMES, "pad_token is '.PAD.' in tok.* and '<s>' in spec"),
    ],
)
def test_config_json_has_the_default_and_the_tokenizer_the_blank(tmp_path, files, settings, where):
    """pad_token_id 0 is what transformers writes if nobody says anything; here it is the |."""
    folder = folder_of(tmp_path / "hf", LETTERS, files, **settings)
    with pytest.raises(ConvertError, match=where):
        convert("--source", folder, "--out", tmp_path / "ours")
    assert not (tmp_path / "ours").exists()


def test_the_default_of_transformers_may_be_in_the_vocabulary(tmp_path):
    vocab = {k.replace("[PAD]", "<pad>").replace("[UNK]", "<unk>"): v for k, v in LETTERS.items()}
    folder = folder_of(tmp_path / "hf", vocab, {"tokenizer_config.json": None})
    with pytest.raises(ConvertError, match=r"'<pad>' \(the default.*row 8.*--blank '<pad>' or"):
        convert("--source", folder, "--out", tmp_path / "ours")
    processor = hf_tiny.transformers.Wav2Vec2CTCTokenizer.from_pretrained(folder)
    assert processor.pad_token_id == 8


@pytest.mark.parametrize("agreed", [False, True])
def test_the_blank_that_is_given_or_agreed_on(tmp_path, agreed):
    folder = folder_of(tmp_path / "hf", LETTERS, {SPECIAL: NAMES}, 8 if agreed else 0)
    given = [] if agreed else ["--blank", "[PAD]"]
    convert("--source", folder, "--out", tmp_path / "ours", *given)
    wanted = ["<blank>", "<unk>", "<space>", "a", "b", "c", "<s>", "</s>", "d"]
    assert tokens(tmp_path / "ours") == (wanted, "text.char")
    row = load_file(folder / "model.safetensors")["lm_head.weight"][8]
    assert torch.equal(checkpoint.load(tmp_path / "ours/last.pt")["model"]["head.weight"][0], row)


def test_without_pad_token_id_the_tokenizer_says_it(tmp_path):
    folder = folder_of(tmp_path / "hf", LETTERS, {SPECIAL: NAMES})
    settings = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**settings, "pad_token_id": None}))
    convert("--source", folder, "--out", tmp_path / "ours")
    assert tokens(tmp_path / "ours")[0][2] == "<space>"
    del settings["pad_token_id"]  # transformers' default is 0
    (folder / "config.json").write_text(json.dumps(settings))
    with pytest.raises(ConvertError, match="pad_token_id 0"):
        convert("--source", folder, "--out", tmp_path / "other")


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--blank", "x"], "has no 'x', which --blank says"),
        (["--encoder_only", "true", "--blank", "<pad>"], "leave --blank out"),
        (["--encoder_only", "true", "--token_type", "phn"], "leave --token_type out"),
    ],
)
def test_options_that_say_nothing(tmp_path, flags, message):
    folder = folder_of(tmp_path / "hf", VOCAB)
    with pytest.raises(ConvertError, match=message):
        convert("--source", folder, "--out", tmp_path / "ours", *flags)


def test_small_letters(tmp_path):
    vocab = {k.upper() if len(k) == 1 else k: v for k, v in VOCAB.items()}
    folder = folder_of(tmp_path / "hf", vocab, do_lower_case=True)
    done = convert("--source", folder, "--out", tmp_path / "ours")
    assert tokens(tmp_path / "ours")[0][4:] == ["<space>", "a", "b", "d", "c"]
    assert any("lower case" in note for note in done["notes"])
    theirs = hf_tiny.transformers.AutoTokenizer.from_pretrained(folder)
    assert theirs.decode([vocab[s] for s in "AB|DC"]) == "ab dc"
    both = {**{k: v for k, v in vocab.items() if k != "B"}, "a": vocab["B"]}
    folder = folder_of(tmp_path / "both", both, do_lower_case=True)
    with pytest.raises(ConvertError, match="one token of 'A' and 'a'"):
        convert("--source", folder, "--out", tmp_path / "never")


def test_another_sign_between_words(tmp_path):
    folder = folder_of(tmp_path / "hf", VOCAB, replace_word_delimiter_char="_")
    with pytest.raises(ConvertError, match="replace_word_delimiter_char is '_'"):
        convert("--source", folder, "--out", tmp_path / "ours")


def test_no_delimiter(tmp_path):
    """null is not a default: | is then a letter; phonemes have no delimiter unless one is named."""
    for name, settings in (
        ("null", {"word_delimiter_token": None}),
        ("phonemes", {"tokenizer_class": "Wav2Vec2PhonemeCTCTokenizer"}),
    ):
        convert(
            "--source",
            folder_of(tmp_path / name, VOCAB, **settings),
            "--out",
            tmp_path / f"{name}2",
        )
        assert tokens(tmp_path / f"{name}2")[0][4] == "|"


def test_the_class_that_config_json_names(tmp_path):
    folder = folder_of(tmp_path / "hf", VOCAB)
    content = json.loads((folder / "config.json").read_text())
    content["tokenizer_class"] = "Wav2Vec2PhonemeCTCTokenizer"
    (folder / "config.json").write_text(json.dumps(content))
    convert("--source", folder, "--out", tmp_path / "ours")
    assert tokens(tmp_path / "ours")[1] == "text.phn"
    assert type(hf_tiny.transformers.AutoTokenizer.from_pretrained(folder)).__name__ == (
        "Wav2Vec2PhonemeCTCTokenizer"
    )


def test_an_n_gram_beside_the_model_is_named(tmp_path, capsys):
    files = {"language_model/5gram.bin": {}, "language_model/unigrams.txt": {}}
    folder = folder_of(tmp_path / "hf", VOCAB, files)
    argv = ["--source", str(folder), "--out", str(tmp_path / "ours")]
    assert convert_checkpoint.main(argv) == 0
    said = capsys.readouterr().out
    assert f"--lm {folder}/language_model/5gram.bin" in said and "unigrams" not in said
    assert "note: the tokens are taken for characters" in said and "--token_type" in said


def test_an_output_layer_without_bias(tmp_path):
    folder = folder_of(tmp_path / "hf", VOCAB)
    state = load_file(folder / "model.safetensors")
    del state["lm_head.bias"]
    save_file(state, folder / "model.safetensors")
    with pytest.raises(ConvertError, match=r"no bias.*--encoder_only"):
        convert("--source", folder, "--out", tmp_path / "ours")
    convert("--source", folder, "--out", tmp_path / "ours", "--encoder_only", "true")


PHONES = ["aː", "b", "t͡ʃ", "d", "eɪ", "n̩"]
UNITS = ["▁the", "▁a", "cat", "▁", "g", "s"]


def retyped(source, out, symbols, token_file):
    """The recognizer ``source`` as if it had been trained on other tokens."""
    content = checkpoint.load(source / "last.pt")
    content["config"]["token_file"] = token_file
    checkpoint.save(out / "last.pt", content)
    (out / "config.yaml").write_text(config.dump_yaml(content["config"]))
    (out / "tokens.txt").write_text("\n".join(["<blank>", "<unk>", *symbols]) + "\n")
    return out


@pytest.fixture(scope="module")
def recognizer(tmp_path_factory):
    """Of 9 tokens."""
    folder = tmp_path_factory.mktemp("recognizer")
    convert("--source", folder_of(folder / "hf", VOCAB), "--out", folder / "ours")
    return folder / "ours"


@pytest.mark.parametrize(
    ("token_file", "symbols", "text"),
    [
        ("text.phn", ["<s>", *PHONES], "<s> aː b"),
        ("text.phn", ["<space>", *PHONES], "aː b"),
        ("text.phn", list("abdefgh"), "a b d"),  # phones of one letter
        ("text.phn_separate", [f"(it){p}" for p in [*PHONES, "f"]], "(it)aː (it)b (it)t͡ʃ"),
        ("text.char", ["<space>", *"abcde", "ch"], "ab"),
        ("text.char", ["a", "<space>", *"bcde", "ch"], "a b"),
        ("text.bpe30", [*UNITS, "n"], "the acat"),
        ("text.word", ["one", "two", "three", *"abcd"], "one two three"),
    ],
)
def test_there_and_back(recognizer, tmp_path, token_file, symbols, text):
    """transformers writes what asrkit writes, and asrkit writes it again."""
    (tmp_path / "ours").mkdir()
    ours = retyped(recognizer, tmp_path / "ours", symbols, token_file)
    done = convert("--source", ours, "--out", tmp_path / "hf")
    assert ("units" in str(done["notes"])) == (token_file == "text.bpe30")
    tokenizer = hf_tiny.transformers.Wav2Vec2Processor.from_pretrained(tmp_path / "hf").tokenizer
    assert tokenizer.decode([2, 2, 0, 3, 4, 4, 0]) == tokenizer.decode([2, 3, 4])
    assert tokenizer.decode([2, 3, 4]) == text and tokenizer.pad_token_id == 0
    convert("--source", tmp_path / "hf", "--out", tmp_path / "back")
    found, kind = tokens(tmp_path / "back")
    assert found == tokens(ours)[0]
    wanted = {"text.bpe30": "text.bpe", "text.word": "text.phn"}  # words are told apart like phones
    assert kind == wanted.get(token_file, token_file)
    one, two = Speech2Text(ours), Speech2Text(tmp_path / "back")
    waves = [torch.randn(9000, generator=torch.Generator().manual_seed(1))]
    assert torch.equal(one.log_probs(waves)[0], two.log_probs(waves)[0])
    assert one.words(symbols[:3]) == two.words(symbols[:3])


def test_languages_before_letters_are_told(recognizer, tmp_path):
    (tmp_path / "ours").mkdir()
    ours = retyped(recognizer, tmp_path / "ours", [f"(it){c}" for c in "abcdefg"],
                   "text.char_separate")  # fmt: skip
    assert "language's name" in str(convert("--source", ours, "--out", tmp_path / "hf")["notes"])
    convert("--source", tmp_path / "hf", "--out", tmp_path / "back")
    assert tokens(tmp_path / "back")[1] == "text.char_separate"


def test_the_type_that_is_given(tmp_path):
    folder = folder_of(tmp_path / "hf", VOCAB)
    done = convert("--source", folder, "--out", tmp_path / "ours", "--token_type", "phn")
    assert tokens(tmp_path / "ours")[1] == "text.phn" and "taken for" not in str(done["notes"])


@pytest.mark.parametrize(
    ("name", "symbols", "flags", "kind"),
    [
        ("dict.ltr.txt", "| e t a o", [], "text.char"),
        ("dict.txt", "| e t a o", [], "text.char"),
        ("dict.txt", "| e t a ch", [], "text.char"),  # a letter of two
        ("dict.txt", "e t a o i", [], "text.phn"),  # phones of one letter
        ("dict.txt", "| aː tʃ a o", [], "text.phn"),  # phones with word boundaries
        ("dict.phn.txt", "| e t a o", [], "text.phn"),
        ("dict.ltr.txt", "| aː tʃ a o", [], "text.char"),
        ("dict.txt", "▁the a ▁c o s", [], "text.bpe"),
        ("dict.txt", "| e t a o", ["--token_type", "phn"], "text.phn"),
    ],
)
def test_dictionaries(tmp_path, name, symbols, flags, kind):
    finetuned(tmp_path / "x.pt")
    (tmp_path / name).write_text("".join(f"{symbol} 9\n" for symbol in symbols.split()))
    words = ["--source", tmp_path / "x.pt", "--out", tmp_path / "ours", "--dict", tmp_path / name]
    done = convert(*words, *flags)
    assert tokens(tmp_path / "ours")[1] == kind
    assert ("--token_type" in str(done["notes"])) == (not flags)


def test_the_blank_of_fairseq_is_no_question(tmp_path):
    finetuned(tmp_path / "x.pt")
    with pytest.raises(ConvertError, match="--blank is for transformers"):
        convert("--source", tmp_path / "x.pt", "--out", tmp_path / "ours", "--blank", "<s>")


def test_names_that_are_taken():
    with pytest.raises(ConvertError, match="have these names"):
        vocabulary_of(["<blank>", "<unk>", "<space>", "|"])


@pytest.mark.parametrize(
    "prefix", ["module.", "_orig_mod.", "module._orig_mod.", "_orig_mod.module."]
)
def test_prefixes_of_torch(tmp_path, prefix):
    folder = folder_of(tmp_path / "hf", VOCAB)
    convert("--source", folder, "--out", tmp_path / "one")
    state = load_file(folder / "model.safetensors")
    inner = {k.replace("layers.0.", "layers.0._orig_mod."): v for k, v in state.items()}
    save_file({prefix + k: v for k, v in inner.items()}, folder / "model.safetensors")
    convert("--source", folder, "--out", tmp_path / "two")
    one, two = (checkpoint.load(tmp_path / name / "last.pt")["model"] for name in ("one", "two"))
    assert one.keys() == two.keys() and all(torch.equal(one[name], two[name]) for name in one)
    first = next(iter(state))
    save_file({**state, prefix + first: state[first].clone()}, folder / "model.safetensors")
    with pytest.raises(ValueError, match="twice, with and without a prefix"):
        convert("--source", folder, "--out", tmp_path / "three")


def test_a_checkpoint_in_place_of_weights(tmp_path):
    folder = folder_of(tmp_path / "hf", VOCAB)
    state = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    torch.save({"state_dict": state, "epoch": 3}, folder / "pytorch_model.bin")
    with pytest.raises(ConvertError, match=r"'state_dict' in it is not a tensor.*save_pretrained"):
        convert("--source", folder, "--out", tmp_path / "ours")
