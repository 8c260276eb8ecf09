"""Tokens that a reader cannot tell apart, or that are one letter or phone in two encodings.

For reports alone: nothing is changed by it. Spelling makes one of what a language's tables hold
(text/letters.py); labels of a corpus, phones of other sources and texts that nobody normalized come
as they are.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from asrkit.text.apostrophes import one_apostrophe
from asrkit.text.letters import letters_of_shapes, likenesses
from asrkit.text.word_breaks import without_invisible

# Letters of IPA beside those of Latin and Greek, ligatures that IPA has given up, tie bars.
_PHONES = {
    "\u0261": "g",
    "\u02d0": ":",
    "\u03b1": "\u0251",
    "\u03b5": "\u025b",
    "\u03bf": "o",
    "\u03bd": "v",
    "\u02a3": "dz",
    "\u02a4": "d\u0292",
    "\u02a5": "d\u0291",
    "\u02a6": "ts",
    "\u02a7": "t\u0283",
    "\u02a8": "t\u0255",
    "\u0361": "",
    "\u035c": "",
}
_TABLE = str.maketrans({**likenesses(), **_PHONES})


def skeleton(text: str) -> str:
    """Equal for texts that differ in their encoding only; of no other use. Case counts."""
    text = letters_of_shapes(unicodedata.normalize("NFC", text)).replace("\u0565\u0582", "\u0587")
    text = without_invisible(one_apostrophe(text), "").translate(_TABLE)
    return unicodedata.normalize("NFC", text)


def look_alikes(tokens: Iterable[str]) -> list[list[str]]:
    """Groups of two and more different tokens of one skeleton, in the order of the tokens."""
    groups: dict[str, list[str]] = {}
    for token in dict.fromkeys(tokens):
        groups.setdefault(skeleton(token), []).append(token)
    return [group for group in groups.values() if len(group) > 1]


def with_codes(token: str) -> str:
    """``ș U+0219``: a token and its code points; of a long one the first that are not ASCII."""
    codes = [f"U+{ord(c):04X}" for c in token if not c.isascii() or len(token) == 1]
    return " ".join([token, *codes[:3]])
