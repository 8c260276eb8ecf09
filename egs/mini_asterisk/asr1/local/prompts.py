"""Texts of the Asterisk core sounds: reading, judging and cleaning them."""

from __future__ import annotations

import gzip
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from asrkit.text.normalize import normalize

LETTERS = {
    "en": "a-z",
    "es": "a-záéíóúüñ",
    "fr": "a-zàâæçéèêëîïôœùûüÿ",
    "it": "a-zàèéìíîòóùú",
    "ru": "а-яё",
}
WORD = re.compile(r"[^\s-]+")
DOMINANT = 20  # a spelling wins when the vocabulary holds it this many times as often as any other
# Right without an accent, though the help text has (almost) only passés and tè.
PLAIN = {"fr": {"passes"}, "it": {"te"}}
QUESTION = re.compile(r"\?(?=(\s*)(\w))")
OTHER_KEY = re.compile(r"[\w/]+-[\w/-]+: ")


class Prompt(NamedTuple):
    """One line of the text file: key (file name without suffix), raw text, line number (from 1)."""

    key: str
    text: str
    line: int


class Dropped(ValueError):
    """The prompt cannot be used; the message is the reason that is counted."""


class PromptFileError(ValueError):
    """The text file of a language is missing, not UTF-8, or not `key: text`."""


def read_prompts(path: Path) -> tuple[list[Prompt], int]:
    """Prompts of `core-sounds-XX.txt[.gz]` in file order; how many keys came again (not kept)."""
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PromptFileError(f"{path}: not UTF-8 at byte {error.start}; fetch it again") from error
    prompts: dict[str, Prompt] = {}
    twice = 0
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith(";"):
            continue
        key, colon, value = line.partition(":")
        if not colon or not key or re.search(r"\s|\.\.", key):
            raise PromptFileError(f"{path}:{number}: expected `key: text`, found {line[:60]!r}")
        if key in prompts:
            twice += 1
        else:
            prompts[key] = Prompt(key, value.strip(), number)
    return list(prompts.values()), twice


def number_words(prompts: Iterable[Prompt]) -> dict[str, str]:
    """How the corpus itself reads numbers: `digits/7: sette` gives {"7": "sette"}."""
    found = {}
    for prompt in prompts:
        match = re.fullmatch(r"digits/(\d+)", prompt.key)
        if match:
            found[match.group(1)] = prompt.text
    return found


class Vocabulary:
    """Word counts of clean text in a language; used to undo lost letters and left-out accents."""

    def __init__(self, counts: Counter[str]) -> None:
        self.counts = counts
        self._spellings: dict[str, list[str]] = {}
        for word in counts:
            self._spellings.setdefault(strip_accents(word), []).append(word)

    def best(self, candidates: Iterable[str]) -> str | None:
        """The candidate that is at least DOMINANT times as frequent as every other, or None."""
        ranked = sorted(candidates, key=lambda word: (-self.counts[word], word))
        if not ranked or not self.counts[ranked[0]]:
            return None
        second = self.counts[ranked[1]] if len(ranked) > 1 else 0
        return ranked[0] if self.counts[ranked[0]] >= DOMINANT * second else None

    def accented(self, word: str) -> str:
        """`numero` -> `número` where the vocabulary has (almost) no `numero`; else unchanged."""
        spellings = self._spellings.get(word)
        if not spellings:
            return word
        return self.best({word, *spellings}) or word


def strip_accents(word: str) -> str:
    """Base letters only: `contraseña` -> `contrasena`."""
    parts = unicodedata.normalize("NFD", word)
    return "".join(char for char in parts if not unicodedata.combining(char))


def repair_lost_letters(text: str, lang: str, vocabulary: Vocabulary) -> tuple[str, int]:
    """Text with each `?` that stands for a letter (`pu? essere`) replaced, and how many were.

    Raises Dropped when the vocabulary does not single out one word. The `?` of a question is kept.
    """
    marked = QUESTION.sub(lambda mark: "\0" if not mark[1] or mark[2].islower() else "?", text)
    if marked == text:
        return text, 0
    accented = [char for char in expand(LETTERS[lang]) if strip_accents(char) != char]
    repaired = 0
    words = marked.split(" ")
    for index, word in enumerate(words):
        if word.count("\0") > 1:
            raise Dropped("lost letter")
        if "\0" in word:
            by_form = {normalize(word.replace("\0", char), lang): char for char in accented}
            best = vocabulary.best(by_form)
            if best is None:
                raise Dropped("lost letter")
            words[index] = word.replace("\0", by_form[best])
            repaired += 1
    return " ".join(words), repaired


def expand(ranges: str) -> str:
    """All characters of a regular-expression class such as `a-zé`."""
    return "".join(chr(code) for code in range(0x24F) if re.fullmatch(f"[{ranges}]", chr(code)))


def clean(
    prompt: Prompt, lang: str, numbers: dict[str, str], vocabulary: Vocabulary | None
) -> tuple[str, Counter[str]]:
    """Normalized words of a prompt and what was changed in it; raises Dropped with the reason."""
    text = prompt.text
    if not text:
        raise Dropped("no text")
    if re.fullmatch(r"[\[(<].*[\])>]\W*", text):
        raise Dropped("noise")
    if re.search(r"[\[\]()<>]", text):
        raise Dropped("remark in brackets")
    if OTHER_KEY.search(text):
        raise Dropped("several prompts in one line")
    if re.search(r"[*#/@$%&+=_|\\]", text):
        raise Dropped("symbol read aloud")
    done: Counter[str] = Counter()
    if lang == "it":
        text = re.sub(r"\bE'(?=\s)", "È", text)
    text, done["lost letter restored"] = repair_lost_letters(
        text, lang, vocabulary or Vocabulary(Counter())
    )
    spoken = re.sub(
        r"(?<!\w)\d+(?!\w)", lambda match: numbers.get(match.group(), match.group()), text
    )
    done["number spelled out"] = int(spoken != text)
    words = normalize(spoken, lang, hyphens="keep")
    if re.search(r"\d", words):
        raise Dropped("number without a reading")
    if not words:
        raise Dropped("no text")
    if not re.fullmatch(f"[{LETTERS[lang]}' -]+", words):
        raise Dropped("foreign letters")
    if vocabulary is not None and lang in ("es", "fr", "it"):
        plain = PLAIN.get(lang, set())
        accented = WORD.sub(
            lambda word: word[0] if word[0] in plain else vocabulary.accented(word[0]), words
        )
        done["accent restored"] = int(accented != words)
        words = accented
    return words, done
