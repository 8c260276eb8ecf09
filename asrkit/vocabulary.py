"""Separate vocabularies: one recognizer of many languages in which each has tokens of its own.

XLSR, section 3.3: vocabularies are shared or separated between languages. A separate token names
its language, ``(it)a``. ``<space>`` stays one token, so that words are told apart in one way.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from asrkit.tokens import BLANK, SPACE, UNK, TokenError, TokenList

SUFFIX = "_separate"  # of token files: text.phn_separate
_NAMED = re.compile(r"\(([^()\s]+)\)(\S+)")
_COMMON = (BLANK, UNK, SPACE)


def with_language(token: str, lang: str) -> str:
    """``(it)a`` of ``a``; ``<space>`` as it is. Raises TokenError if it names a language."""
    if token == SPACE:
        return token
    if _NAMED.fullmatch(token):
        raise TokenError(f"the token {token!r} names a language already")
    return f"({lang}){token}"


def language_of(token: str) -> str | None:
    named = _NAMED.fullmatch(token)
    return named[1] if named else None


def without_language(token: str) -> str:
    """``a`` of ``(it)a``; other tokens as they are."""
    named = _NAMED.fullmatch(token)
    return named[2] if named else token


def languages_in(tokens: TokenList) -> list[str]:
    """Languages of a separate vocabulary, sorted; empty for a shared one."""
    named = [language_of(symbol) for symbol in tokens.symbols if symbol not in _COMMON]
    found = {lang for lang in named if lang is not None}
    return sorted(found) if len(named) == sum(lang is not None for lang in named) else []


class Restriction(NamedTuple):
    """One language's part of a separate vocabulary.

    tokens: without the language's name. columns: int64 [len(tokens)], their numbers in the whole.
    """

    tokens: TokenList
    columns: np.ndarray

    def whole(self, numbers: Iterable[int]) -> list[int]:
        """Numbers of this part as numbers of the whole vocabulary."""
        return [int(self.columns[number]) for number in numbers]


def restrict(tokens: TokenList, lang: str) -> Restriction:
    """Blank, ``<unk>``, ``<space>`` and the tokens of ``lang``; scores [T, V] become
    ``scores[:, columns]``. Raises TokenError if the vocabulary has none."""
    known = languages_in(tokens)
    if lang not in known:
        what = f"it has {', '.join(known)}" if known else "all languages share its tokens"
        raise TokenError(f"the vocabulary has no tokens of {lang!r} alone: {what}")
    columns = [
        number
        for number, symbol in enumerate(tokens.symbols)
        if symbol in _COMMON or language_of(symbol) == lang
    ]
    symbols = [without_language(tokens.symbols[number]) for number in columns]
    return Restriction(TokenList(symbols), np.array(columns))


def type_of(token_file: str) -> tuple[str, bool]:
    """What a token file's tokens are (phn, char, bpe30, ...), and whether each names its language:
    of ``text.phn_separate``, phn and true."""
    kind = Path(token_file).suffix.removeprefix(".")
    return kind.removesuffix(SUFFIX), kind.endswith(SUFFIX)


def strip_languages(symbols: Sequence[str]) -> list[str]:
    return [without_language(symbol) for symbol in symbols]
