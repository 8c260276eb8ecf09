"""A classifier for other programs: its encoder for transformers, and no ONNX."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from asrkit import config
from asrkit.bin import export
from asrkit.build import build_objective, resolve
from asrkit.options import Options
from asrkit.tokens import TokenList
from asrkit.train import checkpoint


@pytest.fixture
def classifier(tmp_path: Path) -> Path:
    folder = tmp_path / "language"
    folder.mkdir()
    tokens = TokenList.build(["it", "es"])
    tokens.write(folder / "tokens.txt")
    conv = [[8, 10, 5], *[[8, 3, 2]] * 4, *[[8, 2, 2]] * 2]
    options = resolve(
        Options(
            objective="classify",
            encoder_conf={
                "conv_layers": conv, "width": 16, "layers": 1, "heads": 2, "positional": [4, 2, 1]
            },
            token_list=str(folder / "tokens.txt"),
            token_file="utt2lang",
            optimizer_conf={"lr": 1e-3},
        )
    )  # fmt: skip
    torch.manual_seed(0)
    weights = build_objective(options, tokens).state_dict()
    content = {"model": weights, "config": config.to_mapping(options), "step": 0}
    checkpoint.save(folder / "best.pt", content)
    return folder


def test_transformers_gets_the_encoder_and_is_told_that_the_head_is_left_out(classifier, capsys):
    out = classifier.parent / "out"
    argv = ["--model", str(classifier), "--format", "transformers", "--out", str(out)]
    assert export.main(argv) == 0
    said = capsys.readouterr().out
    assert "Wav2Vec2Model" in said and "left out: 6 tensors (head.hidden.0.bias" in said


def test_onnx_has_no_classifiers(classifier, capsys):
    pytest.importorskip("onnx")
    out = classifier.parent / "out"
    argv = ["--model", str(classifier), "--format", "onnx", "--out", str(out)]
    assert export.main(argv) == 1
    assert "objective 'classify' cannot be decoded" in capsys.readouterr().err
    assert not out.exists()
