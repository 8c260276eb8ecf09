"""Texts to phones: espeak-ng's IPA without stress, flags and empty phones, word by word.

With ``g2p="epitran"`` (text/g2p.py) that package's rules make them.
"""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tqdm import tqdm

from asrkit.align import align
from asrkit.text.espeak import Cache, versions, voice_of
from asrkit.text.g2p import CHOICES, Epitran
from asrkit.text.normalize import NormalizeError, normalize, split_hyphens
from asrkit.text.numerals import with_numerals
from asrkit.text.scripts import base_language
from asrkit.text.spoken import spoken
from asrkit.text.unread import Reading, Unread
from asrkit.tokens import SPACE

_BATCH = 2000
SWITCH_POLICIES = ("remove-flags", "keep", "remove-utterance")
_FLAG = re.compile(r"\([a-z][\w-]*\)")
# Between words that espeak reads as one: the hyphens of *y a-t-il*, the stops of *a.m*.
_STOP = r"(?<=[^\W\d_])\.(?=[^\W\d_])"
_JOINTS = {"keep": re.compile(_STOP), "split": re.compile(f"-|{_STOP}")}
# Stress, the link of joined words, tie bars, the joiner of some IPA fonts.
_IGNORED = re.compile("[ˈˌ'\u0361\u035c\u200d-]")


class PhonemizeError(ValueError):
    """A text that cannot become phones under the chosen policy."""


@dataclasses.dataclass(frozen=True)
class Sentence:
    """Phones of one text.

    words: the normalized words. phones: one list of phones for every word espeak spoke.
    aligned: espeak spoke as many words as were written, so that the two lists go together;
        it joins some (*of the*) and reads numbers as several.
    switches: languages espeak switched to inside the text.
    removed: the utterance holds a switch and the policy is ``remove-utterance``.
    unread: characters that espeak cannot read, but names or passes over (text/unread.py).
    empty: phones of no sound that espeak gave. digits: whether digits are written. silent: of words
        that espeak joined, those that have no phones alone.
    """

    words: list[str]
    phones: list[list[str]]
    aligned: bool
    switches: list[str]
    removed: bool = False
    unread: list[str] = dataclasses.field(default_factory=list)
    empty: int = 0
    digits: bool = False
    silent: int = 0

    def tokens(self, *, word_boundary: bool = False) -> list[str]:
        """Phones in one list; with ``<space>`` between words if asked."""
        out: list[str] = []
        for phones in self.phones:
            if word_boundary and out and phones:
                out.append(SPACE)
            out.extend(phones)
        return out


# What is counted of each for the report.
_COUNTS: dict[str, Callable[[Sentence], int]] = {
    "utterances": lambda _: 1,
    "words": lambda sentence: len(sentence.words),
    "phones": lambda sentence: sum(map(len, sentence.phones)),
    "empty_phones": lambda sentence: sentence.empty,
    "words_without_phones": lambda sentence: sentence.silent,
    "utterances_with_digits": lambda sentence: int(sentence.digits),
    "utterances_not_aligned": lambda sentence: int(not sentence.aligned),
    "utterances_with_switches": lambda sentence: int(bool(sentence.switches)),
    "utterances_removed": lambda sentence: int(sentence.removed),
    "utterances_without_phones": lambda sentence: int(not sentence.phones),
    "utterances_with_unread": lambda sentence: int(bool(sentence.unread)),
}


def parse_raw(raw: str, *, switch: str = "remove-flags") -> tuple[list[list[str]], list[str], int]:
    """espeak's raw line to (phones by word, flags, number of empty phones dropped).

    Stress marks and ties are taken away; flags such as ``(en)`` are dropped, or kept as tokens of
    their own under the policy ``keep``.
    """
    words, flags, empty = [], [], 0
    for word in raw.split():
        phones: list[str] = []
        for piece in word.split("_"):
            found = _FLAG.findall(piece)
            flags.extend(found)
            if switch == "keep":
                phones.extend(found)
            phone = _IGNORED.sub("", _FLAG.sub("", piece))
            if phone:
                phones.append(phone)
            elif not found:
                empty += 1
        if phones:
            words.append(phones)
    return words, flags, empty


def share_out(alone: Sequence[Sequence[str]], phones: list[str]) -> list[list[str]]:
    """The phones of *y-a-t-il* to its parts, by their alignment with the parts ``alone``.

    espeak reads the whole, as one-letter parts by themselves are names of letters. What belongs to
    no phone of a part goes to the part before it. All in one list if a part is left without phones.
    """
    owners = [part for part, own in enumerate(alone) for _ in own]
    shares: list[list[str]] = [[] for _ in alone]
    if not owners:
        return [phones]
    place = 0
    for ref, phone in align([p for own in alone for p in own], phones).pairs:
        if phone is not None:
            shares[owners[max(0, place if ref is not None else place - 1)]].append(phone)
        place += ref is not None
    return shares if all(shares) else [phones]


class Plain(NamedTuple):
    """A text normalized with its hyphens, and what espeak is given for it."""

    text: str
    said: str


class Phonemizer:
    """Phonemizes one language, remembers what it counted, and asks espeak only once for a text.

    switch: what to do where espeak switches to another language (foreign words): ``remove-flags``
    keeps the phones, ``keep`` keeps the flags as tokens too, ``remove-utterance`` drops the text.
    digits: ``keep`` (espeak reads them) or ``refuse``. hyphens: ``split`` or ``keep`` words that
    have them; espeak reads them whole in any case. g2p: ``espeak`` or ``epitran``. Raises
    EspeakError or G2PError for languages that it has not.
    """

    def __init__(
        self,
        language: str,
        *,
        switch: str = "remove-flags",
        digits: str = "keep",
        hyphens: str = "split",
        g2p: str = "espeak",
        cache_dir: str | Path | None = None,
    ) -> None:
        if switch not in SWITCH_POLICIES:
            raise PhonemizeError(f"switch is one of {SWITCH_POLICIES}, not {switch!r}")
        if g2p not in CHOICES:
            raise PhonemizeError(f"g2p is one of {CHOICES}, not {g2p!r}")
        self.language = language
        self.switch = switch
        self.options = {"switch": switch, "digits": digits, "hyphens": hyphens, "g2p": g2p}
        self.counts: Counter[str] = Counter()
        self.switched: Counter[str] = Counter()
        self.unread: Counter[str] = Counter()
        self._unread: Unread | Epitran
        if g2p == "espeak":
            self.voice, self.versions = voice_of(language), versions()
            self.cache = Cache(cache_dir, self.voice)
            self._unread = Unread(language, self.readings)
        else:
            rules = self._unread = Epitran(language)
            self.voice, self.versions = rules.name, rules.versions
            maker = f"epitran{rules.versions['epitran']}"
            self.cache = Cache(cache_dir, self.voice, maker=maker, ask=rules.phonemes)

    def __call__(self, texts: Sequence[str]) -> list[Sentence]:
        """Phones of raw (unnormalized) texts, in their order. An empty text gives no phones."""
        sentences = self.read([self.normalized(text) for text in texts])
        for sentence in sentences:
            self.count(sentence)
        return sentences

    def normalized(self, text: str) -> Plain:
        """A raw text as ``read`` takes it. Raises PhonemizeError if the spelling refuses it."""
        try:
            words = self._words(text)
        except NormalizeError as error:
            raise PhonemizeError(str(error)) from None
        plain = " ".join(words)
        if self.options["g2p"] != "espeak":
            return Plain(plain, plain)
        said = with_numerals(text, words, self.language, self._words)
        return Plain(plain, spoken(" ".join(said), self.language))

    def _words(self, text: str) -> list[str]:
        digits = self.options["digits"]
        return normalize(text, self.language, digits=digits, hyphens="keep").split()

    def readings(self, texts: list[str]) -> list[Reading]:
        """What the voice says to texts as they are."""
        found = []
        for raw in self.cache.phonemes(texts, self.voice):
            words, flags, _ = parse_raw(raw)
            phones = [phone for word in words for phone in word]
            found.append(Reading(phones, len(words), bool(self._switches(flags))))
        return found

    def _switches(self, flags: list[str]) -> list[str]:
        """The languages of flags that are not the voice's own."""
        home = base_language(self.voice)
        return [flag[1:-1] for flag in flags if base_language(flag[1:-1]) != home]

    def read(self, texts: Sequence[Plain]) -> list[Sentence]:
        """Phones of normalized texts, in their order, which are not counted."""
        self._unread.learn(plain.said for plain in texts)
        raws = self.cache.phonemes([plain.said for plain in texts], self.voice)
        return [self._sentence(plain, raw) for plain, raw in zip(texts, raws, strict=True)]

    def _sentence(self, plain: Plain, raw: str) -> Sentence:
        """raw: what espeak says to a text."""
        text, said = plain
        phones, flags, empty = parse_raw(raw, switch=self.switch)
        unread = self._unread.within(said)
        phones = self._apart(said.split(), phones)
        if self.options["hyphens"] == "split":
            text = split_hyphens(text)
        words = text.split()
        switches = self._switches(flags)
        removed = bool(switches) and self.switch == "remove-utterance"
        aligned, silent = len(words) == len(phones), 0
        if not aligned:
            own = self.options["g2p"] != "espeak"
            each = [word if own else spoken(word, self.language) for word in words]
            alone = self.cache.phonemes(each, self.voice)
            silent = sum(not parse_raw(one)[0] for one in alone)
        digits = any(character.isdigit() for character in text)
        return Sentence(words, phones, aligned, switches, removed, unread, empty, digits, silent)

    def count(self, sentence: Sentence) -> None:
        """For the report: a sentence that it has read, or another of the same options."""
        self.counts.update({name: count(sentence) for name, count in _COUNTS.items()})
        self.unread.update(sentence.unread)
        self.switched.update(sentence.switches)

    def _apart(self, tokens: list[str], phones: list[list[str]]) -> list[list[str]]:
        """Phones of what was joined shared out to its words, if each token has its own."""
        if len(tokens) != len(phones):
            return phones
        joint = _JOINTS[self.options["hyphens"]]
        out: list[list[str]] = []
        for token, own in zip(tokens, phones, strict=True):
            parts = joint.split(token)
            if len(parts) > 1:
                alone = [reading.phones for reading in self.readings(parts)]
                out.extend(share_out(alone, own))
            else:
                out.append(own)
        return out

    def each(self, texts: Sequence[str], label: str) -> Iterator[Sentence]:
        """Phones of many texts, a batch at a time, with a progress bar of that name."""
        with tqdm(total=len(texts), desc=label, unit="sentence", delay=2) as bar:
            for start in range(0, len(texts), _BATCH):
                batch = texts[start : start + _BATCH]
                yield from self(batch)
                bar.update(len(batch))

    def report(self) -> dict[str, Any]:
        """Voice, options and counts; JSON-ready."""
        return {
            "voice": self.voice,
            "counts": {name: self.counts[name] for name in _COUNTS},
            "switches": dict(sorted(self.switched.items())),
            "unread": dict(self.unread.most_common()),
        }
