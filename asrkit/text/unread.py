"""Characters that a voice of espeak-ng cannot read: it says their names, or passes them over.

Each is asked for alone and between two letters of the language; it is suspect if the name that it
has alone (*Chinese letter*, *letter two zero A nine*) is in both answers. The letters of a language
have names as well, but between vowels they are read. Short names look like readings,
unless both answers are in another language: Mandarin *xiong* is none of its voice's syllables, and
is read in English with the number of its tone. A text says whether a suspect is read in it after
all, as small kana are behind others.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from asrkit.text.scripts import script_of, scripts_of

SHORTEST = 7  # phones of a name; Korean and Chinese syllables have up to five
# Two letters of each script that may stand on both sides of any other.
_BETWEEN = {
    "ARABIC": "او",
    "ARMENIAN": "աո",
    "BENGALI": "কম",
    "CJK": "一大",
    "CYRILLIC": "ао",
    "DEVANAGARI": "कम",
    "ETHIOPIC": "ከመ",
    "GEORGIAN": "აო",
    "GREEK": "αο",
    "GUJARATI": "કમ",
    "GURMUKHI": "ਕਮ",
    "HANGUL": "가마",
    "HEBREW": "או",
    "KANNADA": "ಕಮ",
    "KATAKANA": "アマ",
    "KHMER": "កម",
    "LAO": "ກມ",
    "LATIN": "ao",
    "MALAYALAM": "കമ",
    "MYANMAR": "ကမ",
    "ORIYA": "କମ",
    "SINHALA": "කම",
    "TAMIL": "கம",
    "TELUGU": "కమ",
    "THAANA": "އމ",
    "THAI": "กม",
    "TIBETAN": "ཀམ",
}


class Reading(NamedTuple):
    """What a voice says to a text: phones, in how many words, and whether in another language."""

    phones: list[str]
    words: int
    foreign: bool


Ask = Callable[[list[str]], list[Reading]]


class Unread:
    """The characters one voice cannot read, found out as they are met.

    ask: texts to what the voice of ``language`` says.
    """

    def __init__(self, language: str, ask: Ask) -> None:
        self._beside = neighbors_of(language)[0]
        self._scripts = scripts_of(language)
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
        for character, one, reading in zip(new, alone, inside, strict=True):
            spelled = one.foreign and reading.foreign and script_of(character) in self._scripts
            if (spelled or len(one.phones) >= SHORTEST) and holds(reading.phones, one.phones):
                self._names[character] = one.phones

    def within(self, text: str) -> list[str]:
        """Characters of a text, which must have been learned, that are named or passed over."""
        suspects = sorted(c for c in set(text) if c in self._names or c.isdecimal())
        if not suspects:
            return []
        without = [" ".join(text.replace(character, "").split()) for character in suspects]
        said, *others = (reading.phones for reading in self._ask([text, *without]))
        return [
            character
            for character, other in zip(suspects, others, strict=True)
            if other == said or (character in self._names and holds(said, self._names[character]))
        ]


def neighbors_of(language: str) -> str:
    """Two letters of the language's script, each of which may stand on both sides of any other."""
    return _BETWEEN.get(scripts_of(language)[-1], "ao")


def _can_be_unread(character: str) -> bool:
    """Letters that are no modifiers; those of ASCII are spelled where people do."""
    category = unicodedata.category(character)
    return not character.isascii() and category != "Lm" and category[0] == "L"


def holds(phones: Sequence[str], name: Sequence[str]) -> bool:
    """Whether the name is said somewhere in the phones."""
    ends = range(len(name), len(phones) + 1)
    return any(list(phones[end - len(name) : end]) == list(name) for end in ends)
