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
    assert row.split("|")[-5:-1] == ["50.0", "25.0", "37.5", "2 of 2"]
    for name in ("languages", "confusions"):
        picture = exp / "m" / "images" / f"decode_greedy_per_{name}.png"
        assert picture.read_bytes()[:4] == b"\x89PNG"


def put(exp: Path, experiment: str, lang: str, wrong: int) -> None:
    """A scored set of ten phones, of which some are wrong."""
    folder = exp / experiment / "decode_greedy" / f"{lang}_test"
    folder.mkdir(parents=True)
    for name, end in (("ref", "a " * wrong), ("hyp", "b " * wrong)):
        (folder / name).write_text(f"{lang}-1 {'a ' * (10 - wrong)}{end}\n")
    argv = ["--unit", "per", "--ref", str(folder / "ref"), "--hyp", str(folder / "hyp")]
    assert score.main([*argv, "--lang", lang, "--out", str(folder / "score_per")]) == 0


def rows_of(text: str, *first: str) -> list[list[str]]:
    cells = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
    return [row for row in cells if row[: len(first)] == list(first)]


def test_models_of_one_language_each_are_one_system(tmp_path: Path) -> None:
    exp, out = tmp_path / "exp", tmp_path / "RESULTS.md"
    for lang, mono, ten, all_ten in (("it", 4, 2, 1), ("es", 8, 2, 1), ("sv", 6, 5, None)):
        put(exp, f"asr_{lang}_xlsr_mono", lang, mono)
        if lang != "es":
            put(exp, f"asr_{lang}_xlsr_10", lang, ten)
        if all_ten is not None:
            put(exp, "asr_all_it_es_xlsr_10", lang, all_ten)
    assert results.main(["--exp", str(exp), "--out", str(out)]) == 0
    text = out.read_text()
    by_language = rows_of(text, "asr_*_xlsr_mono", "decode_greedy", "all", "PER")
    assert by_language == [
        ["asr_*_xlsr_mono", "decode_greedy", "all", "PER", "80.0", "40.0", "60.0", "60.0", "3 of 3"]
    ]
    (row,) = rows_of(text, "asr_*_xlsr_10")
    assert row[4:] == ["-", "20.0", "50.0", "35.0", "2 of 3, no es"]
    (row,) = rows_of(text, "asr_all_it_es_xlsr_10", "decode_greedy", "all")
    assert row[4:] == ["10.0", "10.0", "-", "10.0", "2 of 3, no sv"]
    assert (exp / "asr_all_it_es_xlsr_10/images").is_dir() and not list(exp.glob("*[*]*"))

    compared = ["--exp", str(exp), "--out", str(out), "--baseline", "xlsr_mono"]
    assert results.main(compared) == 0
    gains = out.read_text().split("Against `xlsr_mono`")[1].split("## ")[0]
    (row,) = rows_of(gains, "asr_*_xlsr_10")
    assert row[4:] == ["it sv", "35.0", "50.0", "30.0"]
    (row,) = rows_of(gains, "asr_all_it_es_xlsr_10")
    assert row[4:] == ["es it", "10.0", "60.0", "83.3"]
    assert results.main([*compared, "--langs", "it"]) == 0
    (row,) = rows_of(out.read_text(), "asr_*_xlsr_10", "decode_greedy", "all", "PER", "20.0")
    assert row[4:] == ["20.0", "20.0", "1 of 1"]


def test_a_baseline_that_is_not_there(
    exp: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "RESULTS.md"
    assert results.main(["--exp", str(exp), "--out", str(out), "--baseline", "x"]) == 1
    told = capsys.readouterr().err
    assert "no system 'x' with several languages to compare; there are: m" in told
    assert not out.exists()


def test_one_language_is_not_pooled(exp: Path, tmp_path: Path) -> None:
    for path in (exp / "m" / "decode_greedy" / "fr_test").rglob("score.json"):
        assert json.loads(path.read_text())["micro"] == 50.0
        path.unlink()
    assert results.main(["--exp", str(exp), "--out", str(tmp_path / "RESULTS.md")]) == 0
    assert "|all|" not in (tmp_path / "RESULTS.md").read_text()
    assert not (exp / "m" / "images").exists()
