"""The phone of an inventory that is nearest to one it does not have, by features of the IPA.

For a recognizer of other languages: its output for a phone that it was not trained
on is mostly the phone that differs in the fewest features.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from typing import NamedTuple

FAR = 0.75  # a phone at this distance is no nearer than any other

# Places of articulation from the lips (0) to the glottis (10).
_PLACES = {
    "bilabial": 0.0,
    "labiodental": 0.8,
    "dental": 2.0,
    "alveolar": 2.5,
    "postalveolar": 3.7,
    "retroflex": 4.0,
    "palatal": 5.0,
    "velar": 6.5,
    "uvular": 7.5,
    "pharyngeal": 9.0,
    "glottal": 10.0,
}
# Manners by how open the mouth is; nasals and laterals are off that line.
_OPEN = {"stop": 0.0, "fricative": 1.0, "trill": 2.0, "tap": 2.0, "approximant": 3.0}
# manner -> (places, voiceless and voiced letter of each, - where there is none)
_CONSONANTS = {
    "stop": "bilabial pb alveolar td retroflex ʈɖ palatal cɟ velar kɡ uvular qɢ glottal ʔ-",
    "nasal": "bilabial -m labiodental -ɱ alveolar -n retroflex -ɳ palatal -ɲ velar -ŋ uvular -ɴ",
    "trill": "bilabial -ʙ alveolar -r uvular -ʀ",
    "tap": "labiodental -ⱱ alveolar -ɾ retroflex -ɽ",
    "fricative": "bilabial ɸβ labiodental fv dental θð alveolar sz postalveolar ʃʒ retroflex ʂʐ"
    " palatal çʝ velar xɣ uvular χʁ pharyngeal ħʕ glottal hɦ",
    "approximant": "labiodental -ʋ alveolar -ɹ retroflex -ɻ palatal -j velar -ɰ",
    "lateral": "alveolar -l retroflex -ɭ palatal -ʎ velar -ʟ",
    "lateral fricative": "alveolar ɬɮ",
}
# Letters of one feature more: the one they are taken for.
_LIKE = {
    "g": "ɡ", "w": "ɰ", "ʍ": "x", "ɥ": "j", "ɕ": "ʃ", "ʑ": "ʒ", "ɧ": "x", "ɫ": "l", "ɺ": "ɾ",
    "ɓ": "b", "ɗ": "d", "ʄ": "ɟ", "ɠ": "ɡ", "ʛ": "ɢ", "ʜ": "ħ", "ʢ": "ʕ", "ʡ": "ʔ", "ɚ": "ə",
    "ɝ": "ɜ", "ᵻ": "ɨ", "ᵿ": "ʊ", "ɿ": "ɨ", "ʅ": "ɨ",
}  # fmt: skip
# vowel -> height (close 0 to open 3), backness (front 0 to back 2), rounded
_VOWELS = {
    "i": (0, 0, 0), "y": (0, 0, 1), "ɨ": (0, 1, 0), "ʉ": (0, 1, 1), "ɯ": (0, 2, 0), "u": (0, 2, 1),
    "ɪ": (0.4, 0.3, 0), "ʏ": (0.4, 0.3, 1), "ʊ": (0.4, 1.7, 1), "e": (1, 0, 0), "ø": (1, 0, 1),
    "ɘ": (1, 1, 0), "ɵ": (1, 1, 1), "ɤ": (1, 2, 0), "o": (1, 2, 1), "ə": (1.5, 1, 0),
    "ɛ": (2, 0, 0), "œ": (2, 0, 1), "ɜ": (2, 1, 0), "ɞ": (2, 1, 1), "ʌ": (2, 1.6, 0),
    "ɔ": (2, 2, 1), "æ": (2.5, 0, 0), "ɐ": (2.5, 1, 0), "a": (3, 0.7, 0), "ɶ": (3, 0, 1),
    "ɑ": (3, 2, 0), "ɒ": (3, 2, 1),
}  # fmt: skip
_GLIDES = {frozenset("ji"): 0.3, frozenset("ɰu"): 0.3, frozenset("ɰʊ"): 0.4, frozenset("jɪ"): 0.4}

_MODIFYING = ("Lm", "Mn", "Nd")  # letters, marks, and the digits that espeak writes tones with


class _Consonant(NamedTuple):
    place: float
    manner: str
    voiced: bool


def _table() -> dict[str, _Consonant]:
    found = {}
    for manner, row in _CONSONANTS.items():
        fields = row.split()
        for place, letters in zip(fields[::2], fields[1::2], strict=True):
            for voiced, letter in enumerate(letters):
                found[letter] = _Consonant(_PLACES[place], manner, bool(voiced))
    found.pop("-")
    return found


_TABLE = _table()


class _Sound(NamedTuple):
    """A letter with what modifies it: length, nasality, palatalization, ..."""

    letter: str
    modifiers: frozenset[str]


def _sounds(phone: str) -> list[_Sound] | None:
    """The letters of a phone in their order; None if one is not in the tables."""
    found: list[_Sound] = []
    for character in _characters(phone):
        letter = _LIKE.get(character, character)
        if letter in _TABLE or letter in _VOWELS:
            found.append(_Sound(letter, frozenset()))
        elif found and (character in '"^:' or unicodedata.category(character) in _MODIFYING):
            letter, modifiers = found[-1]
            found[-1] = _Sound(letter, modifiers | {character})
        else:
            return None
    return found or None


def _characters(phone: str) -> Iterator[str]:
    """Letters and marks one by one, but those that have a row of their own (ç) as they are."""
    for character in unicodedata.normalize("NFC", phone):
        yield from character if character in _TABLE else unicodedata.normalize("NFD", character)


def _of_manners(one: str, other: str) -> float:
    if one == other:
        return 0.0
    if one in _OPEN and other in _OPEN:
        return 0.2 + 0.1 * abs(_OPEN[one] - _OPEN[other])
    if "lateral" in one + other and {"nasal", "stop"}.isdisjoint({one, other}):
        return 0.35
    return 0.45


def _of_letters(one: str, other: str) -> float:
    """0 for the same letter, about 1 for any two that have little in common."""
    if one == other:
        return 0.0
    if one in _VOWELS and other in _VOWELS:
        (height, back, rounded), (height2, back2, rounded2) = _VOWELS[one], _VOWELS[other]
        return 0.2 * abs(height - height2) + 0.15 * abs(back - back2) + 0.1 * (rounded != rounded2)
    if one in _TABLE and other in _TABLE:
        left, right = _TABLE[one], _TABLE[other]
        where = min(0.5, 0.12 * abs(left.place - right.place))
        return where + _of_manners(left.manner, right.manner) + 0.15 * (left.voiced != right.voiced)
    return _GLIDES.get(frozenset((one, other)), 1.0)


def _distance(ones: list[_Sound], others: list[_Sound]) -> float:
    """Of two phones of as many letters: the mean of their letters'."""
    total = sum(
        _of_letters(one.letter, other.letter) + 0.05 * len(one.modifiers ^ other.modifiers)
        for one, other in zip(ones, others, strict=True)
    )
    return total / len(ones)


class Nearest:
    """Phones of other languages in the phones of one inventory."""

    def __init__(self, inventory: Iterable[str]) -> None:
        self._inventory = [(phone, sounds) for phone in inventory if (sounds := _sounds(phone))]

    def __call__(self, phone: str) -> tuple[str, ...]:
        """The nearest phone, or those nearest to its parts (*a*, *ɪ* for *aɪ*) where they are
        nearer; empty if none is nearer than FAR, or the phone is no IPA."""
        sounds = _sounds(phone)
        if sounds is None:
            return ()
        whole = self._one(sounds)
        parts = [self._one([sound]) for sound in sounds]
        apart = sum(distance for distance, _ in parts) / len(parts)
        if len(parts) > 1 and apart < whole[0]:
            return tuple(name for _, name in parts) if apart < FAR else ()
        return (whole[1],) if whole[0] < FAR else ()

    def _one(self, sounds: list[_Sound]) -> tuple[float, str]:
        """Distance and name of the nearest phone of as many letters; the first of equals."""
        alike = ((own, name) for name, own in self._inventory if len(own) == len(sounds))
        return min(
            ((_distance(sounds, own), name) for own, name in alike),
            default=(1.0, ""),
            key=lambda found: found[0],
        )
