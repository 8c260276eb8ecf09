"""Numerals that lower case would spoil."""

import pytest

from asrkit.text.numerals import numerals, value_of, with_numerals


@pytest.mark.parametrize(
    ("language", "text", "said"),
    [
        ("it", "Luigi XIV, capitolo VI", {"xiv": "XIV", "vi": "6"}),
        ("fr", "François Ier, XIXe et IVe", {"ier": "1er", "xixe": "19ème", "ive": "4ème"}),
        ("de", "am 3. Mai im XIX. Jahrhundert", {"3": "3.", "xix": "19."}),
        ("en", "World War II, 3. May, MCMXC.", {"ii": "2", "mcmxc": "1990"}),
        ("ru", "XX век", {"xx": "20"}),
    ],
)
def test_numerals(language: str, text: str, said: dict[str, str]) -> None:
    assert {numeral.word: numeral.said for numeral in numerals(text, language)} == said


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
