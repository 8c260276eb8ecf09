"""Numerals that lower case or the loss of a full stop would spoil, in forms that espeak reads.

*XIV* in lower case is a word to most voices (French /ɡziv/), and capitals are *fourteen Roman* to
some of them; of *3. Mai* only the full stop says that it is an ordinal.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from asrkit.text.scripts import base_language

_ROMAN = re.compile(
    r"(?P<roman>(?=[IVXLCDM])M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3}))"
    r"(?P<ending>er|re|e|ème)?(?P<stop>\.(?=\s+\w))?(?![\w'’.-]\w|\w)"
)
_ORDINAL = re.compile(r"(?P<arabic>\d{1,4})\.(?=\s+[^\W\d_])")
_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
# Languages that write ordinals with a full stop, and whose voices read them so.
_ORDINAL_STOP = frozenset({"da", "de", "hu", "kl", "ltg", "lv", "nb", "nn", "no"})
# Voices that read capitals as the ordinals that are said there (Italian secolo XIX), but not VI.
_CAPITALS = frozenset({"da", "it"})


class Numeral(NamedTuple):
    """Where one stands in a text, its word in asrkit's spelling, and what espeak is given."""

    start: int
    word: str
    said: str


def numerals(text: str, language: str) -> list[Numeral]:
    """Roman numerals and ordinals with a full stop in a raw text, from left to right.

    Roman are those of several letters I, V and X, and longer ones with L, C, D and M, as *CD* and
    *MIX* are words; none in a text without lower case.
    """
    code = base_language(language)
    found = []
    if code in _ORDINAL_STOP:
        for match in _ORDINAL.finditer(text):
            if not _inside(text, match.start()):
                found.append(Numeral(match.start(), match["arabic"], match[0]))
    if any(map(str.islower, text)):
        for match in _ROMAN.finditer(text):
            if match["roman"] and not _inside(text, match.start()) and _is_roman(match, code):
                word = match["roman"] + (match["ending"] or "")
                found.append(Numeral(match.start(), word.lower(), _said(match, code)))
    return sorted(found)


def _inside(text: str, start: int) -> bool:
    """Whether a word, a number or an abbreviation (*A. I*) goes on from the left."""
    return re.search(r"[\w.,'’-]$", text[max(0, start - 1) : start]) is not None


def _is_roman(match: re.Match[str], code: str) -> bool:
    roman, ending = match["roman"], match["ending"]
    if ending:  # Ier, Ire, XIXe; Ver is a word
        first = ending in ("er", "re")
        return code == "fr" and (roman == "I" if first else set(roman) <= set("IVX"))
    return len(roman) > 1 and (set(roman) <= set("IVX") or len(roman) > 3)


def _said(match: re.Match[str], code: str) -> str:
    roman, ending = match["roman"], match["ending"]
    value = str(value_of(roman))
    if ending:
        return value + (ending if value == "1" else "ème")
    if code in _ORDINAL_STOP and match["stop"]:
        return f"{value}."
    return roman if code in _CAPITALS and roman != "VI" else value


def value_of(roman: str) -> int:
    """14 for ``XIV``."""
    values = [_VALUES[letter] for letter in roman]
    pairs = zip(values, [*values[1:], 0], strict=True)
    return sum(-value if value < after else value for value, after in pairs)


def with_numerals(
    raw: str, words: list[str], language: str, words_of: Callable[[str], list[str]]
) -> list[str]:
    """The ``words`` of a raw text for espeak, numerals as it reads them; each stays one word.

    words_of: a raw text to its words, by which the place of a numeral is found.
    """
    said = list(words)
    for numeral in numerals(raw, language):
        place = len(words_of(raw[: numeral.start]))
        if place < len(words) and words[place] == numeral.word:
            said[place] = numeral.said
    return said
