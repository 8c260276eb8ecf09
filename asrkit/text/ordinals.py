"""Ordinals in digits with an ending (*3e*, *1.º*, *2nd*), in forms that the voice reads.

Most voices of espeak-ng know one ending for each gender and read others as letters. Those of
English, Afrikaans, Greek and Hungarian read what is usually written.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator

Said = str | Callable[[re.Match[str]], str]

_DUTCH = (
    "nulde eerste tweede derde vierde vijfde zesde zevende achtste negende tiende elfde twaalfde"
    " dertiende veertiende vijftiende zestiende zeventiende achttiende negentiende"
).split()
_DUTCH_UNITS = "nul een twee drie vier vijf zes zeven acht negen".split()
_DUTCH_TENS = "twintig dertig veertig vijftig zestig zeventig tachtig negentig".split()
_SWEDISH_TENS = {
    tens: f"{word}nde"
    for tens, word in zip(
        range(20, 100, 10),
        "tjugo trettio fyrtio femtio sextio sjuttio åttio nittio".split(),
        strict=True,
    )
}


def dutch(number: int) -> str:
    """*eenentwintigste* for 21: a word for every ordinal below 1000."""
    if not 0 <= number < 1000:
        raise ValueError(f"only ordinals from 0 to 999 are spelled out, not {number}")
    hundreds, rest = divmod(number, 100)
    if hundreds:
        before = "" if hundreds == 1 else _DUTCH_UNITS[hundreds]
        return f"{before}honderd{dutch(rest) if rest else 'ste'}"
    if rest < len(_DUTCH):
        return _DUTCH[rest]
    tens, units = divmod(rest, 10)
    joined = "ën" if units in (2, 3) else "en"
    return f"{_DUTCH_UNITS[units] + joined if units else ''}{_DUTCH_TENS[tens - 2]}ste"


def _dutch(match: re.Match[str]) -> str:
    return dutch(int(match[1]))


def _swedish(match: re.Match[str]) -> str:
    number = int(match[1])
    return _SWEDISH_TENS.get(number, f"{number}:{match[2]}")


_GENDERS: list[tuple[str, Said]] = [
    # An o or a below the line; the degree sign is typed for it, and is one behind larger numbers.
    (r"(\d{1,4})\.?[ºo]", r"\1º"),
    (r"(\d{1,4})\.?[ªa]", r"\1ª"),
    (r"([1-9])°(?=\s+[^\W\d_]{2})", r"\1º"),
]
# By language: what is written from its first digit to its end, and what the voice is given.
_FORMS: dict[str, list[tuple[str, Said]]] = {
    "ca": [
        ("1a", "1ra"),
        ("2a", "segona"),
        ("3a", "tercera"),
        ("4a", "quarta"),
        (r"(\d{1,4})a", r"\1ena"),
        ("4t(s?)", r"quart\1"),
        (r"(\d{1,4})é", r"\1è"),
    ],
    "de": [(r"(\d{1,4})s?te[rnsm]?(?=\s+[^\W\d_])", r"\1.")],
    "el": [(r"(\d{1,4})ός", r"\1ος"), (r"(\d{1,4})ή", r"\1η"), (r"(\d{1,4})ό", r"\1ο")],
    "es": [
        (r"1\.?er", "primer"),
        (r"3\.?er", "tercer"),
        (r"(\d{1,4})\.?(?:er|[dmnrtv])o", r"\1º"),
        (r"(\d{1,4})\.?(?:er|[dmnrtv])a", r"\1ª"),
        *_GENDERS,
    ],
    "fr": [
        (r"1ᵉʳ", "1er"),
        (r"1(?:re|ʳᵉ)s?", "1ère"),
        (r"2(?:nd|d|ⁿᵈ)s?", "second"),
        (r"2(?:nde|de|ⁿᵈᵉ)s?", "seconde"),
        (r"(\d{1,4})(?:[eèᵉ]|i?[eè]me)s?", r"\1ème"),
    ],
    "it": _GENDERS,
    "nl": [(r"(\d{1,3})(?:e|de|ste)", _dutch)],
    "pt": _GENDERS,
    "sv": [
        (r"(\d{1,4}):?(?:nd|dj|tt|j|t)?(e)", _swedish),
        (r"(\d{1,4}):?(?:st|dr|r)?(a)", _swedish),
    ],
}


# No word, number or abbreviation goes on from the left, and none to the right.
_START = re.compile(r"(?<![\w.,:'’-])\d")
_END = r"(?![\w:]|['’-]\w)"


@functools.cache
def _patterns(language: str) -> list[tuple[re.Pattern[str], Said]]:
    forms = _FORMS.get(language, [])
    return [(re.compile(f"(?:{written}){_END}"), said) for written, said in forms]


def ordinals(text: str, language: str) -> Iterator[tuple[int, int, str]]:
    """Start, end and what the voice is given of ordinals in a raw text, from left to right.

    language: without region. Ordinals that its voice reads as they are written are left out.
    """
    for start in (match.start() for match in _START.finditer(text)):
        for pattern, said in _patterns(language):
            match = pattern.match(text, start)
            if match:
                given = said(match) if callable(said) else match.expand(said)
                if given != match[0]:
                    yield start, match.end(), given
                break  # the first form that fits
