"""Averages of checkpoints of one model, and of nothing else."""

import pytest
import torch

from asrkit.bin import average_checkpoints
from asrkit.build import resolve
from asrkit.config import to_mapping
from asrkit.options import Options
from asrkit.tokens import TokenList
from asrkit.train import checkpoint
from asrkit.train.average import average
from asrkit.train.checkpoint import CheckpointError


def save(path, step, /, **model):
    checkpoint.save(path, {"model": model, "step": step, "config": {}})


def test_average_of_two(tmp_path):
    for n in (0, 1):
        save(tmp_path / f"{n}.pt", n, w=torch.full((2,), float(n)), n=torch.tensor(7))
    mean = average([tmp_path / "0.pt", tmp_path / "1.pt"])["model"]
    assert mean["w"].tolist() == [0.5, 0.5]
    assert mean["n"] == 7


def test_average_refuses_unequal_whole_numbers(tmp_path):
    for n in (0, 1):
        save(tmp_path / f"{n}.pt", n, n=torch.tensor(n))
    with pytest.raises(CheckpointError, match="whole numbers that differ"):
        average([tmp_path / "0.pt", tmp_path / "1.pt"])


@pytest.mark.parametrize(
    "other,message",
    [
        ({"w": torch.ones(2, 2)}, "has no b"),
        ({"w": torch.ones(2, 2), "b": torch.ones(2), "c": torch.ones(1)}, "has unknown c"),
        ({"w": torch.ones(2), "b": torch.ones(2)}, r"w \(2,\) instead of \(2, 2\)"),
    ],
)
def test_average_refuses_models_of_another_shape(tmp_path, other, message):
    """A name that one of them does not have would be divided by two all the same."""
    for n, state in enumerate(({"w": torch.ones(2, 2), "b": torch.ones(2)}, other)):
        save(tmp_path / f"{n}.pt", n, **state)
    with pytest.raises(CheckpointError, match=message):
        average([tmp_path / "0.pt", tmp_path / "1.pt"])


def write(folder, *, tokens="abc", **changes):
    """A checkpoint of one shape whatever the changes."""
    (folder / "checkpoints").mkdir(parents=True)
    options = {"encoder_conf": {"heads": 4}, "optimizer_conf": {"lr": 1e-3}} | changes
    content = to_mapping(resolve(Options(objective="ctc", token_list="x", **options)))
    (folder / "config.yaml").touch()
    TokenList.build(tokens).write(folder / "tokens.txt")
    path = folder / "checkpoints" / "step_1.pt"
    checkpoint.save(path, {"model": {"w": torch.ones(2)}, "step": 1, "config": content})
    return str(path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tokens": "acb"}, "two/tokens.txt: the weights of this run stand for other symbols"),
        ({"encoder_conf": {"heads": 8}}, "with encoder_conf.heads = 8, not 4"),
        ({"encoder_conf": {"heads": 4, "normalize": True}}, "encoder_conf.normalize = True, not"),
        ({"encoder_conf": {"heads": 4, "norm_first": True}}, "encoder_conf.norm_first = True"),
        ({"encoder": "logmel"}, "its encoder is 'logmel', not 'wav2vec2'"),
        (
            {"objective_conf": {"head_kernel": 2, "head_stride": 2}},
            "with objective_conf.head_stride = 2",
        ),
    ],
)
def test_what_no_shape_shows_must_agree(tmp_path, capsys, changes, message):
    """As --init does, that reads such models too."""
    files = [write(tmp_path / "one"), write(tmp_path / "two", **changes)]
    assert average_checkpoints.main([*files, "--out", str(tmp_path / "mean.pt")]) == 1
    assert message in capsys.readouterr().err
    assert not (tmp_path / "mean.pt").exists()


def test_runs_that_were_trained_otherwise_may_be_averaged(tmp_path):
    changes = {
        "encoder_conf": {"heads": 4, "dropout": 0.3},
        "objective_conf": {"mask_prob": 0.1},
        "optimizer_conf": {"lr": 1e-2},
        "seed": 1,
    }
    files = [write(tmp_path / "one"), write(tmp_path / "two", **changes)]
    assert average_checkpoints.main([*files, "--out", str(tmp_path / "mean.pt")]) == 0
    assert checkpoint.load(tmp_path / "mean.pt")["averaged"] == files
