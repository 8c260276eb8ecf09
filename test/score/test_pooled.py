"""Test sets of one language each, scored apart, shown together."""

import json
from pathlib import Path

import pytest

from asrkit.bin import results, score


@pytest.fixture
def exp(tmp_path: Path) -> Path:
    for lang, ref, hyp in (("it", "a b c d", "a b c x"), ("fr", "a b", "a")):
        (tmp_path / f"ref_{lang}").write_text(f"{lang}-1 {ref}\n")
        (tmp_path / f"hyp_{lang}").write_text(f"{lang}-1 {hyp}\n")
        out = tmp_path / "exp" / "m" / "decode_greedy" / f"{lang}_test" / "score_per"
        argv = ["--unit", "per", "--ref", str(tmp_path / f"ref_{lang}"), "--lang", lang]
        assert score.main([*argv, "--hyp", str(tmp_path / f"hyp_{lang}"), "--out", str(out)]) == 0
    return tmp_path / "exp"


def test_average_and_pictures(
    exp: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert results.main(["--exp", str(exp), "--out", str(tmp_path / "RESULTS.md")]) == 0
    assert "37.5" in capsys.readouterr().out  # (25 + 50) / 2; all tokens together give 33.3
    row = next(r for r in (tmp_path / "RESULTS.md").read_text().splitlines() if "|all|" in r)
    assert row.split("|")[-4:-1] == ["50.0", "25.0", "37.5"]
    for name in ("languages", "confusions"):
        picture = exp / "m" / "images" / f"decode_greedy_per_{name}.png"
        assert picture.read_bytes()[:4] == b"\x89PNG"


def test_one_language_is_not_pooled(exp: Path, tmp_path: Path) -> None:
    for path in (exp / "m" / "decode_greedy" / "fr_test").rglob("score.json"):
        assert json.loads(path.read_text())["micro"] == 50.0
        path.unlink()
    assert results.main(["--exp", str(exp), "--out", str(tmp_path / "RESULTS.md")]) == 0
    assert "|all|" not in (tmp_path / "RESULTS.md").read_text()
    assert not (exp / "m" / "images").exists()
