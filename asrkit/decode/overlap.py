"""Vocabularies that are joined by spelling: what only one of them has is reported, or refused.

A lexicon, an n-gram and a model's tokens are files of strings, and come from anywhere. Where they
differ in case, encoding, language or kind, nothing breaks: words vanish from the search, or all
score as the n-gram's ``<unk>``.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from flashlight.lib.text.decoder.kenlm import KenLM
from flashlight.lib.text.dictionary import Dictionary

from asrkit.tokens import TokenList

_SHOWN = 10
_NO_WORD = " "  # what no n-gram holds: its words are split at white space


class OverlapError(ValueError):
    """Vocabularies that share nothing."""


def some(names: Iterable[str]) -> str:
    """The first names, and how many more there are."""
    names = list(names)
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return " ".join(names[:_SHOWN]) + more


def losses(lost: int, total: int, what: str, why: str, remedy: str) -> list[str]:
    """``<lost> of <total> <what>: <why>``, if any are lost; raises OverlapError if all are."""
    if not lost:
        return []
    said = f"{lost} of {total} {what}: {why}"
    if lost == total:
        raise OverlapError(f"{said}; {remedy}")
    return [said]


def respell(spelling: Sequence[str], tokens: TokenList) -> tuple[str, ...] | None:
    """A pronunciation in the tokens' own Unicode form; None if they cannot spell it.

    Letters and phones are the same composed or not (``ä`` is ``a`` and a mark); where marks are
    symbols of their own, they belong to the symbol before.
    """
    for form in _forms(spelling):
        found = [tokens.own_form(symbol) for symbol in form]
        own = tuple(symbol for symbol in found if symbol is not None)
        if len(own) == len(found):
            return own
    return None


def _forms(spelling: Sequence[str]) -> Iterator[list[str]]:
    yield list(spelling)
    composed: list[str] = []
    for symbol in spelling:
        if composed and all(map(unicodedata.combining, symbol)):
            composed[-1] += symbol
        else:
            composed.append(symbol)
    yield composed
    yield [mark for symbol in spelling for mark in unicodedata.normalize("NFD", symbol)]


def load_ngram(path: str | Path, names: Sequence[str]) -> tuple[Any, list[str]]:
    """KenLM over ``names``, which are distinct, and those of them that it does not know.

    A name that is written in another Unicode form there (NFC, NFD) is found. Raises RuntimeError
    or ValueError for what is not a model.
    """
    lm = KenLM(str(path), Dictionary([*names, _NO_WORD]))
    unknown = _unknown(lm, names)
    known = set(names)
    other = {name: form for name in unknown if (form := _other_form(name)) not in known}
    if other:
        names = [other.get(name, name) for name in names]
        lm = KenLM(str(path), Dictionary([*names, _NO_WORD]))
        there = set(_unknown(lm, names))
        unknown = [name for name in unknown if other.get(name, name) in there]
    return lm, unknown


def _other_form(name: str) -> str:
    composed = unicodedata.normalize("NFC", name)
    return composed if composed != name else unicodedata.normalize("NFD", name)


def _unknown(lm: Any, names: Sequence[str]) -> list[str]:
    """Names that score as what is not a word does, at the beginning of a sentence and anywhere."""
    starts = lm.start(False), lm.start(True)
    floor = [lm.score(start, len(names))[1] for start in starts]
    found = ([lm.score(start, number)[1] for start in starts] for number in range(len(names)))
    return [name for name, scores in zip(names, found, strict=True) if scores == floor]
