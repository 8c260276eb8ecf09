"""Confidence fitted to a model."""

from __future__ import annotations

import json
import random

import numpy as np
import pytest
import soundfile
from random_model import LOGMEL, save_random

from asrkit.bin import calibrate
from asrkit.decode.hypothesis import Evidence
from asrkit.infer import Speech2Text


@pytest.fixture
def model(tmp_path):
    (tmp_path / "ngram" / "it").mkdir(parents=True)
    (tmp_path / "ngram" / "it" / "lexicon.txt").write_text("ab\ta b\n")
    return save_random(tmp_path / "exp", "logmel", LOGMEL, {})


@pytest.fixture
def data(tmp_path):
    """200 utterances of "ab ab"."""
    folder = tmp_path / "data"
    folder.mkdir()
    soundfile.write(folder / "x.flac", np.zeros(8000), 16_000)
    names = [f"u{number:03}" for number in range(200)]
    (folder / "wav.scp").write_text("".join(f"{name} {folder}/x.flac\n" for name in names))
    (folder / "text").write_text("".join(f"{name} ab ab\n" for name in names))
    return folder


def test_calibration_of_a_valid_set(model, data, monkeypatch, capsys):
    """Three of four words are right, and evidence tells which, but for one in ten."""
    generator = random.Random(0)

    def evidence(_, recordings, plan):
        assert plan.lang == "it"
        for name, _given in recordings:
            words = []
            for _ in range(2):
                right = generator.random() < 0.75
                sure = right != (generator.random() < 0.1)
                words.append(("ab" if right else "xx", Evidence(2.0 if sure else -2.0, 0.0, 0.0)))
            yield name, words

    monkeypatch.setattr(calibrate, "evidence", evidence)
    argv = ["--model", str(model), "--lang", "it", "--data_dir", str(data)]
    assert calibrate.main([*argv, "--fit", "false"]) == 0
    assert "now: AUC 0.8" in capsys.readouterr().out
    assert not (model / "confidence.json").exists()
    (data / "text").write_text("".join((data / "text").read_text().splitlines(True)[1:]))
    assert calibrate.main(argv) == 1
    assert "text: has no line for 1 utterances of wav.scp, first 'u000'" in capsys.readouterr().err
    (data / "text").write_text("u000 ab ab\n" + (data / "text").read_text())
    assert calibrate.main(argv) == 0
    said = capsys.readouterr().out
    assert said.startswith("400 words, ") and "\nfitted: AUC 0.8" in said
    assert set(json.loads((model / "confidence.json").read_text())) == {
        "bias", "agreement", "gap", "length"
    }  # fmt: skip
    fitted = Speech2Text(model).calibration
    assert fitted(Evidence(2.0, 0.0, 0.0)) == pytest.approx(0.96, abs=0.03)
    assert fitted(Evidence(-2.0, 0.0, 0.0)) == pytest.approx(0.25, abs=0.08)


def test_refusals(model, data, capsys):
    argv = ["--model", str(model), "--data_dir", str(data), "--lang"]
    assert calibrate.main([*argv, "it", "fr"]) == 1
    assert "as many languages as --data_dir folders" in capsys.readouterr().err
    assert calibrate.main([*argv, "xx"]) == 1
    assert "--lang xx: no lexicon" in capsys.readouterr().err
    assert calibrate.main([*argv, "it"]) == 1  # of silence there is no word
    assert "0 right words and 0 wrong ones: a calibration needs 20" in capsys.readouterr().err
    assert not (model / "confidence.json").exists()
