"""Muon on hidden matrices and AdamW on the rest: one optimizer to the loop and to checkpoints."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
from tones import ctc_args, write_dump, write_tokens
from torch import nn

from asrkit.bin import asr_train
from asrkit.train import checkpoint
from asrkit.train.muon import muon


class Model(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.front = nn.Linear(4, 6)
        self.layers = nn.ModuleList([nn.Linear(6, 8), nn.Linear(8, 6)])

    def step(self, optimizer: torch.optim.Optimizer, seed: int) -> None:
        torch.manual_seed(seed)
        for p in self.parameters():
            p.grad = torch.randn_like(p)
        optimizer.step()


HIDDEN = r"^layers\.\d+\."


def test_each_parameter_has_the_update_of_its_own_optimizer() -> None:
    model, alone = Model(), Model()
    ours = muon(model.named_parameters(), lr=0.01, hidden=HIDDEN, weight_decay=0.1, eps=1e-6)
    matrices = [layer.weight for layer in alone.layers]
    rest = [p for p in alone.parameters() if all(p is not m for m in matrices)]
    theirs = [
        torch.optim.Muon(matrices, lr=0.01, weight_decay=0.1, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(rest, lr=0.01, betas=(0.9, 0.98), eps=1e-6, weight_decay=0.1, fused=True),
    ]
    for seed in range(3):
        model.step(ours, seed)
        alone.step(theirs[0], seed)
        theirs[1].step()
    for one, other in zip(model.parameters(), alone.parameters(), strict=True):
        assert torch.equal(one, other)


def test_an_update_is_orthogonal() -> None:
    """All directions of the matrix move alike: what Muon is."""
    model = Model()
    before = model.layers[0].weight.detach().clone()
    model.step(muon(model.named_parameters(), lr=0.01, hidden=HIDDEN, weight_decay=0.0), 1)
    scale = torch.linalg.svdvals(model.layers[0].weight.detach() - before)
    assert scale.max() < 2 * scale.min()
    assert torch.linalg.svdvals(model.front.weight.grad).max() > 2 * scale.max() / scale.min()


def test_state_is_saved_and_read() -> None:
    model = Model()
    optimizer = muon(model.named_parameters(), lr=0.01, hidden=HIDDEN)
    model.step(optimizer, 0)
    other = copy.deepcopy(model)
    again = muon(other.named_parameters(), lr=0.5, hidden=HIDDEN)
    again.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    for one, made in ((model, optimizer), (other, again)):
        for group in made.param_groups:
            group["lr"] = 0.02
        one.step(made, 1)
    for mine, theirs in zip(model.parameters(), other.parameters(), strict=True):
        assert torch.equal(mine, theirs)


def test_refusals(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="fits no name of a matrix"):
        muon(Model().named_parameters(), lr=0.1, hidden="bias")
    monkeypatch.delattr(torch.optim, "Muon")
    with pytest.raises(ValueError, match="it came with"):
        muon(Model().named_parameters(), lr=0.1, hidden=HIDDEN)


def test_a_resumed_run_is_an_uninterrupted_one(tmp_path: Path) -> None:
    write_dump(tmp_path / "train", 6)
    write_dump(tmp_path / "valid", 2, seed=1)
    write_tokens(tmp_path / "tokens.txt")
    weights = {}
    for name, parts in {"whole": [4], "parts": [2, 4]}.items():
        for updates in parts:
            argv = ctc_args(tmp_path, tmp_path / name, "--max_update", str(updates))
            argv += ["--optimizer", "muon", "--optimizer_conf", "{lr: 0.01}", "--resume", "true"]
            argv += ["--schedule", "constant", "--schedule_conf", "{}", "--save_interval", "1"]
            assert asr_train.main(argv) == 0
        weights[name] = checkpoint.load(tmp_path / name / "last.pt")["model"]
    for key, value in weights["whole"].items():
        assert torch.equal(value, weights["parts"][key]), key
