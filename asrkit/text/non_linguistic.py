"""Non-linguistic symbols, sounds such as ``<hes>``: each is one word, and one character.

Only these are known, so that no text grows tokens by accident. Recipes map the tags of their corpus
to them or drop them (egs/babel/asr1/local/tags.tsv). Characters and words keep them as labels;
phones and subword units leave them out; error rates of characters and words leave them out unless
asked to count them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

NLSYMS = ("<hes>", "<laugh>", "<noise>", "<oov>", "<silence>", "<v-noise>")
POLICIES = ("drop", "keep")
_PATTERN = re.compile(rf"(?<!\S)({'|'.join(NLSYMS)})(?!\S)")


def split_nlsyms(text: str) -> list[str]:
    """Text and symbols in turn, beginning and ending with text, which may be empty."""
    return _PATTERN.split(text) if "<" in text else [text]


def without_nlsyms(words: Iterable[str]) -> list[str]:
    return [word for word in words if word not in NLSYMS]


def characters(word: str) -> list[str]:
    """The code points of a word; a symbol is one character."""
    return [word] if word in NLSYMS else list(word)


def split_characters(words: Iterable[str], separator: str) -> list[str]:
    """Characters of words with ``separator`` between them."""
    out: list[str] = []
    for word in words:
        out.extend([separator, *characters(word)] if out else characters(word))
    return out


def join_characters(symbols: Iterable[str], separator: str) -> list[str]:
    """Words of characters with ``separator`` between them; a symbol is a word also without one."""
    spaced = (" " if s == separator else f" {s} " if s in NLSYMS else s for s in symbols)
    return "".join(spaced).split()
