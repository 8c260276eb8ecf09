"""Which model is meant where none is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from asrkit.model_io import ModelError, default_model


def model(folder: Path, name: str) -> Path:
    (folder / name).mkdir(parents=True)
    (folder / name / "last.pt").touch()
    return folder / name


def test_the_only_recognizer_is_meant(tmp_path: Path) -> None:
    assert default_model(tmp_path) == tmp_path / "asr_multilingual"  # which says what to do
    model(tmp_path, "pretrain_x")
    (tmp_path / "asr_begun").mkdir()
    only = model(tmp_path, "asr_mine")
    assert default_model(tmp_path) == only
    model(tmp_path, "asr_other")
    with pytest.raises(ModelError, match=r"--model: which of .*asr_mine, .*asr_other"):
        default_model(tmp_path)
    demo = model(tmp_path, "asr_multilingual")
    assert default_model(tmp_path) == demo


def test_the_best_of_several_learning_rates(tmp_path: Path) -> None:
    for rate in ("1e-4", "2e-4"):
        model(tmp_path, f"asr_mine_lr{rate}")
    (tmp_path / "asr_mine").symlink_to(tmp_path / "asr_mine_lr2e-4")
    assert default_model(tmp_path) == tmp_path / "asr_mine"
