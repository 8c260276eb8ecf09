"""Label priors of a model: the mean of what it writes for its training audio."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from random_model import LOGMEL, save_random

from asrkit.bin import asr_infer, calibrate, label_prior
from asrkit.infer import Speech2Text


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return save_random(tmp_path / "exp", "logmel", LOGMEL, {})


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Three seconds of noise, each its own utterance."""
    folder = tmp_path / "data"
    folder.mkdir()
    draw = np.random.default_rng(0)
    for name in "xyz":
        soundfile.write(folder / f"{name}.flac", draw.uniform(-0.5, 0.5, 16_000), 16_000)
    (folder / "wav.scp").write_text("".join(f"{name} {folder}/{name}.flac\n" for name in "xyz"))
    return folder


def frames_of(model: Path) -> int:
    return int(json.loads((model / "label_prior.json").read_text())["frames"])


def test_priors_of_a_folder(
    model: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert label_prior.main(["--model", str(model), "--data_dir", str(data)]) == 0
    waves = [soundfile.read(data / f"{name}.flac", dtype="float32")[0] for name in "xyz"]
    rows = torch.cat(Speech2Text(model).log_probs(waves))
    found = json.loads((model / "label_prior.json").read_text())
    assert found["frames"] == len(rows)
    shares = torch.tensor(list(found["shares"].values()))
    torch.testing.assert_close(shares, rows.exp().mean(0), atol=1e-5, rtol=1e-4)
    assert f"label_prior.json: {len(rows)} frames, " in capsys.readouterr().out
    lexicon = tmp_path / "lexicon.txt"
    lexicon.write_text("ab\ta b\n")
    search = ["--decode", "lexicon", "--lexicon", str(lexicon), "--prior_weight"]
    assert asr_infer.main(["--model", str(model), *search, "0.5", str(data / "x.flac")]) == 0
    # transcripts that are there are left only if they are of the same priors
    written = [*search, "0.5", "--format", "json", "--output_dir", str(tmp_path / "out")]
    for _ in range(2):
        assert asr_infer.main(["--model", str(model), *written, str(data / "x.flac")]) == 0
    written[len(search)] = "0.25"
    assert asr_infer.main(["--model", str(model), *written, str(data / "x.flac")]) == 1
    assert "of another model or other options" in capsys.readouterr().err


def test_a_pack_is_not_changed(
    tmp_path: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "model.zip").touch()
    options = ["--model", str(tmp_path / "model.zip"), "--data_dir", str(data)]
    assert label_prior.main(options) == 1
    assert calibrate.main([*options, "--lang", "it"]) == 1
    first, second = capsys.readouterr().err.splitlines()
    for line, name in ((first, "label_prior.json"), (second, "confidence.json")):
        assert f"model.zip: {name} goes into the model's folder" in line


def test_no_more_than_asked_for(model: Path, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = ["--model", str(model), "--data_dir", str(data), "--max_minutes", "2"]
    assert label_prior.main(options) == 0
    everything = frames_of(model)
    monkeypatch.setattr(label_prior, "RATE", 16_000 // 60)  # a minute of it is a second
    assert label_prior.main(options) == 0
    assert 3 * frames_of(model) == 2 * everything


def test_an_empty_folder(model: Path, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (data / "wav.scp").write_text("")
    assert label_prior.main(["--model", str(model), "--data_dir", str(data)]) == 1
    assert "wav.scp: holds no utterance" in capsys.readouterr().err
    assert not (model / "label_prior.json").exists()
