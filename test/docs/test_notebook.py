"""The notebook, cell after cell, on the toy language of tones in place of the demo."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import tones

from asrkit.bin.asr_train import main as train

NOTEBOOK = Path(__file__).resolve().parents[2] / "docs/notebooks/first_steps.ipynb"
CONFIG = f"""
objective: ctc
objective_conf: {{mask_prob: 0.0, channel_mask_prob: 0.0}}
encoder: logmel
encoder_conf: {tones.TINY_ENCODER}
optimizer_conf: {{lr: 0.01}}
schedule_conf: {{warmup: 0.1}}
batch_bins: 200000
num_workers: 0
valid_interval: 20
"""


def cells() -> list[str]:
    content = json.loads(NOTEBOOK.read_text("utf-8"))
    return ["".join(cell["source"]) for cell in content["cells"] if cell["cell_type"] == "code"]


def test_no_output_is_stored() -> None:
    content = json.loads(NOTEBOOK.read_text("utf-8"))
    code = [cell for cell in content["cells"] if cell["cell_type"] == "code"]
    assert code and all(not cell["outputs"] and not cell["execution_count"] for cell in code)
    assert len({cell["id"] for cell in content["cells"]}) == len(content["cells"])


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_all_cells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tones.corpus(tmp_path)
    for name, updates in (("model", "60"), ("pretrained", "2")):
        args = tones.ctc_args(tmp_path, tmp_path / name, "--max_update", updates)
        assert train([*args, "--valid_interval", "20"]) == 0
    (tmp_path / "few.yaml").write_text(CONFIG)
    settings, *others = cells()
    monkeypatch.chdir(NOTEBOOK.parent)
    monkeypatch.setattr("sys.argv", ["notebook"])
    space: dict[str, Any] = {}
    exec(compile(settings, "settings", "exec"), space)
    assert space["CLIP"].is_file() and space["CONFIG"].is_file()
    changes = {
        "CLIP": next((tmp_path / "valid/audio").iterdir()), "MODEL": tmp_path / "model",
        "PRETRAINED": tmp_path / "pretrained/last.pt", "CONFIG": tmp_path / "few.yaml",
        "TRAIN": tmp_path / "train", "VALID": tmp_path / "valid", "WORK": tmp_path / "work",
        "MINUTES": 1, "UPDATES": 60,
    }  # fmt: skip
    assert set(changes) <= set(space)
    space |= changes
    capsys.readouterr()
    for number, cell in enumerate(others * 2):
        exec(compile(cell, f"cell {number}", "exec"), space)
    printed = capsys.readouterr().out
    reference = dict(
        line.split(" ", 1) for line in (tmp_path / "valid/text.phn").read_text().splitlines()
    )[changes["CLIP"].stem]
    assert f" s: {reference}\n" in printed
    assert space["per"] < 20
