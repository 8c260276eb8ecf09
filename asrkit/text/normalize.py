"""One spelling of a text for phonemizing, language models and scoring.

Policy: Unicode NFC; one encoding for each letter (text/letters.py); lower case by the rules of the
language; one apostrophe, kept where it belongs to a word (text/apostrophes.py); hyphens and dashes
separate words; the rest by text/word_breaks.py: what is invisible vanishes, what words are written
with stays, all other punctuation and symbols separate words; digits are kept for the phonemizer to
read out, or refused; letters and marks are never touched.
"""

from __future__ import annotations

import re
import unicodedata

from asrkit.text import non_linguistic
from asrkit.text.apostrophes import one_apostrophe, without_quotes
from asrkit.text.letters import letters_of_shapes, one_encoding, own_script
from asrkit.text.markup import MarkupError, tags_to_nlsyms
from asrkit.text.scripts import base_language
from asrkit.text.word_breaks import break_words, without_invisible
from asrkit.tokens import SPACE

DIGIT_POLICIES = ("keep", "refuse")
HYPHEN_POLICIES = ("split", "keep")
HYPHENS_HELP = "make several words of a word with hyphens, or keep it as one"
_PART = re.compile(r"(-?)([^\s-]+)")


class NormalizeError(ValueError):
    """A text that the chosen policy refuses."""


def lower(text: str, language: str) -> str:
    """Lower case; in Turkish and Azerbaijani, dotted and dotless i stay apart."""
    if base_language(language) in ("tr", "az"):
        text = text.replace("I\u0307", "i").replace("\u0130", "i").replace("I", "\u0131")
    return text.lower().replace("i\u0307", "i")


def split_hyphens(text: str) -> str:
    """A text normalized with ``hyphens="keep"`` to the one that ``"split"`` gives."""
    if "<" not in text:
        return text.replace("-", " ")
    words = (w if w in non_linguistic.NLSYMS else w.replace("-", " ") for w in text.split(" "))
    return " ".join(words)


def normalize(
    text: str,
    language: str,
    *,
    digits: str = "keep",
    hyphens: str = "split",
    nlsyms: str = "drop",
) -> str:
    """One line of text to words separated by single spaces; empty if nothing is spoken.

    digits: ``keep`` leaves numbers for the phonemizer to read; ``refuse`` raises NormalizeError.
    hyphens: ``split`` makes two words of *well-known*; ``keep`` leaves hyphens inside words.
    nlsyms: ``keep`` leaves ``<hes>`` and other non-linguistic symbols (text/non_linguistic.py) as
    words; ``drop`` removes them.
    Raises NormalizeError if the text holds the word separator ``<space>``, or other markup
    than text/markup.py knows.
    """
    if digits not in DIGIT_POLICIES or hyphens not in HYPHEN_POLICIES:
        raise NormalizeError(
            f"digits is one of {DIGIT_POLICIES} and hyphens one of {HYPHEN_POLICIES},"
            f" not {digits!r} and {hyphens!r}"
        )
    if nlsyms not in non_linguistic.POLICIES:
        raise NormalizeError(f"nlsyms is one of {non_linguistic.POLICIES}, not {nlsyms!r}")
    try:
        parts = non_linguistic.split_nlsyms(tags_to_nlsyms(text))
    except MarkupError as error:
        raise NormalizeError(str(error)) from None
    if len(parts) > 1:
        parts[::2] = [normalize(p, language, digits=digits, hyphens=hyphens) for p in parts[::2]]
        return " ".join(filter(None, parts if nlsyms == "keep" else parts[::2]))
    if SPACE in text:
        raise NormalizeError(f"the text holds the word separator {SPACE}: {text!r}; take it out")
    language = base_language(language)
    text = letters_of_shapes(unicodedata.normalize("NFC", text))
    text = without_invisible(one_apostrophe(lower(text, language)), language)
    text = one_encoding(unicodedata.normalize("NFC", text), language)
    if digits == "refuse" and any(character.isdigit() for character in text):
        raise NormalizeError(f"the text holds digits: {text!r}; spell the numbers out")
    text = own_script(break_words(text, language), language)
    spelled = _without_empty(text, language)
    return unicodedata.normalize("NFC", split_hyphens(spelled) if hyphens == "split" else spelled)


def _without_empty(text: str, language: str) -> str:
    """Words and parts between hyphens that hold a letter or digit, quotation marks taken off."""
    found = _PART.findall(text)
    words = without_quotes([word for _, word in found], language)
    out, joins = [], False
    for (hyphen, _), word in zip(found, words, strict=True):
        spoken = any(character.isalnum() for character in word)
        if spoken:
            out.append(f"{'-' if hyphen and joins else ' '}{word}")
        joins = spoken
    return "".join(out).strip(" ")
