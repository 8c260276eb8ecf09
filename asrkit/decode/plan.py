"""What is done with recordings: how words are searched for, in which language, in what windows."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from asrkit.decode.confidence import NBEST, Calibration
from asrkit.decode.hypothesis import Hypothesis
from asrkit.decode.languages import Stretch
from asrkit.decode.parallel import BeamTask
from asrkit.tokens import TokenList
from asrkit.vocabulary import Restriction, restrict

VADS = ("energy", "none")
AUTO = "auto"  # in place of a language: the one that is spoken
NOT_LIVE = "--lang auto decides by all that is said between pauses: name the language of a stream"


@dataclasses.dataclass(frozen=True)
class Plan:
    """beam: the search; None for the best path. reader: what makes hypotheses of frames [T, V], in
    place of both; calibration: of its words. lang: of the words; with ``restricted``, the one
    whose tokens alone may be written (separate vocabularies). nj: processes of the search. nbest:
    alternatives of a segment; none with 1. max_seconds: of a window. vad: one of VADS; energy:
    nothing is said where only noise is. auto: what decides the language, in place of ``lang``, and
    with it the search."""

    beam: BeamTask | None = None
    lang: str | None = None
    restricted: bool = False
    nj: int = 1
    nbest: int = 1
    max_seconds: float = 60.0
    vad: str = "energy"
    reader: Callable[[np.ndarray], list[Hypothesis]] | None = None
    calibration: Calibration | None = None
    auto: Auto | None = None

    def __post_init__(self) -> None:
        if self.vad not in VADS:
            raise ValueError(f"vad is one of {', '.join(VADS)}, not {self.vad!r}")

    def part(self, tokens: TokenList) -> Restriction | None:
        """The tokens that may be written, if not all."""
        return restrict(tokens, self.lang) if self.restricted and self.lang else None

    def task(self, part: Restriction | None) -> BeamTask:
        """``beam``, for words with their confidence."""
        assert self.beam is not None
        words = "lexicon" in self.beam.options
        options = {**self.beam.options, "nbest": max(self.nbest, NBEST if words else 1)}
        lang = self.lang if part else self.beam.lang
        return dataclasses.replace(self.beam, options=options, lang=lang)

    def of(self, lang: str | None) -> Plan:
        """The plan of what is said in a language; None: of what is in none, by the best path."""
        if self.auto is None:
            return self
        return self.auto.plan_of(lang) if lang else dataclasses.replace(self, auto=None)


@dataclasses.dataclass(frozen=True)
class Auto:
    """find: samples [S] to the languages that are spoken in them. plan_of: a language
    to the plan for it."""

    find: Callable[[np.ndarray], list[Stretch]]
    plan_of: Callable[[str], Plan]
