"""What voices are found to do, where it was looked at by hand."""

from __future__ import annotations

import pytest

from asrkit.text.ipa import strange_symbols
from asrkit.text.languages import Language, languages
from asrkit.text.probe import Probe, probe
from asrkit.text.probe_letters import Letters, probe_letters
from asrkit.text.unread import Reading
from asrkit.text.verdict import (
    CARE,
    DO_NOT,
    SAFE,
    advice,
    stored_verdict,
    verdict_of,
    why_characters,
)


@pytest.mark.parametrize(
    ("phone", "strange"),
    [("tʃ", ""), ("ɔ̃", ""), ("a5", ""), ("ç", ""), ("ᵻ", ""), ("N", "N"), ("dZ", "Z"), ('u"', '"')],
)
def test_symbols_that_are_no_ipa(phone: str, strange: str) -> None:
    assert strange_symbols(phone) == strange


def test_thai_vowels_and_tones() -> None:
    found = probe(languages()["th"])
    assert found.tones == 5 and found.merged == [[2, 3, 4]]  # low, falling and high
    assert {"่", "้"} <= {mark for group in found.letters.alike for mark in group}
    assert found.number_errors is not None and found.number_errors > 0.75
    assert verdict_of(found).kind == DO_NOT


def test_kyrgyz_symbols_and_apostrophes() -> None:
    found = probe(languages()["ky"])
    assert {"N", "S", "dZ"} <= set(found.strange)
    assert found.marks["'"][0] == 0  # it reads one in no word as none
    verdict = verdict_of(found)
    assert verdict.kind == CARE and "no IPA: N S" in verdict.reasons


def test_welsh_letters() -> None:
    letters = probe(languages()["cy"]).letters
    assert letters.named == ["ẃ", "ẅ"] and "á" in letters.bare


def test_numbers_and_ordinals() -> None:
    german, chuvash = probe(languages()["de"]), probe(languages()["cv"])
    assert (german.ordinals, german.ordinals_read, german.ordinals_lowered) == (7, 7, 0)
    assert german.number_errors is not None and german.number_errors < 0.05
    assert verdict_of(german) == (SAFE, "")
    assert chuvash.silent_digits == "0123456789" and chuvash.number_errors is None


def test_kinds_of_faults_of_letters() -> None:
    """A voice of names: b is spoken by name, c is passed over, d is read in another language."""
    names = {"b": ["b", "i", "i"], "c": [], "d": ["d", "i"]}
    language = Language("xx", "Toy", (), letters=("a", "á", "b", "c", "d", "h", "ng"))

    def read(texts: object) -> list[Reading]:
        said = []
        assert isinstance(texts, list)
        for text in texts:
            bare = text.replace("á", "a")
            phones = [p for c in bare for p in names.get(c, [] if c == "h" and bare != c else [c])]
            said.append(Reading(phones, 1, "d" in text))
        return said

    assert probe_letters(language, read) == Letters(
        tried=7,
        named=["b"],
        skipped=["c"],
        foreign=["d"],
        silent=["h"],
        bare=["á"],
        apart=["ng"],
    )


def test_rules_of_the_verdict() -> None:
    few, many = Letters(tried=30, named=["ж"]), Letters(tried=30, skipped=["ж", "з", "и"])
    assert verdict_of(Probe("xx", few)) == (CARE, "cannot read ж")
    assert verdict_of(Probe("xx", many)).kind == DO_NOT
    apart = Probe("xx", Letters(tried=30, apart=["ch"]))
    assert verdict_of(apart) == (CARE, "reads one by one what is one letter: ch")
    assert verdict_of(Probe("xx", Letters(tried=30), number_errors=0.2)) == (SAFE, "")
    assert verdict_of(Probe("xx", Letters(tried=30), number_errors=0.5)).kind == CARE
    assert verdict_of(Probe("xx", Letters(tried=30), number_errors=0.8)).kind == DO_NOT
    assert verdict_of(Probe("xx", Letters(tried=30), tones=4, merged=[[1, 4]])).kind == CARE


def test_advice_names_what_is_not_safe_in_one_line() -> None:
    assert advice(["it", "fr", "xx", "xh"]) == ""
    said = advice(["it", "ky", "th"])
    assert said.startswith("espeak-ng 1.52.0, ky: use with care (symbols that are no IPA")
    assert "; th: do not use (" in said and "\n" not in said
    assert stored_verdict("zh-TW") == stored_verdict("zh") != stored_verdict("xh") is None


@pytest.mark.parametrize(
    ("languages", "why"),
    [
        ("it ky xh", "no voice for language 'xh' (--g2p epitran has rules)"),
        ("it th", "voice for language 'th' is not to be used (--g2p epitran has rules)"),
        (
            "ja xx",
            "voice for language 'ja' is not to be used; espeak-ng has no voice for language 'xx'",
        ),
    ],
)
def test_characters_where_phones_are_missing_or_not_to_be_used(languages: str, why: str) -> None:
    assert why_characters(languages.split()).endswith(why)
    assert why_characters(["it", "ky"]) == ""
