"""What a search has found."""

from __future__ import annotations

from typing import NamedTuple


class Evidence(NamedTuple):
    """Of one word, as in confidence.py; agreement as log odds, length as a natural log."""

    agreement: float
    gap: float
    length: float


class Hypothesis(NamedTuple):
    """tokens: numbers without blanks. words: empty without lexicon or ``<space>``. score: natural
    log of the best path, plus lm_weight times log10 of the LM, plus the word scores. ends: of words
    of a lexicon or a Transcoder, how many tokens there are up to the end of each. evidence: of the
    words' confidence, where what found them tells it."""

    tokens: list[int]
    words: list[str]
    score: float
    ends: tuple[int, ...] = ()
    evidence: tuple[Evidence, ...] = ()
