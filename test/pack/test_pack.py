"""Packs: what is in them, the same bytes again, use without unpacking, what is refused to pack."""

import dataclasses
import json
import zipfile

import pytest
import torch
from make_audio import flac, tone

from asrkit import config
from asrkit.bin import asr_infer, pack, unpack
from asrkit.build import build_objective, resolve
from asrkit.decode.confidence import Calibration
from asrkit.decode.search import Search, find
from asrkit.files import write_json
from asrkit.infer import Speech2Text
from asrkit.model_io import ModelError
from asrkit.options import Options
from asrkit.pack.archive import PackError, read_manifest
from asrkit.pack.make import Order, make_pack
from asrkit.score.score_set import ScoreTask, score_set
from asrkit.tokens import TokenList
from asrkit.train import checkpoint

ENCODER = {
    "conv_layers": [[8, 10, 5], [8, 8, 8], [8, 8, 8]],
    "width": 16,
    "layers": 1,
    "heads": 2,
    "positional": [4, 2, 1],
}


def experiment(folder, *, token_file="text.phn", pretrained=False, **changes):
    """A trained folder, as asr_train leaves one."""
    options = Options(
        objective="contrastive" if pretrained else "ctc",
        quantizer="gumbel" if pretrained else None,
        encoder_conf=ENCODER,
        optimizer_conf={"lr": 1e-3},
        train_data=[str(folder.parent / "dump")],
    )
    if not pretrained:
        options.token_list, options.token_file = str(folder / "tokens.txt"), token_file
    options = resolve(options)
    tokens = TokenList.build(["a", "b", "ʃ", "<space>"])
    folder.mkdir(parents=True)
    if not pretrained:
        tokens.write(folder / "tokens.txt")
    torch.manual_seed(0)
    content = {
        "model": build_objective(options, tokens).state_dict(),
        "config": config.to_mapping(options),
        "step": 7,
        "optimizer": {"state": torch.zeros(1000)},
        **changes,
    }
    checkpoint.save(folder / "best.pt", content)
    return folder


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """exp/asr_x with scores, n-grams and a phonemizer's record."""
    root = tmp_path_factory.mktemp("recipe")
    folder = experiment(root / "exp/asr_x")
    (root / "exp/dump").mkdir()
    (root / "exp/dump/phonemizer.json").write_text('{"espeak": "1.52", "phonemizer": "3.3"}')
    for lang in ("it", "es"):
        (root / "exp/ngram" / lang).mkdir(parents=True)
        (root / "exp/ngram" / lang / "lexicon.txt").write_text("abba\ta b b a\nasha\ta ʃ a\n")
    (root / "exp/ngram/it/word.bin").write_bytes(b"binary")
    Calibration(bias=-2.0).write(folder)
    (folder / "label_prior.json").touch()
    for lang in ("it", "es"):
        (folder / "tune_lm" / lang).mkdir(parents=True)
        tuned = {"lm_weight": 1.5, "word_score": -3.0}
        write_json(folder / "tune_lm" / lang / "lexicon_lm.json", tuned)
    (root / "ref").write_text("u1 a b\nu2 b b\n")
    (root / "hyp").write_text("u1 a b\nu2 b\n")
    (root / "utt2lang").write_text("u1 it\nu2 it\n")
    task = ScoreTask(
        ref=root / "ref", hyp=root / "hyp", unit="per", langs=root / "utt2lang", command="score it"
    )
    score_set(task, folder / "decode_greedy/it_test/score_per")
    return root


@pytest.fixture(scope="module")
def packed(root):
    out = root / "exp/asr_x/asr_x.zip"
    words = ["--model", str(root / "exp/asr_x"), "--out", str(out), "--license", "cc-by-4.0"]
    words += ["--ngram", str(root / "exp/ngram"), "--langs", "it", "--data", "An hour of Italian."]
    assert pack.main(words) == 0
    return out


def test_contents(packed):
    manifest = read_manifest(packed)
    assert sorted(manifest["files"]) == [
        "README.md",
        "model/best.pt",
        "model/confidence.json",
        "model/config.yaml",
        "model/label_prior.json",
        "model/phonemizer.json",
        "model/tokens.txt",
        "model/tune_lm/it/lexicon_lm.json",
        "ngram/it/lexicon.txt",
        "ngram/it/word.bin",
        "scores/decode_greedy/it_test/per.json",
    ]
    assert manifest["kind"] == "recognizer" and manifest["name"] == "asr_x"


def test_card(packed):
    with zipfile.ZipFile(packed) as archive:
        card = archive.read("README.md").decode()
        score = json.loads(archive.read("scores/decode_greedy/it_test/per.json"))
    assert score["command"] == "score it"
    head = config.load_yaml(card.split("---\n")[1])
    assert head["license"] == "cc-by-4.0" and head["language"] == ["it"]
    assert head["pipeline_tag"] == "automatic-speech-recognition"
    assert "|decode_greedy|it_test|25.0|-|-|" in card
    assert "espeak: 1.52" in card and "An hour of Italian." in card
    assert "asr_infer.py --model asr_x.zip --lang it some.wav" in card


def test_same_content_same_bytes(root, packed, tmp_path):
    order = Order(
        model=root / "exp/asr_x", out=tmp_path / "asr_x.zip", ngram=root / "exp/ngram",
        langs=("it",), license="cc-by-4.0", data="An hour of Italian.",
    )  # fmt: skip
    make_pack(order)
    assert (tmp_path / "asr_x.zip").read_bytes() == packed.read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["asr_x.zip"]


def test_only_what_recognition_needs_is_packed(packed, tmp_path):
    assert unpack.main(["--pack", str(packed), "--out", str(tmp_path / "x")]) == 0
    content = checkpoint.load(tmp_path / "x/model/best.pt")
    assert sorted(content) == ["config", "format", "model", "step"]


def test_pack_folder_and_unpacked_pack_recognize_alike(root, packed, tmp_path):
    unpack.main(["--pack", str(packed), "--out", str(tmp_path / "x")])
    wave = torch.randn(16000)
    models = [Speech2Text(path) for path in (root / "exp/asr_x", packed, tmp_path / "x")]
    one, two, three = (model.log_probs([wave])[0] for model in models)
    assert torch.equal(one, two) and torch.equal(one, three)
    assert models[1].tokens.symbols == models[0].tokens.symbols
    folder = models[1].path.parent.parent
    assert folder.exists()
    del models
    assert not folder.exists()


def test_folders_and_packs_with_the_tensor_names_of_older_versions_recognize_alike(
    root, tmp_path, monkeypatch
):
    content = checkpoint.load(root / "exp/asr_x/best.pt")
    model = {
        name.replace("mask_embedding", "mask_vector"): value
        for name, value in content["model"].items()
    }
    assert model.keys() != content["model"].keys()
    folder = experiment(tmp_path / "exp/asr_old", model=model)
    with monkeypatch.context() as older:
        older.setattr(checkpoint, "_RENAMED", {})
        make_pack(Order(model=folder, out=tmp_path / "old.zip"))
    wave = torch.randn(16000)
    today, old, packed = (
        Speech2Text(path).log_probs([wave])[0]
        for path in (root / "exp/asr_x", folder, tmp_path / "old.zip")
    )
    assert torch.equal(today, old) and torch.equal(today, packed)


def test_one_of_the_best_models_recognizes_and_is_packed(tmp_path):
    """checkpoints/step_*.pt stand below the folder that holds the tokens."""
    folder = experiment(tmp_path / "exp/asr_y")
    (folder / "config.yaml").write_text("objective: ctc\n")
    (folder / "checkpoints").mkdir()
    one = (folder / "best.pt").rename(folder / "checkpoints/step_7.pt")
    model = Speech2Text(one)
    assert (model.folder, model.step) == (folder, 7)
    make_pack(Order(model=one, out=tmp_path / "y.zip"))
    manifest = read_manifest(tmp_path / "y.zip")
    assert manifest["name"] == "asr_y" and "model/tokens.txt" in manifest["files"]


def test_asr_infer_takes_a_pack_with_its_lexicon(packed, tmp_path, capsys):
    flac(tmp_path / "x.flac", tone())
    words = ["--model", str(packed), "--lang", "it", "--decode", "lexicon"]
    assert asr_infer.main([*words, str(tmp_path / "x.flac")]) == 0
    said = capsys.readouterr().out.split("\t")[1].split()
    assert set(said) <= {"abba", "asha"}


def test_a_pack_brings_what_decoding_was_tuned_to(packed):
    model = Speech2Text(packed)
    assert model.calibration == Calibration(bias=-2.0)
    found = find(Search(mode="lexicon_lm"), model, "it")
    assert (found.weights.lm_weight, found.weights.word_score) == (1.5, -3.0)


def test_a_pretrained_model_is_packed_only_on_purpose(tmp_path, capsys):
    folder = experiment(tmp_path / "exp/pretrain_x", pretrained=True)
    words = ["--model", str(folder), "--out", str(tmp_path / "x.zip")]
    assert pack.main(words) == 1
    assert "--allow_pretrained true" in capsys.readouterr().err
    assert sorted(tmp_path.iterdir()) == [tmp_path / "exp"]
    assert pack.main([*words, "--allow_pretrained", "true"]) == 0
    with pytest.raises(ModelError, match=r"x.zip: this model was pre-trained only.*fine-tune"):
        Speech2Text(tmp_path / "x.zip")
    with zipfile.ZipFile(tmp_path / "x.zip") as archive:
        card = archive.read("README.md").decode()
    assert "cannot recognize speech: fine-tune it first" in card and "pipeline_tag" not in card
    assert "--init exp/pretrain_x/model/best.pt --init_take encoder" in card


def test_bpe_model_travels_along(tmp_path):
    folder = experiment(tmp_path / "exp/asr_bpe", token_file="text.bpe40")
    order = Order(model=folder, out=tmp_path / "x.zip")
    with pytest.raises(PackError, match="--bpe_model"):
        make_pack(order)
    (folder / "bpe.model").write_bytes(b"units")
    make_pack(order)
    assert "model/bpe.model" in read_manifest(tmp_path / "x.zip")["files"]


def test_search_for_labels_of_a_training_set_is_of_no_language(root, tmp_path):
    folder = tmp_path / "ngram"
    for name in ("it", "it_train_5min"):
        (folder / name).mkdir(parents=True)
        (folder / name / "lexicon.txt").write_text("asha\ta ʃ a\n")
    make_pack(Order(model=root / "exp/asr_x", out=tmp_path / "x.zip", ngram=folder))
    files = read_manifest(tmp_path / "x.zip")["files"]
    assert [name for name in files if name.startswith("ngram/")] == ["ngram/it/lexicon.txt"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": "nothing"}, "no such model"),
        ({"ngram": "nothing"}, "stage 9 makes it"),
        ({"langs": ("fr",)}, "fr: holds no lexicon and no n-gram"),
        ({"bpe_model": "nothing"}, "no such file"),
        ({"phones": "nothing"}, "no such file"),
    ],
)
def test_what_is_missing_is_named(root, tmp_path, changes, message):
    paths = {"model": "exp/asr_x", "ngram": "exp/ngram"} | changes
    langs = paths.pop("langs", ())
    order = Order(
        out=tmp_path / "x.zip", langs=langs, **{key: root / value for key, value in paths.items()}
    )
    with pytest.raises((PackError, ModelError), match=message):
        make_pack(order)
    assert not (tmp_path / "x.zip").exists()


def test_damaged_score_and_wrong_ending(tmp_path, capsys):
    folder = experiment(tmp_path / "exp/asr_x")
    assert pack.main(["--model", str(folder), "--out", str(tmp_path / "x.tar")]) == 1
    assert "ends in .zip" in capsys.readouterr().err
    (folder / "decode/set/score_per").mkdir(parents=True)
    (folder / "decode/set/score_per/score.json").write_text(json.dumps({"unit": "per"}))
    with pytest.raises(PackError, match="not a score"):
        make_pack(Order(model=folder, out=tmp_path / "x.zip"))


def test_what_hears_no_speech_is_no_recognizer(tmp_path):
    folder = experiment(tmp_path / "exp/asr_x")
    content = checkpoint.load(folder / "best.pt")
    blocks = {"objective": "transcoder", "encoder": "transcoder"}
    content["config"] |= blocks | {"objective_conf": {}, "encoder_conf": {}}
    checkpoint.save(folder / "best.pt", content)
    with pytest.raises(PackError, match="a transcoder does not take speech"):
        make_pack(Order(model=folder, out=tmp_path / "x.zip"))
    order = Order(model=experiment(tmp_path / "exp/asr_y"), out=tmp_path / "x.zip")
    with pytest.raises(PackError, match="objective 'transcoder' makes no classifier"):
        make_pack(dataclasses.replace(order, classifier=folder))
    assert not (tmp_path / "x.zip").exists()
