"""Phones by epitran's rules, for languages that espeak-ng has no voice for or reads badly.

epitran (``pip install epitran``; tried with 1.35.3) goes word by word, knows nothing of numbers,
and leaves what it has no rule for as it is. Its answers have the form of espeak's
(text/espeak.py), so that all that follows is the same.
"""

from __future__ import annotations

import functools
import importlib
import importlib.metadata
import unicodedata
from collections.abc import Iterable
from typing import Any

from asrkit.text.ipa import is_letter, is_mark
from asrkit.text.languages import Language, find_language
from asrkit.text.scripts import script_of, scripts_of

CHOICES = ("espeak", "epitran")
HELP = "what makes phones: espeak-ng, or epitran (pip install epitran) where that has the language"
# ISO 15924 of the first words of Unicode's names.
_SCRIPTS = {
    "ARABIC": "Arab", "BENGALI": "Beng", "CYRILLIC": "Cyrl", "DEVANAGARI": "Deva",
    "ETHIOPIC": "Ethi", "GEORGIAN": "Geor", "GURMUKHI": "Guru", "HANGUL": "Hang",
    "KANNADA": "Knda", "KHMER": "Khmr", "LAO": "Laoo", "LATIN": "Latn", "MALAYALAM": "Mlym",
    "MYANMAR": "Mymr", "ORIYA": "Orya", "SINHALA": "Sinh", "TAMIL": "Taml", "TELUGU": "Telu",
    "THAI": "Thai",
}  # fmt: skip
_TIES = "\u0361\u035c"
_BEFORE = "ᵐᶬⁿᶯᶮᵑ"  # nasals that belong to what follows
_SILENT = "'-\u02bc"


class G2PError(ValueError):
    """epitran is not installed, or has no rules for a language."""


def epitran_name(language: Language) -> str | None:
    """``zul-Latn``: what epitran calls a language in its script; None if it has it not."""
    letters = (script_of(character) for letter in language.letters for character in letter)
    found = next(filter(None, letters), scripts_of(language.code)[0])
    script = _SCRIPTS.get(found, "")
    return next((name for name in language.epitran if name.endswith(f"-{script}")), None)


@functools.cache
def _transcriber(name: str) -> Any:
    try:
        module = importlib.import_module("epitran")
    except ModuleNotFoundError as error:
        if error.name != "epitran":
            raise
        raise G2PError("--g2p epitran needs the package: pip install epitran") from None
    return module.Epitran(name)


class Epitran:
    """The rules of one language; ``name`` is epitran's. Raises G2PError."""

    def __init__(self, language: str) -> None:
        known = find_language(language)
        name = None if known is None else epitran_name(known)
        if name is None:
            raise G2PError(
                f"epitran has no rules for language {language!r} in its script; docs/languages.md"
                " says which it has, --token_type char needs none"
            )
        self.name = name
        self._rules = _transcriber(name)
        self._words: dict[str, tuple[list[str], list[str]]] = {}

    @functools.cached_property
    def versions(self) -> dict[str, str]:
        """The version that decides what the phones are."""
        return {"epitran": importlib.metadata.version("epitran")}

    def phonemes(self, texts: list[str]) -> list[str]:
        """Texts to phones joined by ``_``, words by spaces, as espeak's are; words without any
        are left out."""
        return [
            " ".join(filter(None, ("_".join(self._word(word)[0]) for word in text.split())))
            for text in texts
        ]

    def learn(self, texts: Iterable[str]) -> None:
        """Nothing has to be found out before ``within``."""

    def within(self, text: str) -> list[str]:
        """Characters of a text that there is no rule for, digits among them."""
        found = {c for word in text.split() for c in self._word(word)[1]}
        return sorted(found)

    def _word(self, word: str) -> tuple[list[str], list[str]]:
        if word not in self._words:
            phones, left = segments(self._rules.transliterate(word))
            self._words[word] = phones, [c for c in left if c not in _SILENT]
        return self._words[word]


def segments(ipa: str) -> tuple[list[str], list[str]]:
    """Phones of a word in IPA, and what is none of its symbols.

    A phone is a letter with the marks behind it; ties join two, and are taken away. Some rules
    (Sorani) write a colon for length.
    """
    ipa = ipa.replace(":", "ː").replace("ç", "\ue000")
    phones: list[str] = []
    left: list[str] = []
    joins = False
    for character in unicodedata.normalize("NFD", ipa):
        character = character.replace("\ue000", "ç")
        if character in _TIES:
            joins = bool(phones)
        elif character in _BEFORE:
            phones.append(character)
            joins = True
        elif is_letter(character):
            if joins:
                phones[-1] += character
            else:
                phones.append(character)
            joins = False
        elif is_mark(character) and phones:
            phones[-1] += character
        else:
            left.append(character)
    return [unicodedata.normalize("NFC", phone) for phone in phones], left
