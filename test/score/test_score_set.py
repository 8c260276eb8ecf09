import json
from pathlib import Path

import numpy as np
import pytest

from asrkit.bin import score
from asrkit.files import DataError
from asrkit.score import report
from asrkit.score.plots import confusion_shares
from asrkit.score.report import width


def _write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def _run(folder: Path, unit: str, *options: str) -> int:
    names = ["--ref", str(folder / "ref"), "--hyp", str(folder / "hyp"), "--unit", unit]
    return score.main([*names, "--out", str(folder / "it_test" / f"score_{unit}"), *options])


def _result(folder: Path, unit: str) -> dict:
    return json.loads((folder / "it_test" / f"score_{unit}" / "score.json").read_text("utf-8"))


def test_every_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = _write(
        tmp_path,
        ref="a tʃ a o\nb s i\n",
        hyp="a tʃ o\nb s i a\n",
        langs="a it\nb es\n",
        speakers="a anna\nb bea\n",
        config="seed: 7\n",
    )
    options = ["--langs", str(folder / "langs"), "--speakers", str(folder / "speakers")]
    options += ["--config", str(folder / "config"), "--command", "asr_infer | tee x"]
    assert _run(folder, "per", *options) == 0
    result = _result(folder, "per")
    assert result["micro"] == 40.0 and result["set"] == "it_test" and result["seed"] == 7
    assert result["languages"]["it"]["deletions"] == 1 and result["command"] == "asr_infer | tee x"
    assert result["policy"] == "phones, word separator not counted"
    assert result["environment"]["asrkit"] and result["date"].endswith("Z")
    out = folder / "it_test" / "score_per"
    assert (out / "ref.trn").read_text("utf-8") == "tʃ a o\t(anna-a)\ns i\t(bea-b)\n"
    assert (out / "hyp.trn").read_text("utf-8") == "tʃ o\t(anna-a)\ns i a\t(bea-b)\n"
    lines = (out / "alignment.txt").read_text("utf-8").split("\n")
    assert lines[:5] == [
        "id: (a) [it]",
        "Scores: (#C #S #D #I) 2 0 1 0",
        "REF:  tʃ a o",
        "HYP:  tʃ * o",
        "Eval:    D",
    ]
    table = (out / "result.txt").read_text("utf-8")
    row = ["Sum/Avg", "2", "5", "80.0", "0.0", "20.0", "20.0", "40.0", "100.0"]
    assert row in [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.split("\n")]
    assert json.loads((out / "confusions.json").read_text("utf-8"))["a"] == {"<del>": 1}
    for name in ("confusions.png", "languages.png"):
        assert (out / name).read_bytes().startswith(b"\x89PNG")
    assert "PER 40.00 %" in capsys.readouterr().out
    assert not [path for path in out.iterdir() if path.name.endswith(".tmp")]


@pytest.mark.parametrize(("given", "seed"), [([], 7), (["--seed", "0"], 0), (["--seed", "3"], 3)])
def test_the_given_seed_stands_before_the_configurations(
    tmp_path: Path, given: list[str], seed: int
) -> None:
    folder = _write(tmp_path, ref="a x\n", hyp="a x\n", config="seed: 7\n")
    assert _run(folder, "per", "--config", str(folder / "config"), *given) == 0
    assert _result(folder, "per")["seed"] == seed


def test_spelling_is_that_of_each_language(tmp_path: Path) -> None:
    folder = _write(tmp_path, ref="a IŞIK\nb IT\n", hyp="a ışık\nb it\n", langs="a tr\nb en\n")
    options = ["--normalize", "true", "--langs", str(folder / "langs")]
    assert _run(folder, "wer", *options) == 0
    assert _result(folder, "wer")["micro"] == 0.0
    assert _run(folder, "wer") == 0
    assert _result(folder, "wer")["micro"] == 100.0


def test_separator_policies_side_by_side(tmp_path: Path) -> None:
    folder = _write(tmp_path, ref="a x y <space> z\n", hyp="a x y z\n")
    assert _run(folder, "per") == 0
    result = _result(folder, "per")
    assert (result["micro"], result["tokens"]) == (0.0, 3)
    assert (result["other_separator"]["micro"], result["other_separator"]["tokens"]) == (25.0, 4)
    assert _run(folder, "per", "--separator", "keep") == 0
    assert _result(folder, "per")["micro"] == 25.0


def test_characters_with_and_without_space(tmp_path: Path) -> None:
    folder = _write(tmp_path, ref="a il re\n", hyp="a ilre\n")
    assert _run(folder, "cer") == 0
    result = _result(folder, "cer")
    assert result["micro"] == 20.0 and result["other_separator"]["micro"] == 0.0


def test_words_of_character_tokens(tmp_path: Path) -> None:
    folder = _write(tmp_path, ref="a Il Re, è qui!\n", hyp="a i l <space> r e <space> q u i\n")
    options = ["--hyp_type", "char", "--normalize", "true", "--lang", "it"]
    assert _run(folder, "wer", *options) == 0
    result = _result(folder, "wer")
    assert (result["tokens"], result["deletions"], result["micro"]) == (4, 1, 25.0)


def test_missing_hypotheses_are_warned_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = _write(tmp_path, ref="a x\nb y z\n", hyp="a x\n")
    assert _run(folder, "wer") == 0
    assert "1 of 2 references have no hypothesis" in capsys.readouterr().err
    text = (folder / "it_test" / "score_wer" / "alignment.txt").read_text("utf-8")
    assert "id: (b) (no hypothesis)" in text


@pytest.mark.parametrize(
    ("files", "options", "said"),
    [
        ({"hyp": "a x\nc y\n"}, [], "1 hypotheses have no reference (c"),
        ({"hyp": "a x\na y\n"}, [], "hyp:2: duplicate key 'a'"),
        ({"hyp": "c y\n"}, [], "hyp against "),
        ({"ref": ""}, [], "hypotheses have no reference"),
        ({"ref": "", "hyp": ""}, [], "nothing to score"),
        ({"langs": "b it\n"}, ["--langs", "langs"], "have no language"),
        ({}, ["--normalize", "true"], "give --langs"),
        ({}, ["--unit", "per", "--normalize", "true", "--lang", "it"], "not for per"),
        ({}, ["--langs", "nowhere"], "cannot be read"),
        ({"config": "seed: [\n"}, ["--config", "config"], "cannot be read as a configuration"),
    ],
)
def test_bad_input_writes_nothing(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    files: dict[str, str],
    options: list[str],
    said: str,
) -> None:
    folder = _write(tmp_path, **{"ref": "a x\n", "hyp": "a x\n", **files})
    monkeypatch.chdir(folder)
    assert _run(folder, "wer", *options) == 1
    message = capsys.readouterr().err
    assert message.startswith("error: ") and said in message
    assert not (folder / "it_test").exists()


def test_confusion_shares_sum_to_one() -> None:
    table = {"a": {"a": 6, "b": 1, "q": 1}, "b": {"b": 1, "<del>": 1}, "<ins>": {"a": 9}}
    table["q"] = {"a": 1}
    rows, columns, shares = confusion_shares(table, 2)
    assert rows == ["a", "b"] and columns == ["a", "b", "other", "<del>"]
    np.testing.assert_allclose(shares, [[0.75, 0.125, 0.125, 0], [0, 0.5, 0, 0.5]])


def test_widths() -> None:
    assert [width(text) for text in ("tʃ", "ɔ̃", "中", "")] == [2, 1, 2, 0]


def test_marks_do_not_count_unless_asked_and_both_rates_are_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = _write(tmp_path, ref="a <hes> I know\n", hyp="a i <hes> now\n", langs="a en\n")
    options = ["--langs", str(folder / "langs"), "--normalize", "true", "--label", "tags: xlsr"]
    assert _run(folder, "wer", *options) == 0
    result = _result(folder, "wer")
    assert (result["micro"], result["tokens"]) == (50.0, 2)
    assert result["policy"] == (
        "words by white space; symbols such as <hes> not counted; tags: xlsr"
    )
    assert result["label"] == "tags: xlsr"
    other = result["other_marks"]
    assert (other["micro"], other["tokens"]) == (100.0, 3)
    assert "symbols such as <hes> counted" in other["policy"]
    out = capsys.readouterr().out
    assert "WER 50.00 %" in out and "WER 100.00 %" in out and out.count("tags: xlsr") == 2
    assert _run(folder, "cer", *options, "--nlsyms", "keep") == 0
    result = _result(folder, "cer")
    assert result["tokens"] == 8  # <hes>, i, know, and a separator between each two
    assert result["other_marks"]["tokens"] == 6
    assert capsys.readouterr().err == ""
    assert _run(folder, "wer", "--marks", "keep") == 0  # its name before
    assert capsys.readouterr().err == "warning: --marks is deprecated; write --nlsyms\n"
    assert _result(folder, "wer")["micro"] == 100.0


def test_texts_without_marks_say_nothing_about_them(tmp_path: Path) -> None:
    folder = _write(tmp_path, ref="a know <x>\n", hyp="a know\n")
    assert _run(folder, "wer") == 0
    result = _result(folder, "wer")
    assert result["policy"] == "words by white space"
    assert result["other_marks"] is None and result["label"] is None


def test_unknown_words_stand_beside_the_rate_and_count_as_errors(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = _write(
        tmp_path, ref="a la casa nuova\nb casa\n", hyp="a la casa <unk>\nb casa\n",
        words="<blank>\n<unk>\nla\ncasa\n",
    )  # fmt: skip
    assert _run(folder, "wer", "--vocabulary", str(folder / "words")) == 0
    result = _result(folder, "wer")
    assert result["micro"] == result["oov_rate"] == 25.0
    assert "OOV 25.00 %" in capsys.readouterr().out
    assert _run(folder, "per", "--vocabulary", str(folder / "words")) == 1
    assert "vocabulary is a list of words" in capsys.readouterr().err


@pytest.mark.parametrize(("policy", "tokens", "rate"), [("split", 3, 0.0), ("keep", 1, 300.0)])
def test_hyphens_by_the_policy(tmp_path: Path, policy: str, tokens: int, rate: float) -> None:
    folder = _write(tmp_path, ref="a Parle-t-on ?\n", hyp="a parle t on\n")
    assert _run(folder, "wer", "--normalize", "true", "--lang", "fr", "--hyphens", policy) == 0
    assert (_result(folder, "wer")["tokens"], _result(folder, "wer")["micro"]) == (tokens, rate)


@pytest.mark.parametrize(
    ("hyp", "told"),
    [("a CIAO A TUTTI\nb Sì\n", "4 of 4 errors are capitals"), ("a ciao\nb sì\n", "")],
)
def test_capitals_hint_at_normalize(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], hyp: str, told: str
) -> None:
    folder = _write(tmp_path, ref="a ciao a tutti\nb sì\n", hyp=hyp)
    assert _run(folder, "wer") == 0
    err = capsys.readouterr().err
    assert (told in err and "--normalize true" in err) if told else "capitals" not in err
    assert _run(folder, "wer", "--normalize", "true", "--lang", "it") == 0
    assert "capitals" not in capsys.readouterr().err
    assert _result(folder, "wer")["errors_of_case"] is None


def test_nothing_of_an_earlier_score_is_taken_for_this_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """score.json marks a folder as complete: not one whose other files are of another call."""
    folder = _write(tmp_path, ref="a ciao\n", hyp="a cia\n", langs="a it\n")
    out = ["--out", str(folder / "s")]
    assert _run(folder, "cer", *out, "--langs", str(folder / "langs")) == 0
    assert (folder / "s" / "languages.png").exists()
    assert _run(folder, "wer", *out) == 0
    assert not list((folder / "s").glob("*.png"))

    def full(*_: object) -> None:
        raise DataError("no space left")

    monkeypatch.setattr(report, "write_trn", full)
    assert _run(folder, "wer", *out) == 1
    assert not (folder / "s" / "score.json").exists()
