"""Which script a language is written in, and which letters of a text are of another."""

from __future__ import annotations

import functools
import re
import unicodedata

# Languages of Common Voice, BABEL and MLS that are not written in Latin letters.
_SCRIPTS = {
    "CYRILLIC": "ab ba be bg cv kk kv ky mdf mhr mk mn mrj myv os ru sah sr tg tt udm uk",
    "ARABIC": "ar ckb fa ps sd ug ur",
    "BENGALI": "as bn",
    "DEVANAGARI": "hi mr ne sa",
    "ETHIOPIC": "am ti tig",
    "GEORGIAN": "ka",
    "GREEK": "el",
    "GUJARATI": "gu",
    "GURMUKHI": "pa",
    "HANGUL": "ko",
    "HEBREW": "he yi",
    "ARMENIAN": "hy",
    "KANNADA": "kn",
    "KHMER": "km",
    "LAO": "lo",
    "MALAYALAM": "ml",
    "MYANMAR": "my",
    "SINHALA": "si",
    "TAMIL": "ta",
    "TELUGU": "te",
    "THAANA": "dv",
    "THAI": "th",
    "TIBETAN": "bo",
    "CJK": "zh yue nan cmn",
}
_OF = {code: script for script, codes in _SCRIPTS.items() for code in codes.split()}
_JAPANESE = ("CJK", "HIRAGANA", "KATAKANA")


def base_language(code: str) -> str:
    """``sv-SE`` and ``SV`` to ``sv``: the part of a language code that spelling rules depend on."""
    return re.split(r"[-_]", code.strip().lower(), maxsplit=1)[0]


def scripts_of(language: str) -> tuple[str, ...]:
    """First words of Unicode's names for a language's letters: ``LATIN`` unless it is listed."""
    code = base_language(language)
    if code == "ja":
        return _JAPANESE
    if code == "or":
        return ("ORIYA",)
    return (_OF.get(code, "LATIN"),)


@functools.lru_cache(maxsize=100_000)
def script_of(character: str) -> str | None:
    """``LATIN``, ``CYRILLIC``, ...; None for what is not a letter (marks, digits, joiners) or a
    modifier, which several scripts share."""
    category = unicodedata.category(character)
    if category[0] != "L" or category == "Lm":
        return None
    return unicodedata.name(character, "UNKNOWN").split(" ")[0]


def foreign_share(text: str, scripts: tuple[str, ...]) -> float:
    """Share of the letters that are of other scripts; 0 without letters."""
    found = [script for script in map(script_of, text) if script is not None]
    return sum(script not in scripts for script in found) / len(found) if found else 0.0
