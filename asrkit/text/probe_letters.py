"""Letters of a language, each asked of its voice alone and between others."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from asrkit.text.languages import Language
from asrkit.text.normalize import normalize
from asrkit.text.scripts import scripts_of
from asrkit.text.unread import SHORTEST, Reading, holds, neighbors_of

# Scripts with a letter for each sound, in which a reading of three phones is a name.
_ALPHABETS = {"ARABIC", "ARMENIAN", "CYRILLIC", "GEORGIAN", "GREEK", "HEBREW", "LATIN"}
# What is no sound by itself: marks, and kana that change the one before.
_SIGNS = ("NUKTA", "VIRAMA", "SUKUN", "HIRAGANA LETTER SMALL", "KATAKANA LETTER SMALL")
_SYLLABARY = 200  # of more letters than that, many sound alike
_ALIKE = 4
Read = Callable[[Sequence[str]], list[Reading]]


@dataclass
class Letters:
    """The letters of one language, of which ``tried`` could be asked.

    named: read by name; skipped: passed over; foreign: read in another language. silent: without a
    sound between vowels, which may be right. bare: read as the letter without its marks. apart:
    pairs and more that are one letter, read one by one. alike: letters that one reading is shared
    by. respelled: letters with what the spelling makes of them.
    """

    tried: int = 0
    named: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    bare: list[str] = field(default_factory=list)
    apart: list[str] = field(default_factory=list)
    alike: list[list[str]] = field(default_factory=list)
    respelled: list[tuple[str, str]] = field(default_factory=list)

    @property
    def unread(self) -> list[str]:
        """Those the voice cannot read."""
        return [*self.named, *self.skipped, *self.foreign]


def probe_letters(language: Language, read: Read) -> Letters:
    """Asks for every letter of ``language``; read: raw texts to what its voice says."""
    found = Letters()
    letters = [letter for letter in language.letters if _is_letter(letter)]
    for letter in letters:
        whole = unicodedata.normalize("NFC", letter)
        spelled = normalize(letter, language.code, hyphens="keep")
        if spelled and spelled != whole:
            found.respelled.append((letter, spelled))
    found.tried = len(letters)
    around = neighbors_of(language.code)
    alone = read(letters)
    between = [read([f"{a}{letter}{a}" for letter in letters]) for a in around]
    empty = [read([a + a])[0] for a in around]
    alphabet = scripts_of(language.code)[0] in _ALPHABETS
    groups: dict[tuple[tuple[str, ...], ...], list[str]] = {}
    for letter, one, *inside in zip(letters, alone, *between, strict=True):
        phones = [reading.phones for reading in inside]
        fault = _fault(one, inside, empty, alphabet=alphabet)
        plain = _unmarked(letter)
        if fault == "foreign":
            found.foreign.append(letter)
        elif fault == "skipped":
            found.skipped.append(letter)
        elif fault == "named" and len(plain) < 2:
            found.named.append(letter)
        elif phones == [without.phones for without in empty]:
            found.silent.append(letter)
        else:
            groups.setdefault(tuple(map(tuple, phones)), []).append(letter)
            if not alphabet:
                continue
            if plain != letter and phones == [read([f"{a}{plain}{a}"])[0].phones for a in around]:
                found.bare.append(letter)
            elif len(plain) > 1 and all(len(own) >= 2 + len(plain) for own in phones):
                found.apart.append(letter)
    if len(letters) <= _SYLLABARY:
        found.alike = [group for group in groups.values() if len(group) >= _ALIKE]
    return found


def _is_letter(letter: str) -> bool:
    """Whether it has a letter or a mark that sounds; apostrophes are probed as marks."""
    return any(
        unicodedata.category(c)[0] in "LM"
        and unicodedata.category(c) != "Lm"
        and not any(sign in unicodedata.name(c, "") for sign in _SIGNS)
        for c in letter
    )


def _fault(
    alone: Reading, inside: Sequence[Reading], empty: Sequence[Reading], *, alphabet: bool
) -> str | None:
    """What is wrong with a letter in every place: ``named``, ``skipped``, ``foreign``; or None.

    empty: what its neighbors are without it. In syllabic scripts a reading has several phones.
    """
    pairs = list(zip(inside, empty, strict=True))
    if all(one.foreign and not without.foreign for one, without in pairs):
        return "foreign"
    if not alone.phones and all(one.phones == without.phones for one, without in pairs):
        return "skipped"
    apart = all(one.words > without.words == 1 for one, without in pairs)
    long = len(alone.phones) >= (3 if alphabet or apart else SHORTEST)
    if long and all(holds(one.phones, alone.phones) for one in inside):
        return "named"
    return None


def _unmarked(letter: str) -> str:
    decomposed = unicodedata.normalize("NFD", letter)
    return "".join(c for c in decomposed if not unicodedata.combining(c))
