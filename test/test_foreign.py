"""Paths that are no model of asrkit: every program that is given one says what to do with it."""

import argparse
import json
from pathlib import Path

import pytest
import torch

from asrkit.bin import convert_checkpoint
from asrkit.files import DataError
from asrkit.foreign import next_command
from asrkit.model_io import ModelError, TrainedModel
from asrkit.train import checkpoint

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n"


def converted(source, capsys):
    code = convert_checkpoint.main(["--source", str(source), "--out", "never"])
    return code, capsys.readouterr().err


def test_a_name_on_a_hub(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    wanted = "hf download some/model-1 --local-dir model-1"
    with pytest.raises(ModelError, match=wanted):
        TrainedModel.open("some/model-1")
    with pytest.raises(checkpoint.CheckpointError, match=wanted):
        checkpoint.load("some/model-1")
    code, said = converted("some/model-1", capsys)
    assert code == 1 and wanted in said


@pytest.mark.parametrize("name", ["exp/asr", "a/b/c", "model", "/some/model", "../x"])
def test_paths_are_no_names_on_a_hub(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "exp").mkdir()
    assert next_command(Path(name)) == ""
    with pytest.raises(ModelError, match="it is a folder that"):
        TrainedModel.open(name)


def test_a_folder_of_transformers_and_the_weights_in_it(tmp_path, capsys):
    folder = tmp_path / "hf"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    wanted = f"convert that: python -m asrkit.bin.convert_checkpoint --source {folder} "
    with pytest.raises(ModelError, match=wanted):
        TrainedModel.open(folder)
    with pytest.raises(checkpoint.CheckpointError, match=wanted):
        checkpoint.load(folder)
    for name in ("model.safetensors", "pytorch_model.bin", "model-00001-of-00002.safetensors"):
        (folder / name).write_bytes(b"x")
        code, said = converted(folder / name, capsys)
        assert code == 1 and wanted in said and "damaged" not in said
    (folder / "config.json").unlink()
    assert "that has their config.json" in converted(folder / "model.safetensors", capsys)[1]


@pytest.mark.parametrize("with_config", [False, True])
def test_adapters_of_peft(tmp_path, capsys, with_config):
    (tmp_path / "adapter_config.json").write_text("{}")
    (tmp_path / "adapter_model.safetensors").write_bytes(b"x")
    if with_config:
        (tmp_path / "config.json").write_text(json.dumps({"model_type": "wav2vec2"}))
    for source in (tmp_path, tmp_path / "adapter_model.safetensors"):
        code, said = converted(source, capsys)
        assert code == 1 and "merge_and_unload()" in said


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "pytorch_model.bin"])
def test_pointers_of_git_lfs_in_a_folder(tmp_path, capsys, name):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "wav2vec2"}))
    (tmp_path / name).write_bytes(POINTER)
    code, said = converted(tmp_path, capsys)
    assert code == 1 and f"{tmp_path / name}: a pointer of Git LFS" in said
    assert f"git -C {tmp_path} lfs pull" in said


def test_pointers_of_git_lfs_as_files(tmp_path, capsys):
    (tmp_path / "x.pt").write_bytes(POINTER)
    assert "a pointer of Git LFS" in converted(tmp_path / "x.pt", capsys)[1]
    with pytest.raises(DataError, match="a pointer of Git LFS"):
        checkpoint.load(tmp_path / "x.pt")


def test_checkpoints_of_other_programs(tmp_path):
    wanted = "if fairseq wrote it, convert it: "
    torch.save({"model": {}, "args": argparse.Namespace(a=1)}, tmp_path / "x.pt")
    torch.save({"model": {}}, tmp_path / "y.pt")
    for name in ("x.pt", "y.pt"):
        with pytest.raises(checkpoint.CheckpointError, match=wanted):
            checkpoint.load(tmp_path / name)
    (tmp_path / "z.pt").write_bytes((tmp_path / "y.pt").read_bytes()[:200])
    with pytest.raises(checkpoint.CheckpointError, match=r"damaged.*take another file [^;]*$"):
        checkpoint.load(tmp_path / "z.pt")
