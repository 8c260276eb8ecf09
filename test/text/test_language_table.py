"""docs/languages.md and the stored verdicts are what asking the voices gives."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from asrkit.bin.languages import main
from asrkit.text.language_table import answers, note, row, row_without_voice, verdicts
from asrkit.text.languages import languages

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/languages.md"
VERDICTS = ROOT / "asrkit/text/data/verdicts.json"


@pytest.mark.parametrize("code", ["as", "de", "it", "ky", "sw", "th", "vi"])
def test_a_language_is_on_the_page_as_it_is(code: str) -> None:
    language = languages()[code]
    found = answers([language])
    answer = found[code]
    assert answer is not None
    page = PAGE.read_text("utf-8")
    assert row(language, answer) in page and note(language, answer) in page
    stored = json.loads(VERDICTS.read_text("utf-8"))["verdicts"]
    assert tuple(stored[code]) == verdicts(found)[code]


def test_every_language_has_one_row() -> None:
    lines = PAGE.read_text("utf-8").splitlines()
    codes = [line.split(" | ")[0][2:] for line in lines if line.startswith("| ")]
    assert sorted(code for code in codes if code != "") == sorted(languages())


def test_languages_without_a_voice(capsys: pytest.CaptureFixture[str]) -> None:
    assert row_without_voice(languages()["zu"]).endswith(
        "| Zulu | cv fleurs babel | epitran zul-Latn |\n"
    )
    assert row_without_voice(languages()["km"]).endswith("| epitran khm-Khmr, uroman |\n")
    assert main(["--lang", "zu", "sv-SE"]) == 0
    page = capsys.readouterr().out
    assert "| zu | Zulu |" in page and "| sv | Swedish |" in page and "Italian" not in page


def test_faults_of_the_command(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["--lang", "tlh"]) == 1
    assert "no corpus of the table has a language 'tlh'" in capsys.readouterr().err
    verdicts = tmp_path / "v.json"
    assert main(["--lang", "it", "--verdicts", str(verdicts)]) == 1
    assert "--verdicts has no use" in capsys.readouterr().err and not verdicts.exists()


@pytest.mark.slow
def test_the_whole_page_and_all_verdicts(tmp_path: Path) -> None:
    page, verdicts = tmp_path / "page.md", tmp_path / "verdicts.json"
    assert main(["--out", str(page), "--verdicts", str(verdicts)]) == 0
    assert page.read_text("utf-8") == PAGE.read_text("utf-8")
    assert verdicts.read_text("utf-8") == VERDICTS.read_text("utf-8")
