import json
from pathlib import Path

import pytest

from asrkit.bin import score


def _score(folder: Path, unit: str, ref: str, hyp: str, *options: str) -> dict:
    (folder / "ref").write_text(ref, encoding="utf-8")
    (folder / "hyp").write_text(hyp, encoding="utf-8")
    names = ["--ref", str(folder / "ref"), "--hyp", str(folder / "hyp"), "--unit", unit]
    assert score.main([*names, "--out", str(folder / "s"), *options]) == 0
    return json.loads((folder / "s" / "score.json").read_text("utf-8"))


def test_differences_of_encoding_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ref, hyp = "a și țară\nb un câine mare\n", "a şi țară\nb un caine mare\n"
    result = _score(tmp_path, "wer", ref, hyp)
    assert result["micro"] == 40.0  # they stay errors
    found = {"substitutions": 1, "utterances": 1, "pairs": [["și", "şi", 1]]}
    assert result["encoding_differences"] == found
    said = capsys.readouterr().err
    assert "1 of 2 substitutions are of tokens that look alike (și U+0219 for şi U+015F: 1)" in said
    assert "1 utterances differ in nothing but" in said and "--normalize true may help" in said
    result = _score(tmp_path, "wer", ref, hyp, "--normalize", "true", "--lang", "ro")
    assert result["micro"] == 20.0 and result["encoding_differences"] is None
    assert capsys.readouterr().err == ""


def test_one_letter_of_two_code_points(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = _score(tmp_path, "cer", "a caf\u00e9 a\n", "a cafe\u0301 a\n")
    assert result["encoding_differences"]["utterances"] == 1
    assert "1 utterances differ in nothing but the encoding" in capsys.readouterr().err


def test_phones_of_two_alphabets(tmp_path: Path) -> None:
    result = _score(tmp_path, "per", "a ɡ a ts\n", "a g a ʦ\n")
    assert result["encoding_differences"]["pairs"] == [["ts", "ʦ", 1], ["ɡ", "g", 1]]


def test_other_errors_say_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _score(tmp_path, "wer", "a x y\nb z\n", "a x z w\n")["encoding_differences"] is None
    assert "look alike" not in capsys.readouterr().err
