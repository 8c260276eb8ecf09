"""Recordings to transcripts: windows to frames, frames to pieces, pieces to words with times.

A recording of any length is never searched as a whole: its frames come window by window
(windows.py), and as soon as there is half a minute of them it is cut where blanks are longest.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator

import numpy as np
import torch
from torch import Tensor

from asrkit.arguments import warn
from asrkit.audio.activity import active
from asrkit.audio.given import Given
from asrkit.decode.beam import Hypothesis
from asrkit.decode.confidence import NBEST, Evidence
from asrkit.decode.parallel import BeamTask, decode_many
from asrkit.decode.pieces import (
    Model,
    Piece,
    Recording,
    align,
    alternatives,
    best_path,
    evidence_in,
    said_in,
    silenced,
)
from asrkit.decode.segments import Cutter, segments
from asrkit.decode.windows import Stream, streamed
from asrkit.rate import RATE
from asrkit.tokens import TokenList
from asrkit.transcript import Alternative, Segment, Word
from asrkit.vocabulary import Restriction, restrict

VADS = ("energy", "none")


@dataclasses.dataclass(frozen=True)
class Plan:
    """beam: the search; None for the best path. reader: what makes hypotheses of frames [T, V], in
    place of both. lang: of the words; with ``restricted``, the one
    whose tokens alone may be written (separate vocabularies). nj: processes of the search. nbest:
    alternatives of a segment; none with 1. max_seconds: of a window. vad: one of VADS; energy:
    nothing is said where only noise is."""

    beam: BeamTask | None = None
    lang: str | None = None
    restricted: bool = False
    nj: int = 1
    nbest: int = 1
    max_seconds: float = 60.0
    vad: str = "energy"
    reader: Callable[[np.ndarray], list[Hypothesis]] | None = None

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


def transcribe(
    model: Model,
    recordings: Iterable[tuple[str, Given]],
    plan_: Plan,
    *,
    tell: Callable[[str], None] = warn,
) -> Iterator[tuple[str, list[Segment], float]]:
    """(name, audio) to (name, segments, seconds of audio), in the same order.

    Segments end at pauses (segments.py); with an n-best, what was searched at once is one.

    Several recordings are recognized at once; of each no more is held than its samples and a
    minute of frames. ``tell`` is given notes on the search.
    """
    words: list[Word] = []
    made: list[Segment] = []
    pieces = _pieces(model, model.frames, recordings, plan_)
    for piece, said, best in _said(model, pieces, plan_, tell):
        if best and said:
            made.append(Segment.of(said, alternatives=best))
        else:
            words += said
        if piece.last:
            made = sorted([*made, *segments(words)], key=lambda segment: segment.start)
            yield piece.recording.name, made, piece.recording.duration
            words, made = [], []


def passages(
    model: Model, given: Given, plan_: Plan, *, tell: Callable[[str], None] = warn
) -> Generator[tuple[float, list[Segment]], None, None]:
    """One recording as it is recognized, a window at a time: (seconds that are done, the segments
    that have come since). The last passage reaches the end."""

    def stream(waves: Iterable[Tensor]) -> Iterator[Tensor]:
        for wave in waves:
            yield from model.frames([wave])

    pieces = _pieces(model, stream, [("", given)], plan_)
    for piece, words, _ in _said(model, pieces, plan_, tell):
        end = model.clock.seconds(piece.start + len(piece.scores))
        yield piece.recording.duration if piece.last else end, segments(words)


def _said(
    model: Model,
    pieces: Generator[Piece, None, None],
    plan_: Plan,
    tell: Callable[[str], None],
) -> Iterator[tuple[Piece, list[Word], list[Alternative]]]:
    """Each piece with its words, and its n-best if that is asked for."""
    part = plan_.part(model.tokens)
    with contextlib.closing(pieces):
        for piece, found in _searched(model, pieces, plan_, part, tell):
            best = alternatives(model, found[: plan_.nbest], part) if plan_.nbest > 1 else []
            yield piece, said_in(model, piece, found, part), best


def _pieces(
    model: Model, stream: Stream, recordings: Iterable[tuple[str, Given]], plan_: Plan
) -> Generator[Piece, None, None]:
    """Frames of all recordings, cut where nothing is said."""

    def readable() -> Iterator[tuple[Recording, Tensor]]:
        for name, given in recordings:
            samples = given.samples
            speech = active(samples) if plan_.vad == "energy" else None
            duration = round(len(samples) / RATE, 3)
            yield Recording(name, duration, speech), torch.from_numpy(samples)

    made = streamed(stream, readable(), model.clock, plan_.max_seconds)
    for recording, parts in made:
        cutter, at = Cutter(model.clock), 0
        for frames in parts:
            if recording.speech is not None:
                frames = silenced(frames, at, recording.speech, model.clock)
            at += len(frames)
            for start, scores in cutter.add(frames):
                yield Piece(recording, start, scores, False)
        start, scores = cutter.rest()
        yield Piece(recording, start, scores, True)


def _searched(
    model: Model,
    pieces: Iterable[Piece],
    plan_: Plan,
    part: Restriction | None,
    tell: Callable[[str], None],
) -> Iterator[tuple[Piece, list[Hypothesis]]]:
    """Each piece, in the tokens of ``part`` if one is given, with its hypotheses, best first."""
    restricted = (
        piece if part is None else piece._replace(scores=piece.scores[:, part.columns])
        for piece in pieces
    )
    if plan_.reader is not None:
        for piece in restricted:
            yield piece, plan_.reader(piece.scores.numpy())
        return
    if plan_.beam is None:
        for piece in restricted:
            yield piece, [best_path(piece.scores)]
        return
    waiting: deque[Piece] = deque()

    def rows() -> Iterator[tuple[str, np.ndarray]]:
        for piece in restricted:
            waiting.append(piece)
            yield piece.recording.name, piece.scores.numpy()

    made = decode_many(plan_.task(part), rows(), nj=plan_.nj, tell=tell, build=model.decoder)
    for _, found in made:
        yield waiting.popleft(), found


def evidence(
    model: Model, recordings: Iterable[tuple[str, Given]], plan_: Plan
) -> Iterator[tuple[str, list[tuple[str, Evidence]]]]:
    """(name, audio) to (name, the words that a search with a lexicon finds, each with what its
    confidence is made of), to fit that."""
    part = plan_.part(model.tokens)
    rows: list[tuple[str, Evidence]] = []
    with contextlib.closing(_pieces(model, model.frames, recordings, plan_)) as pieces:
        for piece, found in _searched(model, pieces, plan_, part, warn):
            best = found[0]
            if best.ends:
                path = align(piece.scores, best.tokens)
                rows += zip(best.words, evidence_in(found, path, piece.scores), strict=True)
            if piece.last:
                yield piece.recording.name, rows
                rows = []
