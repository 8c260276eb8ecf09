"""What a voice of espeak-ng does with its language, found out by asking it.

The letters, numbers and phrases asked for are those of text/languages.py; they go the way of every
text (spelling, then text/spoken.py), so that what asrkit mends is not reported.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

from asrkit.align import align
from asrkit.text.ipa import strange_symbols, without_tone
from asrkit.text.languages import Language
from asrkit.text.normalize import normalize
from asrkit.text.phonemize import Phonemizer, Plain
from asrkit.text.probe_letters import Letters, probe_letters
from asrkit.text.unread import Reading

_WORDS = 12  # in which a mark is tried
# Syllables that differ in nothing but their tone, in the order in which the tones are counted.
TONES = {
    "zh": "妈 麻 马 骂",
    "yue": "詩 史 試 時 市 事",
    "vi": "ma mà má mả mã mạ",
    "th": "คา ข่า ค่า ค้า ขา",  # mid, low, falling, high, rising
    "my": "ကာ ကား က့",  # low, high, creaky
    "pa": "ਕੋੜਾ ਘੋੜਾ ਕੋੜ੍ਹਾ",  # level, low, high
}


@dataclass
class Probe:
    """Answers of one voice; what it could not be asked is empty or 0.

    phones: all that it said, without tones; strange: those that are no IPA. tones: how many were
    tried; merged: groups of them that it does not tell apart. phrases: how many were tried; joined,
    split: in how many it says fewer or more words than are written. numbers: how many were tried in
    digits and in words; number_errors: differences between the two readings for each phone in
    words, None without numbers. silent_digits: those it passes over. ordinals: how many were tried;
    ordinals_read: nearer to the ordinal than to the number in words; ordinals_lowered: those of a
    text that was brought to asrkit's spelling before. marks: for an apostrophe and a hyphen, how
    many words with one inside are read as without, of how many.
    """

    voice: str
    letters: Letters
    phones: list[str] = field(default_factory=list)
    strange: list[str] = field(default_factory=list)
    tones: int = 0
    merged: list[list[int]] = field(default_factory=list)
    phrases: int = 0
    joined: int = 0
    split: int = 0
    numbers: int = 0
    number_errors: float | None = None
    silent_digits: str = ""
    ordinals: int = 0
    ordinals_read: int = 0
    ordinals_lowered: int = 0
    marks: dict[str, tuple[int, int]] = field(default_factory=dict)


def probe(language: Language) -> Probe:
    """Asks the voice of a language. Raises EspeakError if it has none."""
    prober = _Prober(language)
    letters = probe_letters(language, prober.read)
    found = Probe(prober.phonemizer.voice, letters)
    bad = set("".join(letters.unread))
    prober.words(found)
    prober.marks(found)
    prober.tones(found)
    prober.numbers(found, bad)
    prober.ordinals(found, bad)
    found.phones = sorted({without_tone(phone) for phone in prober.phones} - {""})
    found.strange = [phone for phone in found.phones if strange_symbols(phone)]
    return found


class _Prober:
    def __init__(self, language: Language) -> None:
        self.language = language
        self.phonemizer = Phonemizer(language.code)
        self.phones: set[str] = set()

    def read(self, texts: Sequence[str]) -> list[Reading]:
        """What the voice says to raw texts, in the way of every text."""
        plain = [self.phonemizer.normalized(text).said for text in texts]
        readings = self.phonemizer.readings(plain)
        self.phones.update(p for one in readings if not one.foreign for p in one.phones)
        return readings

    def words(self, found: Probe) -> None:
        texts = [self.phonemizer.normalized(text) for text in self.language.phrases]
        for sentence in self.phonemizer.read(list(dict.fromkeys(filter(_said, texts)))):
            if not sentence.switches:
                self.phones.update(sentence.tokens())
            found.phrases += 1
            found.joined += len(sentence.phones) < len(sentence.words)
            found.split += len(sentence.phones) > len(sentence.words)

    def marks(self, found: Probe) -> None:
        words = [text for text in self.language.phrases if text.isalpha() and len(text) > 3]
        words = words[:_WORDS]
        plain = self.read(words)
        for mark in "'-" if words else "":
            inside = [f"{word[: len(word) // 2]}{mark}{word[len(word) // 2 :]}" for word in words]
            pairs = zip(plain, self.read(inside), strict=True)
            found.marks[mark] = sum(a.phones == b.phones for a, b in pairs), len(words)

    def tones(self, found: Probe) -> None:
        syllables = TONES.get(self.language.code, "").split()
        groups: dict[tuple[str, ...], list[int]] = {}
        for number, reading in enumerate(self.read(syllables), start=1):
            groups.setdefault(tuple(reading.phones), []).append(number)
        found.tones = len(syllables)
        found.merged = [group for group in groups.values() if len(group) > 1]

    def numbers(self, found: Probe, bad: set[str]) -> None:
        digits = "0123456789"
        said = self.read(list(digits))
        found.silent_digits = "".join(
            digit for digit, reading in zip(digits, said, strict=True) if not reading.phones
        )
        pairs = [pair for pair in self.language.cardinals if bad.isdisjoint(pair[1])]
        if pairs:
            spelled = [one.phones for one in self.read([words for _, words in pairs])]
            written = [one.phones for one in self.read([number for number, _ in pairs])]
            errors = sum(map(_errors, spelled, written))
            found.numbers = len(pairs)
            found.number_errors = errors / max(1, sum(map(len, spelled)))

    def ordinals(self, found: Probe, bad: set[str]) -> None:
        """Ordinals before a word: with a stop behind it, a number is one in no other place."""
        after = f" {self.language.week}".rstrip()
        words = [spelled for _, spelled in self.language.cardinals]
        pairs = [pair for pair in self.language.ordinals if bad.isdisjoint(pair[1])]
        numbers = [_number_of(written) for written, _ in pairs]
        table = {number: spelled for number, spelled in self.language.cardinals}
        if not words or not pairs:
            return
        ordinal = self.read([spelled + after for _, spelled in pairs])
        cardinal = self.read([table[number] + after for number in numbers])

        def read(texts: list[str]) -> int:
            said = self.read(texts)
            return sum(
                _errors(one.phones, reading.phones) < _errors(other.phones, reading.phones)
                for one, other, reading in zip(ordinal, cardinal, said, strict=True)
            )

        raw = [written + after for written, _ in pairs]
        code = self.language.code
        found.ordinals = len(pairs)
        found.ordinals_read = read(raw)
        found.ordinals_lowered = read([normalize(text, code, hyphens="keep") for text in raw])


def _said(plain: Plain) -> bool:
    return bool(plain.said)


def _number_of(written: str) -> str:
    """``3`` of an ordinal such as ``3º``."""
    return "".join(str(unicodedata.decimal(c)) for c in written if c.isdecimal())


def _errors(ref: Sequence[str], hyp: Sequence[str]) -> int:
    return sum(left != right for left, right in align(ref, hyp).pairs)
