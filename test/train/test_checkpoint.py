"""Checkpoints: whole or not at all, strict, and harmless to read."""

import errno
import math
import os
import pickle
import resource

import pytest
import torch
from torch import nn
from toy import make, run

from asrkit.encoders.logmel import LogMelEncoder
from asrkit.objectives.ctc import CtcObjective
from asrkit.tokens import TokenList
from asrkit.train import checkpoint
from asrkit.train.checkpoint import CheckpointError
from asrkit.train.parts import take_parts


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "a.pt"
    checkpoint.save(path, {"model": {"w": torch.arange(4.0)}, "step": 3, "config": {}})
    return path


def test_round_trip(saved):
    content = checkpoint.load(saved)
    assert content["step"] == 3
    assert content["model"]["w"].tolist() == [0, 1, 2, 3]


def test_tensors_and_options_of_older_versions_have_the_names_of_this_one(tmp_path):
    old = {name: torch.ones(2) for name in ("mask_vector", "base.encoder.mask_vector", "head.bias")}
    config = {"unlabelled_data": [], "objective_conf": {"unlabelled_weight": 0.5}}
    checkpoint.save(tmp_path / "old.pt", {"model": old, "step": 3, "config": config})
    content = checkpoint.load(tmp_path / "old.pt")
    assert [*content["model"]] == ["mask_embedding", "base.encoder.mask_embedding", "head.bias"]
    assert content["config"] == {"unlabeled_data": [], "objective_conf": {"unlabeled_weight": 0.5}}


@pytest.mark.parametrize("content", [b"u1 ciao\nu2 si\n", b"{}", b"(BL", b"\xff\xfe", b"lr0\n"])
def test_files_that_are_no_checkpoints(saved, content):
    saved.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"a\.pt: damaged or no checkpoint") as refusal:
        checkpoint.load(saved)
    assert "weights_only" not in str(refusal.value)


@pytest.mark.parametrize("size", [0, 10, 500])
def test_truncated(saved, size):
    saved.write_bytes(saved.read_bytes()[:size])
    with pytest.raises(CheckpointError, match=r"a\.pt: damaged.*step_"):
        checkpoint.load(saved)


def test_missing(tmp_path):
    with pytest.raises(CheckpointError, match="no such checkpoint"):
        checkpoint.load(tmp_path / "none.pt")


def test_code_in_a_checkpoint_does_not_run(tmp_path):
    class Evil:
        def __reduce__(self):
            return (open, (str(tmp_path / "ran"), "w"))

    (tmp_path / "evil.pt").write_bytes(pickle.dumps({"format": 1, "x": Evil()}))
    with pytest.raises(CheckpointError):
        checkpoint.load(tmp_path / "evil.pt")
    assert not (tmp_path / "ran").exists()


def test_foreign_file(tmp_path):
    torch.save({"weights": 1}, tmp_path / "x.pt")
    with pytest.raises(CheckpointError, match="not a checkpoint of this program"):
        checkpoint.load(tmp_path / "x.pt")


def test_shapes_and_names_must_agree():
    layer = nn.Linear(2, 3)
    with pytest.raises(CheckpointError, match=r"weight \(4, 2\) instead of \(3, 2\)"):
        checkpoint.load_weights(layer, {"weight": torch.zeros(4, 2), "bias": torch.zeros(3)}, "x")
    with pytest.raises(CheckpointError, match="has no bias"):
        checkpoint.load_weights(layer, {"weight": torch.zeros(3, 2)}, "x")
    with pytest.raises(CheckpointError, match="unknown more"):
        checkpoint.load_weights(layer, {**layer.state_dict(), "more": torch.zeros(1)}, "x")


@pytest.mark.parametrize("kind", ["complex64", "int32", "bool"])
def test_numbers_of_another_kind_are_no_weights(kind):
    """torch would copy them, and leave out the imaginary part."""
    layer = nn.Linear(2, 3, bias=False)
    with pytest.raises(CheckpointError, match=f"kinds of numbers: weight {kind} instead of real"):
        state = {"weight": torch.ones(3, 2, dtype=getattr(torch, kind))}
        checkpoint.load_weights(layer, state, "x")
    for real in (torch.float16, torch.bfloat16, torch.float64):
        checkpoint.load_weights(layer, {"weight": torch.ones(3, 2, dtype=real)}, "x")
        assert layer.weight.tolist() == torch.ones(3, 2).tolist()


@pytest.mark.parametrize("kind", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_weights_that_are_not_finite_are_refused_where_a_model_is_opened(tmp_path, kind, value):
    weight = torch.zeros(3, 2, dtype=getattr(torch, kind))
    content = {"model": {"a": weight.clone(), "none": torch.zeros(0), "b": weight}, "step": 1}
    checkpoint.save(tmp_path / "x.pt", content | {"config": {}})
    checkpoint.load(tmp_path / "x.pt")
    weight[1, 1] = value
    checkpoint.save(tmp_path / "x.pt", content | {"config": {}})
    with pytest.raises(CheckpointError, match=r"x\.pt: model: b holds NaN or infinite numbers"):
        checkpoint.load(tmp_path / "x.pt")


def test_full_disk_leaves_the_old_file(saved):
    old = saved.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(ValueError, match=r"a\.pt: cannot be written"):
            checkpoint.save(saved, {"model": {"w": torch.zeros(100_000)}})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert saved.read_bytes() == old
    assert [path.name for path in saved.parent.iterdir()] == ["a.pt"]


def test_a_file_has_a_second_name_where_there_are_no_links(saved, tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    checkpoint.link(saved, tmp_path / "best.pt")
    assert checkpoint.load(tmp_path / "best.pt")["step"] == 3
    assert saved.exists()


def test_a_second_name_given_twice_leaves_nothing_beside_it(saved, tmp_path):
    for _ in range(2):
        checkpoint.link(saved, tmp_path / "best.pt")
    assert {path.name for path in tmp_path.iterdir()} == {saved.name, "best.pt"}


def test_a_folder_is_no_checkpoint(tmp_path):
    with pytest.raises(CheckpointError, match="is a folder; name a file in it"):
        checkpoint.load(tmp_path)


def test_model_files_cannot_be_resumed(tmp_path):
    trainer, _ = make(tmp_path)
    run(trainer)
    again, _ = make(tmp_path)
    with pytest.raises(CheckpointError, match="holds a model only"):
        again.restore(tmp_path / "best.pt")


def recognizer(**options):
    encoder = LogMelEncoder(width=16, layers=1, heads=2, conv_layers=[[16, 3, 2]], mels=16)
    return CtcObjective(encoder, TokenList.build("ab"), **options)


@pytest.mark.parametrize(
    ("theirs", "mine", "message"),
    [
        ({"head_kernel": 4, "head_stride": 2}, {"head_kernel": 4, "head_stride": 2}, ""),
        ({"head_kernel": 4, "head_stride": 2}, {"head_kernel": 4}, "head_stride = 2, not 1"),
        ({"head_kernel": 4}, {"head_kernel": 4, "head_stride": 4}, "head_stride = 1, not 4"),
        ({"head_kernel": 4}, {}, "weight"),
        ({}, {"mask_prob": 0.1}, ""),
    ],
)
def test_a_head_is_taken_from_one_of_its_structure_only(tmp_path, theirs, mine, message):
    """Some of it shows in no shape."""
    conf = {"encoder_conf": {}, "objective_conf": theirs}
    path = str(tmp_path / "a.pt")
    content = {"model": recognizer(**theirs).state_dict(), "step": 1, "config": conf}
    checkpoint.save(tmp_path / "a.pt", content)
    model, config = recognizer(**mine), {"encoder_conf": {}, "objective_conf": mine}
    if message:
        with pytest.raises(CheckpointError, match=message):
            take_parts(model, path, ["head"], config)
        take_parts(model, path, ["encoder"], config)  # the rest is no matter
    else:
        assert take_parts(model, path, ["encoder", "head"], config)["head"] == 2
        assert torch.equal(model.head.weight, content["model"]["head.weight"])
