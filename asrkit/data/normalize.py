"""One spelling of a text for phonemising, language models and scoring.

Policy: Unicode NFC; lower case by the rules of the language; typographic apostrophes become ``'``
and stay where they belong to a word (*don't*, *l'eau*, *po'*); hyphens and dashes separate words;
all other punctuation and symbols are dropped; digits are kept for the phonemiser to read out, or
refused; letters, marks and the joiners of Persian and Indic scripts are never touched.
"""

from __future__ import annotations

import re
import unicodedata

from asrkit.data import marks as non_words
from asrkit.tokens import SPACE

DIGIT_POLICIES = ("keep", "refuse")
HYPHEN_POLICIES = ("split", "keep")

# Quotation marks and primes that writers use as apostrophes.
_APOSTROPHES = dict.fromkeys(map(ord, "\u2019\u2018\u201b\u2032\u00b4\u0060\uff07\u02bc"), "'")
_HYPHENS = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe63\uff0d"), "-")
_JOINERS = "\u200c\u200d"
# Words that begin with an apostrophe, so that it is not an opening quotation mark.
_APHAERESIS = {
    "en": {"'em", "'til", "'cause", "'bout", "'tis", "'twas"},
    "nl": {"'s", "'t", "'n", "'k", "'m", "'r"},
    "it": {"'sto", "'sta", "'ndrangheta"},
}
_TRAILING_APOSTROPHE = {"it", "en", "nl"}


class NormalizeError(ValueError):
    """A text that the chosen policy refuses."""


def base_language(code: str) -> str:
    """``sv-SE`` and ``SV`` to ``sv``: the part of a language code that spelling rules depend on."""
    return re.split(r"[-_]", code.strip().lower(), maxsplit=1)[0]


def lower(text: str, language: str) -> str:
    """Lower case; in Turkish and Azerbaijani, dotted and dotless i stay apart."""
    if base_language(language) in ("tr", "az"):
        text = text.replace("I\u0307", "i").replace("\u0130", "i").replace("I", "\u0131")
    return text.lower().replace("i\u0307", "i")


def _keeps(character: str) -> bool:
    if character in _JOINERS:
        return True
    return unicodedata.category(character)[0] in "LMN"


def _words(text: str, hyphens: str) -> list[str]:
    """Text in lower case to candidate words of letters, digits, apostrophes and kept hyphens."""
    out = []
    for place, character in enumerate(text):
        inside = 0 < place < len(text) - 1
        if _keeps(character) or character == "'":
            out.append(character)
        elif character == "-" and hyphens == "keep":
            out.append("-")
        elif inside and character in ".," and (text[place - 1] + text[place + 1]).isdigit():
            out.append(character)  # 3.5 is one number
        else:
            out.append(" ")
    return "".join(out).split()


def _trim(word: str, language: str, opened: bool) -> str:
    """Takes away apostrophes that are quotation marks, and hyphens at the edges."""
    word = re.sub(r"'{2,}", "'", word).strip("-")
    if word in _APHAERESIS.get(language, ()):
        return word
    head = word.lstrip("'-")
    if head.endswith("'") and (opened or language not in _TRAILING_APOSTROPHE):
        return head.rstrip("'-")
    return head.rstrip("-")


def normalize(
    text: str,
    language: str,
    *,
    digits: str = "keep",
    hyphens: str = "split",
    marks: str = "drop",
) -> str:
    """One line of text to words separated by single spaces; empty if nothing is spoken.

    digits: ``keep`` leaves numbers for the phonemiser to read; ``refuse`` raises NormalizeError.
    hyphens: ``split`` makes two words of *well-known*, so that word counts agree with espeak's.
    marks: ``keep`` leaves ``<hes>`` and the like (data/marks.py) as words; ``drop`` does not.
    Raises NormalizeError if the text holds the word separator ``<space>``.
    """
    if digits not in DIGIT_POLICIES or hyphens not in HYPHEN_POLICIES:
        raise NormalizeError(
            f"digits is one of {DIGIT_POLICIES} and hyphens one of {HYPHEN_POLICIES},"
            f" not {digits!r} and {hyphens!r}"
        )
    if marks not in non_words.POLICIES:
        raise NormalizeError(f"marks is one of {non_words.POLICIES}, not {marks!r}")
    parts = non_words.split_marks(text)
    if len(parts) > 1:
        parts[::2] = [normalize(p, language, digits=digits, hyphens=hyphens) for p in parts[::2]]
        return " ".join(filter(None, parts if marks == "keep" else parts[::2]))
    if SPACE in text:
        raise NormalizeError(f"the text holds the word separator {SPACE}: {text!r}; take it out")
    language = base_language(language)
    text = unicodedata.normalize("NFC", text).replace("\u00ad", "")
    text = lower(text.translate(_APOSTROPHES).translate(_HYPHENS), language)
    if digits == "refuse" and any(character.isdigit() for character in text):
        raise NormalizeError(f"the text holds digits: {text!r}; spell the numbers out")
    words, opened = [], False
    for word in _words(text, hyphens):
        quoted = word.startswith("'") and word not in _APHAERESIS.get(language, ())
        opened = opened or quoted
        trimmed = _trim(word, language, opened)
        if word.endswith("'") and opened:
            opened = False
        if any(character.isalnum() for character in trimmed):
            words.append(trimmed)
    return unicodedata.normalize("NFC", " ".join(words))
