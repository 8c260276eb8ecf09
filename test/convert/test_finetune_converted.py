"""From a folder of transformers to a fine-tuned recognizer in one file, with the programs."""

import shutil

import hf_tiny
import pytest
import torch
from convert import test_conformer, test_w2v_bert, test_wavlm
from tones import ctc_args, write_dump, write_tokens

from asrkit import config
from asrkit.bin import asr_infer, asr_train, convert_checkpoint, pack
from asrkit.train import checkpoint


def encoder_of(folder):
    return config.load_yaml((folder / "config.yaml").read_text())["encoder_conf"]


@pytest.fixture
def converted(tmp_path):
    model = hf_tiny.make("Wav2Vec2ForPreTraining", "xlsr_53")
    hf_tiny.save(model, tmp_path / "hf", normalize=True)
    words = ["--source", str(tmp_path / "hf"), "--out", str(tmp_path / "exp/pretrain")]
    assert convert_checkpoint.main(words) == 0
    return tmp_path / "exp/pretrain"


def train(tmp_path, converted, encoder="wav2vec2", **changes):
    for name, count in (("train", 6), ("valid", 2)):
        if not (tmp_path / name).exists():
            write_dump(tmp_path / name, count)
    write_tokens(tmp_path / "tokens.txt")
    conf = config.dump_yaml(encoder_of(converted) | {"layerdrop": 0.0} | changes)
    return asr_train.main(
        ctc_args(
            tmp_path, tmp_path / "exp/asr", "--encoder", encoder, "--encoder_conf", conf,
            "--max_update", "1", "--valid_interval", "1", "--max_sample_size", "320000",
            "--init", str(converted / "last.pt"), "--init_take", "encoder",
        )
    )  # fmt: skip


def test_convert_train_pack_recognize(tmp_path, converted, capsys):
    assert train(tmp_path, converted) == 0
    before = checkpoint.load(converted / "last.pt")["model"]
    after = checkpoint.load(tmp_path / "exp/asr/last.pt")["model"]
    names = [name for name in before if name.startswith("encoder.")]
    assert all(torch.equal(after[name], before[name]) for name in names)  # update 1 has rate 0
    out = tmp_path / "asr.zip"
    assert pack.main(["--model", str(tmp_path / "exp/asr"), "--out", str(out)]) == 0
    audio = next((tmp_path / "valid/audio").iterdir())
    capsys.readouterr()
    assert asr_infer.main(["--model", str(out), str(audio)]) == 0
    assert capsys.readouterr().out.startswith(str(audio))


@pytest.mark.parametrize("kind", [test_wavlm, test_conformer, test_w2v_bert])
def test_other_encoders_train_pack_and_recognize(tmp_path, kind):
    kind.make().save_pretrained(tmp_path / "hf")
    normalize = [] if kind is test_w2v_bert else ["--normalize", "true"]
    words = ["--source", str(tmp_path / "hf"), "--out", str(tmp_path / "exp/pretrain"), *normalize]
    assert convert_checkpoint.main(words) == 0
    converted = tmp_path / "exp/pretrain"
    name = config.load_yaml((converted / "config.yaml").read_text())["encoder"]
    assert train(tmp_path, converted, name) == 0
    before = checkpoint.load(converted / "last.pt")["model"]
    after = checkpoint.load(tmp_path / "exp/asr/last.pt")["model"]
    assert all(torch.equal(after[n], before[n]) for n in before)  # update 1 has rate 0
    out = tmp_path / "asr.zip"
    assert pack.main(["--model", str(tmp_path / "exp/asr"), "--out", str(out)]) == 0
    audio = next((tmp_path / "valid/audio").iterdir())
    assert asr_infer.main(["--model", str(out), str(audio)]) == 0


def test_a_network_from_before_an_option_was_there_is_as_it_is_by_default(
    tmp_path, converted, capsys
):
    content = checkpoint.load(converted / "last.pt")
    del content["config"]["encoder_conf"]["positional_affine"]
    checkpoint.save(converted / "last.pt", content)
    assert train(tmp_path, converted) == 0
    shutil.rmtree(tmp_path / "exp/asr")
    assert train(tmp_path, converted, positional_affine=True) == 1
    assert "positional_affine" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"heads": 8}, "heads = 5"), ({"normalize": False}, "normalize"), ({"norm_first": False}, "")],
)
def test_another_structure_is_refused(tmp_path, converted, capsys, changes, message):
    assert train(tmp_path, converted, **changes) == 1
    assert f"encoder_conf.{message}" in capsys.readouterr().err
