"""Why words that a Transcoder wrote are wrong: unknown, homophones, seldom in the text, or else."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path

from asrkit.align import align
from asrkit.files import DataError
from asrkit.kaldi.kaldi_text import read_keyed
from asrkit.tokens import TokenList
from asrkit.transcoder.labels import STAR

KINDS = ("unknown word", "homophone", "seldom in the text", "other")


class TrainingText:
    """Words of a folder of phones (``text.phn``, ``text.star``): how often, and how spoken."""

    def __init__(self, folder: Path) -> None:
        self.count: Counter[str] = Counter()
        self.spoken: defaultdict[str, set[tuple[str, ...]]] = defaultdict(set)
        phones = read_keyed(folder / "text.phn")
        for name, labels in read_keyed(folder / "text.star").items():
            if name not in phones:
                raise DataError(f"{folder}/text.phn: no {name}; make the text again (stage 10)")
            word: list[str] = []
            for phone, label in zip(phones[name].split(), labels.split(), strict=True):
                word.append(phone)
                if label != STAR:
                    self.count[label] += 1
                    self.spoken[label].add(tuple(word))
                    word = []


class WordErrors:
    """Counts errors by kind.

    Every error of the alignment with the fewest errors is of the first kind that fits: the
    reference's word is not in ``known``; reference and hypothesis are spoken alike somewhere in the
    training text; the reference's word is there at most ``seldom`` times; other (insertions
    among them).
    """

    def __init__(self, known: TokenList, text: TrainingText, *, seldom: int = 3) -> None:
        self.known, self.text, self.seldom = known, text, seldom
        self.words = 0
        self.errors: Counter[str] = Counter()

    def add(self, ref: list[str], hyp: list[str]) -> None:
        self.words += len(ref)
        for wanted, written in align(ref, hyp).pairs:
            if wanted != written:
                self.errors[self._kind(wanted, written)] += 1

    def _kind(self, wanted: str | None, written: str | None) -> str:
        if wanted is None:
            return "other"
        if wanted not in self.known:
            return "unknown word"
        spoken = self.text.spoken
        if written is not None and spoken[wanted] & spoken[written]:
            return "homophone"
        return "seldom in the text" if self.text.count[wanted] <= self.seldom else "other"

    def table(self) -> str:
        """Markdown: percent of the reference's words, by kind and together."""
        if not self.words:
            raise DataError("the references hold no word")
        shares = [100 * self.errors[kind] / self.words for kind in KINDS]
        head = "| words | " + " | ".join(KINDS) + " | WER |\n"
        cells = " | ".join(f"{share:.2f}" for share in [*shares, sum(shares)])
        return f"{head}|{'--:|' * (len(KINDS) + 2)}\n| {self.words} | {cells} |\n"
