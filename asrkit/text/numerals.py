"""What lower case or the loss of a full stop would spoil, in forms that espeak reads.

*XIV* in lower case is a word to most voices (French /ɡziv/), and capitals are *fourteen Roman* to
some of them; of *3. Mai* only the full stop says that it is an ordinal; *a* is a word of English
and French, which is not what *a.m.* and *S.A.* have in them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import NamedTuple

from asrkit.text.normalize import lower
from asrkit.text.ordinals import ordinals
from asrkit.text.scripts import base_language

_ROMAN = re.compile(
    r"(?P<roman>(?=[IVXLCDM])M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3}))"
    r"(?P<ending>er|re|e|ème)?(?P<stop>\.(?=\s+\w))?(?![\w'’.-]\w|\w)"
)
_ORDINAL = re.compile(r"(?P<arabic>\d{1,4})\.(?=\s+[^\W\d_])")
_LETTER = r"[^\W\d_]"
_INITIALS = re.compile(
    rf"(?:{_LETTER}\.){{2,}}{_LETTER}(?!\w)|(?:{_LETTER}\.[ \u00a0]?)+{_LETTER}\."
)
_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
# Languages that write ordinals with a full stop, and whose voices read them so.
_ORDINAL_STOP = frozenset({"da", "de", "hu", "kl", "ltg", "lv", "nb", "nn", "no"})
# Voices that read capitals as the ordinals that are said there (Italian secolo XIX), but not VI.
_CAPITALS = frozenset({"da", "it"})


class Numeral(NamedTuple):
    """Where one is in a text, what is written there, and what espeak is given."""

    start: int
    written: str
    said: str


def numerals(text: str, language: str) -> list[Numeral]:
    """Roman numerals and ordinals of digits in a raw text, from left to right.

    Roman are those of several letters I, V and X, and longer ones with L, C, D and M, as *CD* and
    *MIX* are words; none in a text without lower case.
    """
    code = base_language(language)
    found = [Numeral(start, text[start:end], said) for start, end, said in ordinals(text, code)]
    if code in _ORDINAL_STOP:
        for match in _ORDINAL.finditer(text):
            if not _inside(text, match.start()):
                found.append(Numeral(match.start(), match["arabic"], match[0]))
    if any(map(str.islower, text)):
        for match in _ROMAN.finditer(text):
            if match["roman"] and not _inside(text, match.start()) and _is_roman(match, code):
                written = match["roman"] + (match["ending"] or "")
                found.append(Numeral(match.start(), written, _said(match, code)))
    return sorted(found)


def _initials(text: str, language: str) -> Iterator[Numeral]:
    """*a.m.* and *J. R. R.*: without the last full stop, as *e.g.* is *for example* with it."""
    for match in _INITIALS.finditer(text):
        if not _inside(text, match.start()):
            letters = [letter for letter in match[0] if letter.isalpha()]
            yield Numeral(match.start(), match[0], lower(".".join(letters), language))


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
        return {"er": "1er", "re": "1ère"}.get(ending, f"{value}ème")
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
    """The ``words`` of a raw text for espeak: numerals, ordinals and initials as it reads them.

    words_of: a raw text to its words, by which the place of a numeral is found. Each numeral
    becomes one word, also where the words have several for it (``a m``: ``a.m``).
    """
    raw = unicodedata.normalize("NFC", raw)
    said = list(words)
    found = sorted([*numerals(raw, language), *_initials(raw, language)])
    for numeral in reversed(found):  # from the right, so that the places hold
        place, written = len(words_of(raw[: numeral.start])), words_of(numeral.written)
        if written and said[place : place + len(written)] == written:
            said[place : place + len(written)] = [numeral.said]
    return said
