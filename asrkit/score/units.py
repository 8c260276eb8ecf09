"""What is counted: phones, characters or words, and whether the word separator counts."""

from __future__ import annotations

from asrkit.text.non_linguistic import split_characters
from asrkit.tokens import SPACE

UNITS = ("per", "cer", "wer", "ter")
NAMES = {"per": "PER", "cer": "CER", "wer": "WER", "ter": "TER"}


class UnitError(ValueError):
    """An unknown unit or separator policy."""


def default_separator(unit: str) -> str:
    """Phone error rates leave the separator out (as fairseq does); character rates count it."""
    if unit not in UNITS:
        raise UnitError(f"unit is one of {', '.join(UNITS)}, not {unit!r}")
    return "drop" if unit == "per" else "keep"


def split_units(text: str, unit: str, separator: str) -> list[str]:
    """One line of text to the items that are counted.

    per, ter: tokens by white space. cer: characters (a mark is one), words joined by ``<space>``.
    wer: words.
    separator ``drop`` leaves ``<space>`` out; wer never holds one.
    """
    default_separator(unit)
    if separator not in ("drop", "keep"):
        raise UnitError(f"separator is drop or keep, not {separator!r}")
    tokens = text.split()
    if unit == "cer":
        tokens = split_characters((token for token in tokens if token != SPACE), SPACE)
    if separator == "drop" or unit == "wer":
        tokens = [token for token in tokens if token != SPACE]
    return tokens


def policy(unit: str, separator: str) -> str:
    """The counting rule in words, for tables and files."""
    if unit == "wer":
        return "words by white space"
    what = {"per": "phones", "cer": "characters", "ter": "tokens"}[unit]
    return f"{what}, word separator {'not counted' if separator == 'drop' else 'counted'}"
