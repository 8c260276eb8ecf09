"""Error rates of a set: micro, macro over utterances, by language, average over languages."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from asrkit.align import DELETED, INSERTED, Alignment, align


class ScoreError(ValueError):
    """References and hypotheses that do not belong together."""


@dataclasses.dataclass(frozen=True)
class Counts:
    """Sums over utterances; ``tokens`` is the number of reference tokens."""

    sentences: int = 0
    tokens: int = 0
    correct: int = 0
    substitutions: int = 0
    deletions: int = 0
    insertions: int = 0
    wrong_sentences: int = 0

    def __add__(self, other: Counts) -> Counts:
        left, right = dataclasses.astuple(self), dataclasses.astuple(other)
        return Counts(*(a + b for a, b in zip(left, right, strict=True)))

    @property
    def errors(self) -> int:
        return self.substitutions + self.deletions + self.insertions

    @property
    def rate(self) -> float | None:
        """Errors per 100 reference tokens; None without any reference token."""
        return 100.0 * self.errors / self.tokens if self.tokens else None

    @classmethod
    def of(cls, alignment: Alignment) -> Counts:
        s, d, i = alignment.substitutions, alignment.deletions, alignment.insertions
        c = alignment.correct
        return cls(1, c + s + d, c, s, d, i, int(s + d + i > 0))


@dataclasses.dataclass(frozen=True)
class Utterance:
    """One scored utterance; ``missing`` if there was no hypothesis for it."""

    key: str
    language: str
    alignment: Alignment
    counts: Counts
    missing: bool = False


def score_utterances(
    refs: Mapping[str, Sequence[str]],
    hyps: Mapping[str, Sequence[str]],
    languages: Mapping[str, str] | None = None,
) -> list[Utterance]:
    """Aligns every reference with its hypothesis, in the references' order.

    A missing hypothesis counts as deletions. Raises ScoreError on a hypothesis without reference,
    and if there is no reference at all.
    """
    unknown = [key for key in hyps if key not in refs]
    if unknown:
        raise ScoreError(
            f"{len(unknown)} hypotheses have no reference ({', '.join(unknown[:3])}, ...);"
            " reference and hypotheses are of different sets"
        )
    if not refs:
        raise ScoreError("the reference is empty: nothing to score")
    out = []
    for key, ref in refs.items():
        alignment = align(ref, hyps.get(key, ()))
        language = "" if languages is None else languages[key]
        out.append(Utterance(key, language, alignment, Counts.of(alignment), key not in hyps))
    return out


def of_case(utterances: Sequence[Utterance]) -> int:
    """How many fewer errors there are when capitals and small letters are one."""
    fewer = 0
    for utterance in utterances:
        pairs = utterance.alignment.pairs
        ref = [one.lower() for one, _ in pairs if one is not None]
        hyp = [one.lower() for _, one in pairs if one is not None]
        if utterance.counts.errors:
            fewer += utterance.counts.errors - Counts.of(align(ref, hyp)).errors
    return fewer


def total(utterances: Iterable[Utterance]) -> Counts:
    return sum((utterance.counts for utterance in utterances), Counts())


def macro(utterances: Iterable[Utterance]) -> float | None:
    """Mean of the utterances' own rates; utterances with an empty reference have none."""
    return mean_rate(u.counts.rate for u in utterances)


def mean_rate(rates: Iterable[float | None]) -> float | None:
    """Of those that are known; None if none is."""
    known = [rate for rate in rates if rate is not None]
    return sum(known) / len(known) if known else None


def by_language(utterances: Sequence[Utterance]) -> dict[str, list[Utterance]]:
    groups: dict[str, list[Utterance]] = {}
    for utterance in utterances:
        groups.setdefault(utterance.language, []).append(utterance)
    return dict(sorted(groups.items()))


def summary(utterances: Sequence[Utterance]) -> dict[str, Any]:
    """Counts and rates of all, of every language, and the languages' average; JSON-ready."""

    def block(part: Sequence[Utterance]) -> dict[str, Any]:
        counts = total(part)
        return {"micro": counts.rate, "macro": macro(part), **dataclasses.asdict(counts)}

    languages = {name: block(part) for name, part in by_language(utterances).items() if name}
    return {
        **block(utterances),
        "average_over_languages": mean_rate(part["micro"] for part in languages.values()),
        "languages": languages,
        "empty_references": sum(not u.counts.tokens for u in utterances),
        "missing_hypotheses": sum(u.missing for u in utterances),
    }


def confusions(utterances: Iterable[Utterance]) -> dict[str, dict[str, int]]:
    """Reference token -> hypothesis token -> count; gaps are ``<del>`` and ``<ins>``."""
    pairs: Counter[tuple[str, str]] = Counter()
    for utterance in utterances:
        for ref, hyp in utterance.alignment.pairs:
            pairs[INSERTED if ref is None else ref, DELETED if hyp is None else hyp] += 1
    table: dict[str, dict[str, int]] = {}
    for (ref, hyp), count in sorted(pairs.items(), key=lambda item: (-item[1], item[0])):
        table.setdefault(ref, {})[hyp] = count
    return table
