"""Numbers in words by CLDR's rules, on rules of a toy language."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))

from language_data import in_ranges, letters_of
from spelled_numbers import Speller, plural_category

UNITS = "zero one two three four five six seven eight nine ten".split()
RULES = {
    "%cardinal": [
        ["-x", "minus →→;"],
        *([str(n), f"{word};"] for n, word in enumerate(UNITS)),
        ["11", "→→teen;"],
        ["20", "twenty[-→→];"],
        ["30", "←%cardinal←ty[-→→];"],
        ["100", "←← hundred[ and →→];"],
    ],
    "%ordinal": [["0", "the =%cardinal=th;"]],
    "%digits": [["0", "=#,##0=$(ordinal,one{st}other{th})$;"]],
}
ENGLISH = {
    "pluralRule-count-one": "n % 10 = 1 and n % 100 != 11 @integer 1, 21",
    "pluralRule-count-other": " @integer 0, 2~16",
}


@pytest.mark.parametrize(
    ("number", "name", "spelled"),
    [
        (0, "%cardinal", "zero"),
        (14, "%cardinal", "fourteen"),
        (20, "%cardinal", "twenty"),
        (25, "%cardinal", "twenty-five"),
        (42, "%cardinal", "fourty-two"),
        (325, "%cardinal", "three hundred and twenty-five"),
        (7, "%ordinal", "the seventh"),
        (21, "%digits", "21st"),
        (11, "%digits", "11th"),
    ],
)
def test_rules(number: int, name: str, spelled: str) -> None:
    assert Speller(RULES, {"ordinal": ENGLISH})(number, name) == spelled


def test_plural_categories() -> None:
    few = {"pluralRule-count-few": "n % 10 = 2..4 and n % 100 != 12..14 or n = 7", "x-other": ""}
    assert [plural_category(n, few) for n in (2, 12, 24, 7, 8)] == "few other few few other".split()
    with pytest.raises(ValueError, match="is not understood"):
        plural_category(1, {"x-one": "half of n"})


def test_letters_of_a_set() -> None:
    letters = letters_of(r"[a-d é {ch} \- \u0301]")
    assert letters == ["a", "b", "c", "d", "é", "ch", "-", "\u0301"]
    assert in_ranges(letters) == "a..d é ch - \u0301"
