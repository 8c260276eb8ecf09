"""What becomes of BABEL's tags: named policies, all in one table, tags.tsv.

A cell says what a policy makes of a tag: ``-`` nothing, ``=`` itself, ``strip`` the word without
its markers, ``lexicon`` the word if the pack's lexicon has it, with or without markers, else
``<oov>``; anything else is put in its place. ``<oov>`` is what Kaldi and lhotse call ``<unk>``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Set
from pathlib import Path

from asrkit.files import DataError, read_lines
from asrkit.text.non_linguistic import NLSYMS
from asrkit.text.normalize import lower, normalize

TABLE = Path(__file__).with_name("tags.tsv")
POLICIES = ("xlsr", "kaldi", "lhotse")
MARKERS = "-*~"
TAG = re.compile(r"<[^<>\s]*>|\(\(\)\)|~")
# Typed without a space, they are tags all the same: the letters of <int> are no word.
GLUED = re.compile(r"<[^<>\s]*>|\(\(\)\)")
SHAPES = (  # of words with markers, tried in this order
    ("*word*", re.compile(r"\*+.*|.*\*+")),
    ("word-", re.compile(r".+-")),
    ("-word", re.compile(r"-.+")),
)


def read_table(path: Path = TABLE) -> dict[str, dict[str, str]]:
    """policy -> row -> cell."""
    head, *rows = (line.split("\t") for line in read_lines(path))
    return {name: {row[0]: row[head.index(name)] for row in rows} for name in POLICIES}


def read_lexicon_words(path: Path, *, roman: bool = False) -> set[str]:
    """Words of ``reference_materials/lexicon.txt``: the first of its tab-separated columns, or the
    second, which is the romanized word where a pack has those."""
    rows = [line.split("\t") for line in read_lines(path) if line.strip()]
    return {row[roman].strip() for row in rows if len(row) > roman}


class TagPolicy:
    """Raw text of a segment to words and marks. ``counts``: tags and marked words seen so far.

    lexicon: words of the pack, for policies with ``lexicon`` in their column.
    """

    def __init__(self, name: str, lang: str, lexicon: Set[str] = frozenset()) -> None:
        if name not in POLICIES:
            raise DataError(f"--tags is one of {', '.join(POLICIES)}, not {name!r}")
        self.name, self.lang = name, lang
        self.table = read_table()[name]
        self.lexicon = {lower(word, lang) for word in lexicon}
        if self.needs_lexicon and not self.lexicon:
            raise DataError(f"--tags {name} maps words outside the lexicon, and there is none")
        self.counts: Counter[str] = Counter()

    @property
    def needs_lexicon(self) -> bool:
        return "lexicon" in self.table.values()

    def words(self, text: str) -> list[str]:
        """The words and marks that the policy makes of a text."""
        out = []
        for word in GLUED.sub(r" \g<0> ", text).split():
            out.extend(self._word(word).split())
        return out

    def text(self, raw: str, *, train: bool) -> tuple[str, str]:
        """The text of a segment, and "" or why the segment is left out."""
        words = self.words(raw)
        text = " ".join(words)
        spelled = normalize(text, self.lang, nlsyms="keep").split()
        if not spelled:
            return "", "nothing spoken"
        rule = self.table["marks alone"]
        noises = set(NLSYMS) - {"<hes>"}  # a hesitation is a word to Kaldi
        if rule == "drop_train" and train and noises.issuperset(spelled):
            return "", "marks alone"
        return text, ""

    def _word(self, word: str) -> str:
        row = self._row(word)
        cell = self.table.get(row, "-")
        if row != "word":
            self.counts[row] += 1
        if cell == "-":
            return ""
        if cell == "=":
            return word
        if cell == "strip":
            return word.strip(MARKERS)
        if cell == "lexicon":
            return self._in_lexicon(word)
        return cell

    def _row(self, word: str) -> str:
        """The row of the table for a word; a tag that is not in it is its own name, and dropped."""
        if TAG.fullmatch(word):
            return word
        for name, shape in SHAPES:
            if shape.fullmatch(word):
                return name
        return "word"

    def _in_lexicon(self, word: str) -> str:
        """Markers are taken off one by one, the last first, until the lexicon has the word."""
        found = lower(word, self.lang)
        while found not in self.lexicon:
            if len(found) > 1 and found[-1] in MARKERS:
                found = found[:-1]
            elif len(found) > 1 and found[0] in MARKERS:
                found = found[1:]
            else:
                self.counts["words not in the lexicon"] += 1
                return "<oov>"
        return found

    def unknown(self) -> dict[str, int]:
        """Tags that are not in the table, and how often they came; they were dropped."""
        shapes = {name for name, _ in SHAPES} | {"words not in the lexicon"}
        return {t: n for t, n in self.counts.items() if t not in self.table and t not in shapes}
