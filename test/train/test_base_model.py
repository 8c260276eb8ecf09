"""Checkpoints of what was tuned alone: they resume, average, pack and decode as whole ones do."""

from __future__ import annotations

import shutil

import pytest
import torch
from tones import ctc_args, write_dump, write_tokens

from asrkit.bin import asr_infer, asr_train, average_checkpoints, pack, unpack
from asrkit.files import sha256
from asrkit.model_io import TrainedModel
from asrkit.train import checkpoint
from asrkit.train.average import average
from asrkit.train.base_model import base_of, check_base
from asrkit.train.checkpoint import CheckpointError

TUNE = "{lora: {rank: 2, dropout: 0.1}}"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A released model, and two runs of the same from it: whole, and small."""
    folder = tmp_path_factory.mktemp("home")
    for name, count in (("train", 8), ("valid", 2)):
        write_dump(folder / name, count)
    write_tokens(folder / "tokens.txt")

    def train(name, updates, *more):
        every = ["--valid_interval", "2", "--save_interval", "2", "--log_interval", "2"]
        words = ctc_args(folder, folder / "exp" / name, *every, "--max_update", updates, *more)
        assert asr_train.main(words) == 0

    train("base", "2")
    shutil.copy(folder / "exp/base/last.pt", folder / "released.pt")
    tuned = [
        "--init",
        str(folder / "released.pt"),
        "--tune",
        TUNE,
        "--trainable",
        "^head",
        "ffn_norm",
    ]
    train("whole", "4", *tuned)
    train("small", "4", *tuned, "--save_base", "false")
    return folder


def raw(path):
    return torch.load(path, weights_only=True)


def test_files_hold_what_learns_alone(home):
    small, whole = (raw(home / "exp" / name / "last.pt") for name in ("small", "whole"))
    left_out = whole["model"].keys() - small["model"].keys()
    assert left_out == set(small["base"]["names"])
    assert small["model"].keys() <= whole["model"].keys()
    learn = ("lora", "head", "ffn_norm")
    parameters = [n for n in whole["model"] if "filters" not in n and "mel" not in n]
    assert {n for n in parameters if not any(part in n for part in learn)} <= left_out
    for name in ("last.pt", "best.pt", "average.pt"):
        sizes = [(home / "exp" / run / name).stat().st_size for run in ("small", "whole")]
        assert sizes[0] < 0.7 * sizes[1]


@pytest.mark.parametrize("name", ["last.pt", "best.pt", "average.pt"])
def test_they_are_the_whole_ones(home, name):
    small, whole = (checkpoint.load(home / "exp" / run / name) for run in ("small", "whole"))
    assert small["model"].keys() == whole["model"].keys()
    assert all(torch.equal(v, small["model"][n]) for n, v in whole["model"].items())


def test_a_run_goes_on_as_the_whole_one(home, tmp_path):
    for run in ("small", "whole"):
        shutil.copytree(home / "exp" / run, tmp_path / run)
        more = ["--init", str(home / "released.pt"), "--tune", TUNE, "--trainable", "^head",
                "ffn_norm", "--save_base", str(run == "whole").lower(), "--resume", "true",
                "--valid_interval", "2", "--save_interval", "2", "--log_interval", "2",
                "--max_update", "6"]  # fmt: skip
        assert asr_train.main(ctc_args(home, tmp_path / run, *more)) == 0
    small, whole = (checkpoint.load(tmp_path / run / "last.pt") for run in ("small", "whole"))
    assert all(torch.equal(v, small["model"][n]) for n, v in whole["model"].items())
    states = [content["optimizer"]["state"] for content in (small, whole)]
    assert all(torch.equal(v, states[0][n][k]) for n, s in states[1].items() for k, v in s.items())
    assert "base" in raw(tmp_path / "small/last.pt")


def test_averaged_packed_recognized(home, tmp_path, capsys):
    out = tmp_path / "elsewhere.pt"
    steps = sorted(map(str, (home / "exp/small/checkpoints").iterdir()))
    assert average_checkpoints.main([*steps, "--out", str(out)]) == 0
    assert raw(out)["base"] == raw(steps[0])["base"]
    shutil.copy(home / "tokens.txt", tmp_path)
    assert TrainedModel.open(out).objective()
    words = ["--model", str(home / "exp/small"), "--out", str(tmp_path / "small.zip")]
    assert pack.main(words) == 0
    where = ["--pack", str(tmp_path / "small.zip"), "--out", str(tmp_path / "unpacked")]
    assert unpack.main(where) == 0
    packed = raw(tmp_path / "unpacked/model/average.pt")
    assert "base" not in packed and "lora" not in packed["config"]["tune"]
    audio = str(next((home / "valid/audio").iterdir()))
    heard = []
    for model in (home / "exp/whole", home / "exp/small", tmp_path / "small.zip"):
        capsys.readouterr()
        assert asr_infer.main(["--model", str(model), audio]) == 0
        heard.append(capsys.readouterr().out)
    assert heard[0] == heard[1] == heard[2]


def test_runs_from_one_base_at_two_paths_are_averaged(home, tmp_path):
    step = next((home / "exp/small/checkpoints").iterdir())
    content = raw(step)
    content["base"]["path"] = str(shutil.copy(home / "released.pt", tmp_path))
    checkpoint.save(tmp_path / "last.pt", content)
    shutil.copy(home / "tokens.txt", tmp_path)
    mean = average([step, tmp_path / "last.pt"])
    assert torch.equal(mean["model"]["head.bias"], content["model"]["head.bias"])
    content["base"]["names"].popitem()
    checkpoint.save(tmp_path / "last.pt", content)
    with pytest.raises(CheckpointError, match="it leaves out other weights"):
        average([step, tmp_path / "last.pt"])


def test_a_missing_or_other_base_is_refused_with_advice(home, tmp_path, capsys):
    shutil.copytree(home / "exp/small", tmp_path / "small")
    content = raw(tmp_path / "small/last.pt")
    content["base"]["path"] = str(tmp_path / "gone.pt")
    checkpoint.save(tmp_path / "small/last.pt", content)
    beside = tmp_path / "small/base.pt"
    with pytest.raises(
        CheckpointError, match=r"gone\.pt \(SHA-256 .{12}\.\.\.\) is missing"
    ) as told:
        checkpoint.load(tmp_path / "small/last.pt")
    assert str(told.value).endswith(f"a copy of it (or a link) to {beside}")
    beside.symlink_to(home / "released.pt")
    assert checkpoint.load(tmp_path / "small/last.pt")["model"].keys() > content["model"].keys()
    beside.unlink()
    shutil.copy(home / "exp/whole/last.pt", beside)
    audio = str(next((home / "valid/audio").iterdir()))
    assert asr_infer.main(["--model", str(tmp_path / "small/last.pt"), audio]) == 1
    assert "base.pt is not its base model" in capsys.readouterr().err


def test_a_base_that_has_a_base_itself(tmp_path):
    """a has all, b learned y of it, c learned z of b, whose copy or link is beside c."""
    for name in "abc":
        (tmp_path / name).mkdir()
    a, b, c = (tmp_path / name / "last.pt" for name in "abc")

    def write(file, model, base=None, names=""):
        content = {"model": model, "config": {}, "step": 0}
        if base is not None:
            mark = sha256(base)
            content["base"] = {"path": str(base), "sha256": mark, "names": {n: n for n in names}}
        checkpoint.save(file, content)

    write(a, {name: torch.zeros(1) for name in "xyz"})
    write(b, {"y": torch.ones(1), "z": torch.zeros(1)}, a, "x")
    write(c, {"z": torch.full((1,), 2.0)}, b, "xy")
    wanted = {"x": 0.0, "y": 1.0, "z": 2.0}
    beside = tmp_path / "c/base.pt"
    for place in (lambda: None, lambda: shutil.copy(b, beside), lambda: b.rename(beside)):
        place()
        assert {n: float(v) for n, v in checkpoint.load(c)["model"].items()} == wanted


def test_models_of_other_bases_are_not_averaged(home):
    paths = [home / "exp/small/last.pt", home / "exp/whole/last.pt"]
    with pytest.raises(CheckpointError, match="it leaves out other weights"):
        average(paths)


@pytest.mark.parametrize(
    "base",
    [3, {}, {"path": 1, "sha256": "", "names": {}}, {"path": "", "sha256": "", "names": {"a": 1}}],
)
def test_what_a_run_does_not_save_is_no_base(base):
    with pytest.raises(CheckpointError, match="'base' is not what a run saves there"):
        check_base(base, "here")


def test_a_base_of_which_all_learns_is_refused():
    model = torch.nn.Sequential(torch.nn.Linear(2, 2))
    with pytest.raises(CheckpointError, match=r"nothing of .* stays as it is"):
        base_of(model, "x.pt", model.state_dict(), ["0"])


def test_init_is_needed_and_something_that_learns(home, tmp_path, capsys):
    assert asr_train.main(ctc_args(home, tmp_path / "exp", "--save_base", "false")) == 1
    assert "the model of init, which is missing" in capsys.readouterr().err
    rests = ["--trainable", "context", "--objective_conf", "{freeze_steps: 2}"]
    assert asr_train.main(ctc_args(home, tmp_path / "exp", *rests)) == 1
    assert "nothing learns in the first update" in capsys.readouterr().err
