"""A Transcoder and its search, as the options of programs ask for them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from asrkit.arguments import warn
from asrkit.decode.search import read_weights
from asrkit.transcoder.model import Phones2Words
from asrkit.transcoder.search import BEAM_SIZE, LM_WEIGHT, WordSearch


def asked_of(args: argparse.Namespace) -> dict[str, Any]:
    """Those of the search in ``args`` that are not left to their defaults; --weights has been read.

    Raises DataError where that is no such file.
    """
    names = ("lm", "lm_weight", "word_score", "beam_size", "nbest")
    asked = {name: vars(args)[name] for name in names if vars(args)[name] is not None}
    if args.weights is not None:
        asked["lm_weight"], asked["word_score"], _ = read_weights(args.weights)
    return asked


def open_transcoder(
    path: Path,
    *,
    device: str = "cpu",
    max_phones: int = 300,
    lm: Path | None = None,
    lm_weight: float | None = None,
    word_score: float | None = None,
    beam_size: int | None = None,
    nbest: int = 1,
) -> Phones2Words:
    """The Transcoder with the search that these ask for, None standing for a default; without one
    where they ask for none: the likeliest words are found so. Says which words an n-gram has not
    seen."""
    model = Phones2Words(path, device=device, max_phones=max_phones)
    if lm is not None or nbest > 1 or word_score:
        model.search = WordSearch(
            model.tokens,
            lm=lm,
            lm_weight=LM_WEIGHT if lm_weight is None else lm_weight,
            word_score=word_score or 0.0,
            beam_size=beam_size or BEAM_SIZE,
            nbest=nbest,
        )
        for note in model.search.notes:
            warn(note)
    return model


def unused(args: argparse.Namespace, why: str) -> list[tuple[bool, str, str]]:
    """Rules of refuse_unused for these options; why: begins each reason."""
    searches = bool(args.lm or args.word_score or args.nbest > 1)
    return [
        (args.lm is None, "weights lm_weight", f"{why}without --lm"),
        (not searches, "beam_size", f"{why}without a search: --lm, --word_score or --nbest"),
        (args.weights is not None, "lm_weight word_score", "beside --weights, whose numbers count"),
    ]
