"""What is known of each language, and that every language of the recipes' corpora is there."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from asrkit.text.languages import find_language, languages, sources

ROOT = Path(__file__).resolve().parents[2]


def _column(path: str, name: str) -> list[str]:
    with open(ROOT / "egs" / path, encoding="utf-8") as stream:
        return [row[name] for row in csv.DictReader(stream, delimiter="\t")]


@pytest.mark.parametrize(
    ("corpus", "path", "column", "count"),
    [
        ("Common Voice", "commonvoice/asr1/local/locales.tsv", "locale", 290),
        ("FLEURS", "fleurs/asr1/local/configs.tsv", "lang", 102),
        ("BABEL", "babel/asr1/local/packs.tsv", "lang", 25),
        ("MLS", "", "", 8),
    ],
)
def test_every_language_of_the_corpora(corpus: str, path: str, column: str, count: int) -> None:
    if path:
        codes = _column(path, column)
    else:
        text = (ROOT / "egs/mls/asr1/local/mls_release.py").read_text("utf-8")
        codes = re.findall(r'"(\w\w)": "', text)
    if corpus == "BABEL":  # its Chinese is Cantonese
        codes = [code.replace("zh", "yue") for code in codes]
    assert len(codes) == count
    for code in codes:
        found = find_language(code)
        assert found is not None and corpus in found.corpora, code
        assert corpus != "Common Voice" or code in found.locales


def test_what_cldr_says() -> None:
    dutch, korean = languages()["nl"], languages()["ko"]
    assert ("21", "eenentwintig") in dutch.cardinals and ("3e", "derde") in dutch.ordinals
    assert dutch.week == "week" and "vorig jaar" in dutch.phrases
    assert {"a", "ë", "ij", "z"} <= set(dutch.letters)
    assert len(korean.letters) == 11172 and korean.letters[1] == "각"
    assert languages()["zu"].epitran == ("zul-Latn",)
    assert languages()["an"].phrases == ()  # CLDR has the English of its root
    assert sources()["license"] == "Unicode-3.0"
    license_text = (ROOT / "asrkit/text/data/LICENSE-CLDR").read_text("utf-8")
    assert license_text.startswith("UNICODE LICENSE V3")


def test_codes_of_the_recipes() -> None:
    codes = ("sv-SE", "zh_TW", "zh-HK", "ku", "cmn", "tlh")
    found = [language and language.code for language in map(find_language, codes)]
    assert found == ["sv", "zh", "yue", "kmr", "zh", None]
