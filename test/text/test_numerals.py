"""Numerals that lower case would spoil."""

import pytest

from asrkit.text.normalize import normalize
from asrkit.text.numerals import numerals, value_of, with_numerals


@pytest.mark.parametrize(
    ("language", "text", "said"),
    [
        ("it", "Luigi XIV, capitolo VI", {"XIV": "XIV", "VI": "6"}),
        ("fr", "François Ier, XIXe et IVe", {"Ier": "1er", "XIXe": "19ème", "IVe": "4ème"}),
        ("de", "am 3. Mai im XIX. Jahrhundert", {"3": "3.", "XIX": "19."}),
        ("en", "World War II, 3. May, MCMXC.", {"II": "2", "MCMXC": "1990"}),
        ("ru", "XX век", {"XX": "20"}),
    ],
)
def test_numerals(language: str, text: str, said: dict[str, str]) -> None:
    assert {numeral.written: numeral.said for numeral in numerals(text, language)} == said


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "I had a CD, a MIX of V and X, LCDs, DIV"),
        ("en", "THE II WORLD WAR"),
        ("en", "xiv iPhone XIIa a.II II-III MCMXCa IVs IIII VX"),
        ("fr", "Les Verts, Le Ver, De Me Ce, Cerise"),
        ("de", "Er hat 3. 2.5 1.2. v1.2. so"),
        ("es", "3. mayo XIXe"),
    ],
)
def test_no_numerals(language: str, text: str) -> None:
    assert numerals(text, language) == []


@pytest.mark.parametrize(("roman", "value"), [("IV", 4), ("XIX", 19), ("MCMXCIV", 1994)])
def test_values(roman: str, value: int) -> None:
    assert value_of(roman) == value


def test_each_word_is_replaced_where_it_stands() -> None:
    raw = "xiv, Louis XIV - xiv"
    words = ["xiv", "louis", "xiv", "xiv"]
    found = with_numerals(raw, words, "fr", lambda text: text.lower().replace(",", "").split())
    assert found == ["xiv", "louis", "14", "xiv"]


def _words(text: str, language: str) -> list[str]:
    return normalize(text, language, hyphens="keep").split()


@pytest.mark.parametrize(
    ("language", "raw", "said"),
    [
        ("tr", "XIX yüzyıl", "19 yüzyıl"),  # whose lower case is xıx
        ("en", "At 10 a.m. in the U.S.A", "at 10 a.m in the u.s.a"),
        ("ru", "А. С. Пушкин, и т. д.", "а.с пушкин и т.д"),
        ("ru", "А.С.Пушкин", "а.с пушкин"),
        ("es", "el 3.er S.A. XX", "el tercer s.a 20"),
        ("en", "So do I. A man went home.I saw vitamin C.A new one", ""),
        ("de", "S. 5, v1.2.a und x.yz", ""),
    ],
)
def test_words_for_espeak(language: str, raw: str, said: str) -> None:
    words = _words(raw, language)
    found = with_numerals(raw, words, language, lambda text: _words(text, language))
    assert found == (said.split() if said else words)
