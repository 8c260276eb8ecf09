import json
import shutil
from pathlib import Path

import pytest

from asrkit.bin import results, score
from asrkit.score.results_file import BEGIN, END


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two experiments; one set scored in phones and words, one language-model row skipped."""
    folder = tmp_path_factory.mktemp("scored")
    ref, langs, hyp = folder / "ref", folder / "langs", folder / "hyp"
    ref.write_text("a x y\nb x\nc y y\nd x y\n", encoding="utf-8")
    langs.write_text("a it\nb it\nc fr\nd fr\n", encoding="utf-8")
    texts = {"ctc": "a x y\nb y\nc y\nd x y\n", "sub/xlsr": "a x y\nb x\nc y y\nd x\n"}
    for name, text in texts.items():
        hyp.write_text(text, encoding="utf-8")
        for unit in ("per", "wer"):
            out = folder / "exp" / name / "decode_greedy" / "test" / f"score_{unit}"
            options = ["--ref", str(ref), "--hyp", str(hyp), "--out", str(out), "--unit", unit]
            more = ["--langs", str(langs), "--seed", "3", "--command", "infer | sort"]
            assert score.main([*options, *more]) == 0
    skipped = folder / "exp" / "ctc" / "decode_lexicon_lm" / "test"
    skipped.mkdir(parents=True)
    (skipped / "skipped").write_text("make -C tools lmplz enables it\n", encoding="utf-8")
    return folder / "exp"


@pytest.fixture
def exp(scored: Path, tmp_path: Path) -> Path:
    """A copy of ``scored`` that a test may damage."""
    return Path(shutil.copytree(scored, tmp_path / "exp"))


def test_tables(exp: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "RESULTS.md"
    capsys.readouterr()
    assert results.main(["--exp", str(exp), "--out", str(out), "--show_pairs", "1"]) == 0
    text = out.read_text(encoding="utf-8")
    assert text.startswith(f"# RESULTS\n\n{BEGIN}\n") and text.rstrip().endswith(END)
    assert "|ctc|decode_greedy|test|28.6|-|28.6|3|" in text
    assert "|sub/xlsr|decode_greedy|test|14.3|-|14.3|3|" in text
    assert "|ctc|decode_lexicon_lm|test|skipped: make -C tools lmplz enables it|" in text
    assert "|ctc|decode_greedy|test|PER|25.0|33.3|29.2|" in text
    assert "|dataset|Snt|Wrd|Corr|Sub|Del|Ins|Err|S.Err|" in text
    assert "|decode_greedy/test|4|7|71.4|14.3|14.3|0.0|28.6|50.0|" in text
    assert "## Environments" in text and "### PER" in text and "### WER" in text
    assert "`infer | sort`" in text
    shown = capsys.readouterr().out
    assert "skipped: make -C tools lmplz enables it" in shown
    assert shown.count("REF: ") == shown.count("HYP: ") == 4
    assert "  b [it]\n    REF: x\n    HYP: y" in shown


def test_text_outside_the_markers_is_kept(exp: Path, tmp_path: Path) -> None:
    out = tmp_path / "RESULTS.md"
    out.write_text("# My notes\n\nBy hand.\n", encoding="utf-8")
    command = ["--exp", str(exp), "--out", str(out)]
    assert results.main(command) == 0
    first = out.read_text(encoding="utf-8")
    assert first.startswith("# My notes\n\nBy hand.\n\n" + BEGIN)
    out.write_text(first + "\nMore by hand.\n", encoding="utf-8")
    (exp / "ctc/decode_lexicon_lm/test/skipped").unlink()
    assert results.main(command) == 0
    second = out.read_text(encoding="utf-8")
    assert "skipped" not in second and second.endswith(END + "\n\nMore by hand.\n")


def test_damaged_markers(exp: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "RESULTS.md"
    out.write_text(f"{BEGIN}\nend is gone\n", encoding="utf-8")
    assert results.main(["--exp", str(exp), "--out", str(out)]) == 1
    assert "must each appear once" in capsys.readouterr().err
    assert out.read_text(encoding="utf-8") == f"{BEGIN}\nend is gone\n"


@pytest.mark.parametrize("content", ["{", "[]", '{"unit": "per"}', '{"unit": "xer", "tokens": 1}'])
def test_damaged_scores(exp: Path, content: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = exp / "ctc/decode_greedy/test/score_per/score.json"
    path.write_text(content, encoding="utf-8")
    assert results.main(["--exp", str(exp)]) == 1
    assert "score.json: not a score of asrkit" in capsys.readouterr().err


def test_nothing_to_collect(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert results.main(["--exp", str(tmp_path)]) == 1
    assert "no score.json" in capsys.readouterr().err
    assert results.main(["--exp", str(tmp_path / "none")]) == 1
    assert "no such folder" in capsys.readouterr().err


def test_scores_are_json_numbers(exp: Path) -> None:
    data = json.loads((exp / "ctc/decode_greedy/test/score_per/score.json").read_text("utf-8"))
    assert data["micro"] == pytest.approx(200 / 7) and data["seed"] == 3


def test_labels_stand_beside_the_numbers(exp: Path, tmp_path: Path) -> None:
    for path in (exp / "ctc").rglob("score.json"):
        data = json.loads(path.read_text("utf-8"))
        path.write_text(json.dumps({**data, "label": "tags: xlsr"}), "utf-8")
    assert results.main(["--exp", str(exp), "--out", str(tmp_path / "R.md")]) == 0
    text = (tmp_path / "R.md").read_text("utf-8")
    assert "|ctc|decode_greedy|test (tags: xlsr)|28.6|-|28.6|3|" in text
    assert "|ctc|decode_greedy|test (tags: xlsr)|PER|25.0|33.3|29.2|" in text
    assert "|sub/xlsr|decode_greedy|test|14.3|" in text
