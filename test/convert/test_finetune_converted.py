"""From a folder of transformers to a fine-tuned recognizer in one file, with the programs."""

import shutil

import hf_tiny
import pytest
import torch
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


def train(tmp_path, converted, **changes):
    for name, count in (("train", 6), ("valid", 2)):
        if not (tmp_path / name).exists():
            write_dump(tmp_path / name, count)
    write_tokens(tmp_path / "tokens.txt")
    conf = config.dump_yaml(encoder_of(converted) | {"layerdrop": 0.0} | changes)
    return asr_train.main(
        ctc_args(
            tmp_path, tmp_path / "exp/asr", "--encoder", "wav2vec2", "--encoder_conf", conf,
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
