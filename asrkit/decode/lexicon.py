"""Pronouncing dictionaries: ``word<TAB>phones`` files, and how texts and espeak-ng make them."""

from __future__ import annotations

import dataclasses
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from asrkit.decode.overlap import losses, respell, some
from asrkit.files import DataError, atomic, read_lines
from asrkit.text.non_linguistic import characters
from asrkit.text.normalize import split_hyphens
from asrkit.text.phonemize import Phonemizer
from asrkit.tokens import TokenList
from asrkit.vocabulary import type_of

_MINIMUM_SHARE = 0.1  # of a word's occurrences, for a way it is spoken inside sentences
Lexicon = dict[str, list[tuple[str, ...]]]


class LexiconError(ValueError):
    """A lexicon that cannot be read or used."""


def lexicon_name(token_file: str) -> str:
    """What stage 9 calls the lexicon for models of these labels: of phones, or of letters, or of
    their subword units."""
    kind, _ = type_of(token_file)
    return f"lexicon.{kind}.txt" if kind == "char" or kind.startswith("bpe") else "lexicon.txt"


def read_lexicon(path: str | Path) -> Lexicon:
    """Word -> its pronunciations, in file order, in NFC. Raises LexiconError (file, line)."""
    try:
        lines = read_lines(path)
    except DataError as error:
        raise LexiconError(f"{error}; python -m asrkit.bin.make_lexicon makes one") from None
    lexicon: Lexicon = {}
    for number, line in enumerate(lines, start=1):
        word, tab, phones = unicodedata.normalize("NFC", line).partition("\t")
        spelling = tuple(phones.split())
        if not tab or not spelling or word.split() != [word]:
            raise LexiconError(f"{path}:{number}: not 'word<TAB>phones': {line!r}")
        if spelling in lexicon.setdefault(word, []):
            raise LexiconError(f"{path}:{number}: duplicate line for {word!r}")
        lexicon[word].append(spelling)
    if not lexicon:
        raise LexiconError(f"{path}: the lexicon is empty")
    return lexicon


def write_lexicon(path: str | Path, lexicon: Mapping[str, Iterable[tuple[str, ...]]]) -> None:
    """Words sorted by code point; pronunciations in the order given."""
    with atomic(path) as out:
        for word in sorted(lexicon):
            for phones in lexicon[word]:
                out.write(f"{word}\t{' '.join(phones)}\n")


def with_words(lexicon: Lexicon, added: Lexicon) -> Lexicon:
    """The lexicon with more words, and more pronunciations of those that it has, behind its own."""
    made = {word: list(spellings) for word, spellings in lexicon.items()} if added else lexicon
    for word, spellings in added.items():
        known = made.setdefault(word, [])
        known += [spelling for spelling in spellings if spelling not in known]
    return made


class Usable(NamedTuple):
    """A lexicon in a model's tokens: what it can spell, pronunciations lost, and a note on them."""

    lexicon: Lexicon
    lost: int
    notes: list[str]


def usable(lexicon: Lexicon, tokens: TokenList) -> Usable:
    """The pronunciations that ``tokens`` can spell. Raises OverlapError if there are none."""
    kept: Lexicon = {}
    lost = []
    for word, spellings in lexicon.items():
        for phones in spellings:
            own = respell(phones, tokens)
            if own is None:
                lost.append(phones)
            elif own not in kept.setdefault(word, []):
                kept[word].append(own)
    missing = sorted({p for phones in lost for p in phones if tokens.own_form(p) is None})
    notes = losses(
        len(lost),
        sum(map(len, lexicon.values())),
        "pronunciations of the lexicon are left out",
        f"the model has no {some(missing)}",
        "are lexicon and model of one token type, case and language?",
    )
    return Usable(kept, len(lost), notes)


@dataclasses.dataclass(frozen=True)
class LexiconReport:
    """What build_lexicon left out: words without phones or with characters that espeak cannot read,
    and how many rarer words."""

    silent: list[str]
    rare: int


def build_lexicon(
    lines: Iterable[str],
    phonemizer: Phonemizer | None,
    *,
    spell: Callable[[str], Sequence[str]] = characters,
    min_count: int = 1,
    max_words: int | None = None,
    max_pronunciations: int = 3,
    max_sentences: int = 100_000,
) -> tuple[Lexicon, LexiconReport]:
    """Words of normalized lines with espeak's pronunciations; without phonemizer, as ``spell`` has
    them: their letters, or units of a BpeTokenizer.

    For a phonemizer, lines have their hyphens; its policy says whether they separate words.

    Every word is spoken alone; how it sounds inside sentences is added where espeak kept the words
    apart (Sentence.aligned), if that is at least a tenth of the word's occurrences. Most frequent
    first, ``max_pronunciations`` a word. Lines are streamed; espeak reads the first
    ``max_sentences`` of them.
    """
    kept: list[str] = []  # what espeak reads
    counts: Counter[str] = Counter()
    apart = phonemizer is not None and phonemizer.options["hyphens"] == "split"
    for line in lines:
        counts.update((split_hyphens(line) if apart else line).split())
        if phonemizer is not None and len(kept) < max_sentences:
            kept.append(line)
    if not counts:
        raise LexiconError("no text: the files hold no word")
    ranked = sorted((w for w in counts if counts[w] >= min_count), key=lambda w: (-counts[w], w))
    words = sorted(ranked[:max_words])
    if phonemizer is None:
        lexicon: Lexicon = {word: [tuple(spell(word))] for word in words}
    else:
        spoken_as = _pronunciations(kept, words, phonemizer)
        lexicon = {}
        alone = phonemizer.each(words, "lexicon, words")
        for word, sentence in zip(words, alone, strict=True):
            spoken = tuple(phone for phones in sentence.phones for phone in phones)
            if sentence.unread:
                continue
            floor = max(1.0, _MINIMUM_SHARE * spoken_as[word].total())
            common = [p for p, count in spoken_as[word].most_common() if count >= floor]
            merged = list(dict.fromkeys(filter(None, [*common[:1], spoken, *common[1:]])))
            if merged:
                lexicon[word] = merged[:max_pronunciations]
    if not lexicon:
        raise LexiconError("the texts hold no word that can be pronounced")
    silent = [word for word in words if word not in lexicon]
    return lexicon, LexiconReport(silent, len(counts) - len(words))


def _pronunciations(
    lines: list[str], words: list[str], phonemizer: Phonemizer
) -> dict[str, Counter[tuple[str, ...]]]:
    """How often each word is spoken in each way inside the lines."""
    spoken_as: dict[str, Counter[tuple[str, ...]]] = {word: Counter() for word in words}
    for sentence in phonemizer.each(lines, "lexicon, sentences"):
        if sentence.aligned and not sentence.switches and not sentence.unread:
            for word, phones in zip(sentence.words, sentence.phones, strict=True):
                if word in spoken_as:
                    spoken_as[word][tuple(phones)] += 1
    return spoken_as
