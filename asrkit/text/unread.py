"""Characters that a voice of espeak-ng cannot read: it says their names, or passes them over.

Each is asked for alone and between two letters of the language; it is suspect if the name that it
has alone (*Chinese letter*, *letter two zero A nine*) is in both answers. The letters of a language
have names as well, but between vowels they are read. Short names cannot be told from readings. A
text says whether a suspect is read in it after all, as small kana are behind others.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence

from asrkit.text.scripts import scripts_of

_SHORTEST = 7  # phones of a name; Korean and Chinese syllables have up to five
# A letter of each script that may stand on both sides of any other.
_BETWEEN = {
    "ARABIC": "ا",
    "ARMENIAN": "ա",
    "BENGALI": "ক",
    "CJK": "一",
    "CYRILLIC": "а",
    "DEVANAGARI": "क",
    "ETHIOPIC": "ከ",
    "GEORGIAN": "ა",
    "GREEK": "α",
    "GUJARATI": "ક",
    "GURMUKHI": "ਕ",
    "HANGUL": "가",
    "HEBREW": "א",
    "KANNADA": "ಕ",
    "KATAKANA": "ア",
    "KHMER": "ក",
    "LAO": "ກ",
    "LATIN": "a",
    "MALAYALAM": "ക",
    "MYANMAR": "က",
    "ORIYA": "କ",
    "SINHALA": "ක",
    "TAMIL": "க",
    "TELUGU": "క",
    "THAANA": "އ",
    "THAI": "ก",
    "TIBETAN": "ཀ",
}
Ask = Callable[[list[str]], list[list[str]]]  # texts to the phones of each


class Unread:
    """The characters one voice cannot read, found out as they are met.

    ask: texts to their phones, without flags, of the voice of ``language``.
    """

    def __init__(self, language: str, ask: Ask) -> None:
        self._beside = _BETWEEN.get(scripts_of(language)[-1], "a")
        self._ask = ask
        self._names: dict[str, list[str]] = {}
        self._known: set[str] = set()

    def learn(self, texts: Iterable[str]) -> None:
        """Asks about every character of the texts that has not been asked about."""
        new = sorted(set().union(*texts) - self._known)
        self._known.update(new)
        new = [character for character in new if _can_be_unread(character)]
        alone = self._ask(new)
        inside = self._ask([f"{self._beside}{character}{self._beside}" for character in new])
        for character, name, reading in zip(new, alone, inside, strict=True):
            if len(name) >= _SHORTEST and _holds(reading, name):
                self._names[character] = name

    def within(self, text: str) -> list[str]:
        """Characters of a text, which must have been learned, that are named or passed over."""
        suspects = sorted(c for c in set(text) if c in self._names or c.isdecimal())
        if not suspects:
            return []
        without = [" ".join(text.replace(character, "").split()) for character in suspects]
        said, *others = self._ask([text, *without])
        return [
            character
            for character, other in zip(suspects, others, strict=True)
            if other == said or (character in self._names and _holds(said, self._names[character]))
        ]


def _can_be_unread(character: str) -> bool:
    """Letters that are no modifiers; those of ASCII are spelled where people do."""
    category = unicodedata.category(character)
    return not character.isascii() and category != "Lm" and category[0] == "L"


def _holds(phones: Sequence[str], name: Sequence[str]) -> bool:
    """Whether the name is said somewhere in the phones."""
    ends = range(len(name), len(phones) + 1)
    return any(list(phones[end - len(name) : end]) == list(name) for end in ends)
