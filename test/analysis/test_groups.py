"""bin/language_groups: groups of languages over systems, from scores to table and picture."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from asrkit.analysis.groups import grouped
from asrkit.bin import language_groups, score
from asrkit.files import DataError


def put(exp: Path, experiment: str, lang: str, wrong: int) -> None:
    """A scored set of ten phones, of which some are wrong."""
    folder = exp / experiment / "decode_greedy" / f"{lang}_test"
    folder.mkdir(parents=True)
    for name, end in (("ref", "a "), ("hyp", "b ")):
        (folder / name).write_text(f"{lang}-1 {'a ' * (10 - wrong)}{end * wrong}\n")
    argv = ["--unit", "per", "--ref", str(folder / "ref"), "--hyp", str(folder / "hyp")]
    assert score.main([*argv, "--lang", lang, "--out", str(folder / "score_per")]) == 0


@pytest.fixture(scope="module")
def exp(tmp_path_factory: pytest.TempPathFactory) -> Path:
    exp = tmp_path_factory.mktemp("groups") / "exp"
    for lang, mono, ten in (("es", 1, 2), ("fr", 1, 3), ("sv", 8, 4), ("tr", 6, 2)):
        put(exp, f"asr_{lang}_xlsr_mono", lang, mono)
        put(exp, f"asr_{lang}_xlsr_10", lang, ten)
    put(exp, "asr_tt_xlsr_10", "tt", 5)
    return exp


def test_transfer_and_interference(
    exp: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["--exp", str(exp), "--systems", "mono=xlsr_mono", "asr_*_xlsr_10"]
    argv += ["--groups", "high=es,fr", "low=sv,tr,tt", "--out_dir", str(tmp_path / "x")]
    assert language_groups.main(argv) == 0
    shown = capsys.readouterr()
    assert "not every system has them: tt" in shown.err
    assert shown.out == (tmp_path / "x/groups.md").read_text()
    rows = [line[1:-1].split("|") for line in shown.out.splitlines()]
    assert rows[0] == ["", "mono", "asr_*_xlsr_10"]
    assert rows[2] == ["high: average", "10.0", "25.0"]  # interference
    assert rows[5] == ["low: average", "70.0", "30.0"]  # transfer
    found = json.loads((tmp_path / "x/groups.json").read_text())
    assert found["rates"]["low"] == {"sv": [80.0, 40.0], "tr": [60.0, 20.0]}
    assert (tmp_path / "x/groups.png").read_bytes()[:4] == b"\x89PNG"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--systems", "xlsr_9"], "no system 'xlsr_9' with several languages"),
        (["--groups", "low"], "'low' is not NAME=VALUE"),
        (["--groups", "a=tt"], "group a: no language of tt has all systems"),
        (["--unit", "wer"], "has 0 kinds of sets of several languages in decode_greedy wer"),
    ],
)
def test_what_is_not_there(
    exp: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str], said: str
) -> None:
    argv = ["--exp", str(exp), "--systems", "xlsr_mono", "xlsr_10", "--groups", "high=es,fr"]
    assert language_groups.main([*argv, "--out_dir", str(tmp_path / "x"), *more]) == 1
    assert said in capsys.readouterr().err
    assert not (tmp_path / "x").exists()


def test_averages_are_over_the_same_languages() -> None:
    found, missing = grouped({"a": {"x": 1.0, "y": 2.0}, "b": {"x": 3.0}}, {"g": ["x", "y"]})
    assert found == {"g": {"x": [1.0, 3.0]}} and missing == ["y"]
    with pytest.raises(DataError, match="group g"):
        grouped({"a": {"x": 1.0}}, {"g": ["z"]})
