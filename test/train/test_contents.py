"""Checkpoints of odd structure: refused in one line before anything is built of them."""

from __future__ import annotations

import math
import pickle
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from toy import make, run

from asrkit import config
from asrkit.bin import asr_infer, average_checkpoints
from asrkit.config import ConfigError
from asrkit.convert.source import ConvertError
from asrkit.convert.unpickle import load_inert, plain
from asrkit.train import checkpoint
from asrkit.train.checkpoint import CheckpointError, why_unreadable
from asrkit.train.contents import check_tensors

GOOD = {"model": {"w": torch.ones(2)}, "config": {}, "step": 3}


def refused(path: Path, message: str) -> None:
    """By the reader, and by the programs in one line."""
    with pytest.raises(CheckpointError, match=message) as refusal:
        checkpoint.load(path)
    told = str(refusal.value)
    assert told.startswith(str(path)) and "\n" not in told and len(told) < 500
    assert "weights_only" not in told


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": None}, "'model' is NoneType, not tensors by name"),
        ({"model": [torch.ones(2)]}, "'model' is list, not tensors"),
        ({"model": torch.ones(2)}, "'model' is Tensor"),
        ({"model": {"w": 1.5}}, "model: w is a float, not a tensor"),
        ({"model": {"w": {"v": torch.ones(1)}}}, "model: w is a dict"),
        ({"model": {1: torch.ones(1)}}, "model: 1 is not a name of a tensor"),
        ({"config": "text"}, "'config' is str, not options by name"),
        ({"config": None}, "'config' is NoneType"),
        ({"step": 1.0}, "'step' is float, not a number of updates"),
        ({"step": True}, "'step' is bool"),
        ({"step": torch.tensor(3)}, "'step' is Tensor"),
        ({"step": -1}, "'step' is -1, no number"),
        ({"step": 10**30}, "'step' is 1000"),
        ({"format": torch.ones(2)}, "not a checkpoint of this program"),
        ({"format": "1"}, "not a checkpoint of this program"),
        ({"format": True}, "not a checkpoint of this program"),
    ],
)
def test_parts_of_other_types(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    torch.save({"format": 1, **GOOD, **changes}, tmp_path / "x.pt")
    refused(tmp_path / "x.pt", message)


@pytest.mark.parametrize("name", list(GOOD))
def test_parts_that_are_missing(tmp_path: Path, name: str) -> None:
    content = {key: value for key, value in GOOD.items() if key != name}
    checkpoint.save(tmp_path / "x.pt", content)
    refused(tmp_path / "x.pt", f"has no '{name}'")


def quantized() -> torch.Tensor:
    return torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8)


@pytest.mark.parametrize(
    ("tensor", "message"),
    [
        (torch.eye(3).to_sparse(), "w is a sparse or nested tensor"),
        (torch.ones(2, device="meta"), "w is a meta tensor"),
        (quantized(), "w is a quantized tensor"),
        (torch.ones(1).expand(10**6, 10**6), "w is a tensor that repeats its numbers"),
        (torch.ones(4).as_strided((3, 2), (1, 1)), "w is a tensor that repeats"),
    ],
)
def test_tensors_of_other_kinds(tmp_path: Path, tensor: torch.Tensor, message: str) -> None:
    torch.save({"format": 1, **GOOD, "model": {"w": tensor}}, tmp_path / "x.pt")
    refused(tmp_path / "x.pt", f"{message}|damaged or no checkpoint")
    with pytest.raises(CheckpointError, match=message):
        check_tensors({"w": tensor}, "x")


def test_one_storage_for_two_names_is_refused_and_parts_of_it_are_not(tmp_path: Path) -> None:
    """As cuDNN keeps an LSTM: every weight a part of one storage."""
    flat = torch.arange(6.0)
    parts = {"a": flat[:2], "b": flat[2:].view(2, 2).T, "empty": flat[:0]}
    checkpoint.save(tmp_path / "x.pt", GOOD | {"model": parts})
    assert torch.equal(checkpoint.load(tmp_path / "x.pt")["model"]["b"], parts["b"])
    checkpoint.save(tmp_path / "x.pt", GOOD | {"model": parts | {"c": flat[1:3]}})
    refused(tmp_path / "x.pt", "c is a tensor that repeats its numbers, or those of another")


def rewritten(source: Path, target: Path, **options: Any) -> Path:
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", **options) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    return target


def test_records_are_as_large_as_the_file(tmp_path: Path) -> None:
    content = {"format": 1, **GOOD, "model": {"w": torch.zeros(100_000)}}
    torch.save(content, tmp_path / "x.pt")
    packed = rewritten(tmp_path / "x.pt", tmp_path / "y.pt", compression=zipfile.ZIP_DEFLATED)
    assert packed.stat().st_size < 10_000
    refused(packed, "damaged or no checkpoint .its records are compressed")
    with pytest.raises(ConvertError, match="refused: its records are compressed"):
        load_inert(packed)


def test_older_files_and_programs_are_no_checkpoints(tmp_path: Path) -> None:
    content = {"format": 1, **GOOD}
    torch.save(content, tmp_path / "x.pt", _use_new_zipfile_serialization=False)
    refused(tmp_path / "x.pt", "it holds something else than tensors")
    torch.jit.script(torch.nn.Linear(2, 2)).save(str(tmp_path / "y.pt"))
    refused(tmp_path / "y.pt", "damaged or no checkpoint")
    with zipfile.ZipFile(tmp_path / "z.pt", "w") as archive:  # a pack, or a checkpoint in another
        archive.write(tmp_path / "x.pt", "model/best.pt")
    refused(tmp_path / "z.pt", "damaged or no checkpoint")


def test_advice_to_run_code_is_not_repeated() -> None:
    for error in (
        pickle.UnpicklingError("Re-running `torch.load` with `weights_only` set to `False`"),
        RuntimeError("Cannot use ``weights_only=True`` with TorchScript archives"),
        ValueError("weights_only"),
    ):
        assert "weights_only" not in why_unreadable(error)
    assert why_unreadable(MemoryError()) == "it asks for more than the memory there is"


def twice(levels: int) -> dict[str, Any]:
    """A mapping of 2^levels values, as few objects."""
    value: dict[str, Any] = {"x": 1}
    for _ in range(levels):
        value = {"x": value, "y": value}
    return value


@pytest.mark.parametrize(
    ("encoder_conf", "message"),
    [
        (twice(18), "encoder_conf.*: holds too much, or itself"),
        (twice(60), "encoder_conf.*: holds too much, or itself"),
        ({"width": math.nan}, "encoder_conf.width: float nan is not among"),
        ({"width": 10**400}, "encoder_conf.width: int 1000"),
        ({"width": torch.ones(2)}, "encoder_conf.width: Tensor"),
        ({1: 2}, "encoder_conf: the key 1 is not a name"),
        ([1], "encoder_conf: .1. is not of type"),
    ],
)
def test_the_configuration_inside_is_plain(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], encoder_conf: Any, message: str
) -> None:
    begin = time.process_time()
    checkpoint.save(tmp_path / "x.pt", GOOD | {"config": {"encoder_conf": encoder_conf}})
    assert asr_infer.main(["--model", str(tmp_path / "x.pt"), "a.wav"]) == 1
    told = capsys.readouterr().err.splitlines()[-1]
    with pytest.raises(ConfigError, match=message):
        config.from_mapping({"encoder_conf": encoder_conf}, "x.pt: config")
    assert "x.pt: config: encoder_conf" in told and len(told) < 500
    assert time.process_time() - begin < 20


def test_settings_of_fairseq_are_bounded() -> None:
    with pytest.raises(ConvertError, match="nested too deeply, or hold themselves"):
        plain(twice(40))


def test_average_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    checkpoint.save(tmp_path / "x.pt", {"model": {"w": torch.ones(2)}, "step": 1})
    words = [str(tmp_path / "x.pt"), "--out", str(tmp_path / "y.pt")]
    assert average_checkpoints.main(words) == 1
    assert "x.pt: has no 'config'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("stream", None),
        ("stream", [0]),
        ("stream", ["a", 1]),
        ("stream", [0, math.nan]),
        ("stream", [0, -1]),
        ("precision", 3),
        ("best", [[1.0]]),
        ("best", {"a": 1}),
        ("optimizer", None),
        ("optimizer", {"state": {}, "param_groups": []}),
        ("optimizer.state", []),
        ("optimizer.state", {0: {"exp_avg": torch.ones(9, 9)}}),
        ("optimizer.state", {10**6: {}}),
        ("optimizer.state", {"w": {}}),
        ("optimizer.param_groups", [{"params": [0]}, 1]),
        ("optimizer.param_groups.0.lr", "fast"),
        ("optimizer.param_groups.0.betas", None),
        ("optimizer.param_groups.0.params", [0] * 99),
    ],
)
def test_what_a_run_goes_on_with(tmp_path: Path, name: str, value: Any) -> None:
    trainer, _ = make(tmp_path)
    run(trainer)
    content = checkpoint.load(tmp_path / "last.pt")
    assert make(tmp_path)[0].restore(tmp_path / "last.pt") is not None
    *above, last = [int(part) if part.isdigit() else part for part in name.split(".")]
    holder: Any = content
    for part in above:
        holder = holder[part]
    holder[last] = value
    checkpoint.save(tmp_path / "last.pt", content)
    with pytest.raises(CheckpointError, match=rf"last\.pt: '{name.split('.')[0]}' is not what a"):
        make(tmp_path)[0].restore(tmp_path / "last.pt")
