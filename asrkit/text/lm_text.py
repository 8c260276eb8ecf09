"""Web text to text for language models: one sentence a line, in asrkit's spelling, without repeats.

Hyphens stay: the programs that read it decide whether they separate words, and espeak wants them.

For the n-grams of XLSR's Table 3, which were trained on CommonCrawl. Lines stream through; memory
does not grow with the text.
"""

from __future__ import annotations

import dataclasses
import functools
import heapq
import itertools
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tqdm import tqdm

from asrkit.files import DataError
from asrkit.keys import key_of
from asrkit.processes import workers
from asrkit.text.deduplicate import LineDeduplicator
from asrkit.text.files import byte_lines, write_text
from asrkit.text.normalize import NormalizeError, normalize, split_hyphens
from asrkit.text.scripts import foreign_share, scripts_of
from asrkit.text.sentences import split_sentences

_CHUNK = 2000  # lines a job
# Each try ends at the next @ or space: a junk line of a million letters takes seconds, not hours.
_ADDRESS = re.compile(r"https?:|www\.|\S@[^\s@]+\.\S", re.IGNORECASE)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Rules:
    """Which sentences stay.

    min_words, max_words: length in words. max_word: letters of its longest word. max_foreign: share
    of letters of another script. digits: ``drop`` sentences with digits or ``keep`` them.
    split: cut lines into sentences. json_field: lines are JSON objects with the text in this field.
    """

    language: str
    min_words: int = 2
    max_words: int = 50
    max_word: int = 30
    max_foreign: float = 0.0
    digits: str = "drop"
    split: bool = True
    json_field: str | None = None

    def __post_init__(self) -> None:
        if self.digits not in ("drop", "keep"):
            raise DataError(f"digits is drop or keep, not {self.digits!r}")
        if not 1 <= self.min_words <= self.max_words or self.max_word < 1:
            raise DataError("min_words is 1 to max_words, and max_word at least 1")
        if not 0 <= self.max_foreign <= 1:
            raise DataError(f"max_foreign is a share from 0 to 1, not {self.max_foreign}")


@dataclasses.dataclass
class Report:
    """Sentences kept, their words, and sentences dropped by reason."""

    lines: int = 0
    kept: int = 0
    words: int = 0
    dropped: Counter[str] = dataclasses.field(default_factory=Counter)
    forgotten: int = 0

    def count(self, sentence: str) -> None:
        self.kept += 1
        self.words += split_hyphens(sentence).count(" ") + 1

    def table(self) -> str:
        rows = [("lines read", self.lines), ("sentences kept", self.kept), ("words", self.words)]
        rows += [(f"dropped: {why}", count) for why, count in self.dropped.most_common()]
        width = max(len(name) for name, _ in rows)
        return "\n".join(f"{name.ljust(width)} {count:12,}" for name, count in rows)


def sentences(line: bytes, rules: Rules) -> Iterator[tuple[str, str]]:
    """(sentence, "") or ("", why it was dropped) for everything in one line of a file."""
    try:
        text = line.decode("utf-8-sig").replace("\0", " ")
        if rules.json_field is not None:
            text = json.loads(text)[rules.json_field]
            if not isinstance(text, str):
                raise TypeError
    except UnicodeDecodeError:
        yield "", "not UTF-8"
        return
    except (ValueError, KeyError, TypeError, RecursionError):
        yield "", f"no JSON with a text in {rules.json_field!r}"
        return
    for paragraph in text.splitlines():
        for part in split_sentences(paragraph) if rules.split else [paragraph]:
            if part.strip():
                yield _clean(part, rules)


def _clean(text: str, rules: Rules) -> tuple[str, str]:
    if _ADDRESS.search(text):
        return "", "a web or mail address"
    try:
        spoken = normalize(text, rules.language, hyphens="keep")
    except NormalizeError:
        return "", "markup or a reserved word"
    words = split_hyphens(spoken).split()
    if len(words) < rules.min_words:
        return "", "too few words"
    if len(words) > rules.max_words:
        return "", "too many words"
    if rules.digits == "drop" and any(character.isdigit() for character in spoken):
        return "", "digits"
    if max(map(len, words)) > rules.max_word:
        return "", "an overlong word"
    if foreign_share(spoken, scripts_of(rules.language)) > rules.max_foreign:
        return "", "another script"
    return spoken, ""


def _clean_chunk(lines: list[bytes], rules: Rules) -> list[tuple[str, str]]:
    return [found for line in lines for found in sentences(line, rules)]


def _cleaned(
    chunks: Iterable[list[bytes]], rules: Rules, nj: int
) -> Iterator[list[tuple[str, str]]]:
    """In order, in ``nj`` processes, with at most four chunks a process in memory."""
    if nj <= 1:
        yield from (_clean_chunk(chunk, rules) for chunk in chunks)
        return
    with workers(nj) as pool:
        yield from pool.in_order(functools.partial(_clean_chunk, rules=rules), chunks)


class Drawn:
    """``count`` of the sentences that come, in their order: seed and sentences decide which.

    Neither their order nor the number of processes that cleaned them does.
    """

    def __init__(self, count: int, seed: int) -> None:
        self._count, self._seed = count, seed
        self._heap: list[tuple[int, int, str]] = []  # (minus its key, place, sentence)
        self.seen = 0

    def add(self, sentence: str) -> None:
        self.seen += 1
        entry = (-key_of(self._seed, "sentence", sentence), self.seen, sentence)
        if len(self._heap) < self._count:
            heapq.heappush(self._heap, entry)
        else:
            heapq.heappushpop(self._heap, entry)

    def __iter__(self) -> Iterator[str]:
        return (sentence for _, _, sentence in sorted(self._heap, key=lambda entry: entry[1]))


def clean(
    paths: Sequence[str | Path],
    out: Path,
    rules: Rules,
    *,
    held_out: Iterable[str] = (),
    megabytes: float = 256,
    max_lines: int | None = None,
    sample: int | None = None,
    seed: int = 0,
    nj: int = 1,
) -> Report:
    """Writes the sentences of ``paths`` that pass ``rules`` to ``out`` (.gz: packed), each once.

    held_out: sentences in asrkit's spelling, of valid and test, that must not come through.
    megabytes: memory for finding repeats (see LineDeduplicator). max_lines: stop after so many.
    sample: keep so many of all that pass, drawn by ``seed``; they are in memory.
    Raises DataError if nothing is left; nothing is written then.
    """
    report, seen, forbidden = Report(), LineDeduplicator(megabytes), frozenset(held_out)
    drawn = None if sample is None else Drawn(sample, seed)
    bar = tqdm(desc=f"clean {out.name}", unit=" lines", unit_scale=True, delay=2)
    with bar, write_text(out) as stream:
        for found in _cleaned(_chunks(paths, report, bar), rules, nj):
            for sentence, why in found:
                if not why and split_hyphens(sentence) in forbidden:
                    why = "held out"
                if not why and not seen.add(sentence):
                    why = "a repeat"
                if why:
                    report.dropped[why] += 1
                elif drawn is not None:
                    drawn.add(sentence)
                elif max_lines is None or report.kept < max_lines:
                    report.count(sentence)
                    stream.write(sentence.encode() + b"\n")
            if max_lines is not None and report.kept >= max_lines:
                break
        for sentence in drawn or ():
            report.count(sentence)
            stream.write(sentence.encode() + b"\n")
        if drawn is not None and drawn.seen > report.kept:
            report.dropped["not drawn"] = drawn.seen - report.kept
        report.forgotten = seen.forgotten
        if not report.kept:
            raise DataError(f"{out}: no sentence is left of the text:\n{report.table()}")
    return report


def _chunks(paths: Sequence[str | Path], report: Report, bar: tqdm) -> Iterator[list[bytes]]:
    lines = itertools.chain.from_iterable(byte_lines(path) for path in paths)
    while chunk := list(itertools.islice(lines, _CHUNK)):
        report.lines += len(chunk)
        bar.update(len(chunk))
        yield chunk
