"""Recordings to transcripts: windows to frames, frames to pieces, pieces to words with times.

A recording of any length is never searched as a whole: its frames come window by window
(windows.py), and as soon as there is half a minute of them it is cut where blanks are longest.
"""

from __future__ import annotations

import contextlib
import itertools
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator

import numpy as np
import torch
from torch import Tensor

from asrkit.arguments import warn
from asrkit.audio.activity import active
from asrkit.audio.given import Given
from asrkit.decode.hypothesis import Evidence, Hypothesis
from asrkit.decode.languages import in_main_language
from asrkit.decode.parallel import decode_many
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
from asrkit.decode.plan import Plan
from asrkit.decode.segments import Cutter, segments
from asrkit.decode.windows import Network, streamed
from asrkit.rate import RATE
from asrkit.transcript import Alternative, Segment, Transcript, Word
from asrkit.vocabulary import Restriction

Searched = tuple[Piece, list[Hypothesis], Restriction | None]


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
    before: Piece | None = None
    pieces = _pieces(model, model.frames, recordings, plan_)
    for piece, said, best in _said(model, pieces, plan_, tell):
        if before is not None and piece.number != before.number:
            made += before.spoken(segments(words))
            words = []
        if best and said:
            made += piece.spoken([Segment.of(said, alternatives=best)])
        else:
            words += said
        before = piece
        if piece.last:
            made += piece.spoken(segments(words))
            made.sort(key=lambda segment: segment.start)
            yield piece.recording.name, made, piece.recording.duration
            words, made, before = [], [], None


def written(found: tuple[str, list[Segment], float], plan_: Plan, model: str) -> Transcript:
    """The transcript of what ``transcribe`` gave. model: its name."""
    name, said, duration = found
    if plan_.auto is None:
        return Transcript(tuple(said), duration, name, plan_.lang, model)
    said, lang, sure = in_main_language(said)
    return Transcript(tuple(said), duration, name, lang, model, sure)


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
        until = piece.recording.duration if piece.last else end
        yield until, piece.spoken(segments(words))


def _said(
    model: Model,
    pieces: Generator[Piece, None, None],
    plan_: Plan,
    tell: Callable[[str], None],
) -> Iterator[tuple[Piece, list[Word], list[Alternative]]]:
    """Each piece with its words, and its n-best if that is asked for."""
    with contextlib.closing(pieces):
        for piece, found, part in _searched(model, pieces, plan_, tell):
            best = alternatives(model, found[: plan_.nbest], part) if plan_.nbest > 1 else []
            yield piece, said_in(model, piece, found, part, plan_.calibration), best


def _pieces(
    model: Model, network: Network, recordings: Iterable[tuple[str, Given]], plan_: Plan
) -> Generator[Piece, None, None]:
    """Frames of all recordings, cut where nothing is said."""

    def readable() -> Iterator[tuple[Recording, Tensor]]:
        for name, given in recordings:
            samples = given.samples
            speech = active(samples) if plan_.vad == "energy" else None
            duration = round(len(samples) / RATE, 3)
            languages = plan_.auto.find(samples) if plan_.auto else ()
            yield Recording(name, duration, speech, languages), torch.from_numpy(samples)

    made = streamed(network, readable(), model.clock, plan_.max_seconds)
    for recording, parts in made:
        borders = deque(one.start // model.clock.hop for one in recording.languages[1:])
        cutter, at, number = Cutter(model.clock), 0, 0
        for frames in parts:
            if recording.speech is not None:
                frames = silenced(frames, at, recording.speech, model.clock)
            while borders and borders[0] < at + len(frames):
                here = borders.popleft() - at
                for start, scores in cutter.add(frames[:here]):
                    yield Piece(recording, start, scores, False, number)
                start, scores = cutter.rest()
                yield Piece(recording, start, scores, False, number)
                frames, at, number = frames[here:], at + here, number + 1
                cutter = Cutter(model.clock, at)
            at += len(frames)
            for start, scores in cutter.add(frames):
                yield Piece(recording, start, scores, False, number)
        start, scores = cutter.rest()
        yield Piece(recording, start, scores, True, number)


def _searched(
    model: Model, pieces: Iterable[Piece], plan_: Plan, tell: Callable[[str], None]
) -> Iterator[Searched]:
    """Each piece, in the tokens that its language may have, with its hypotheses, best first, and
    these tokens if they are not all."""
    for lang, group in itertools.groupby(pieces, key=lambda piece: piece.lang):
        yield from _searched_as(model, group, plan_.of(lang), tell)


def _searched_as(
    model: Model, pieces: Iterable[Piece], plan_: Plan, tell: Callable[[str], None]
) -> Iterator[Searched]:
    """``_searched`` of pieces of one language."""
    part = plan_.part(model.tokens)
    restricted = (
        piece if part is None else piece._replace(scores=piece.scores[:, part.columns])
        for piece in pieces
    )
    if plan_.reader is not None:
        for piece in restricted:
            yield piece, plan_.reader(piece.scores.numpy()), part
        return
    if plan_.beam is None:
        for piece in restricted:
            yield piece, [best_path(piece.scores)], part
        return
    waiting: deque[Piece] = deque()

    def rows() -> Iterator[tuple[str, np.ndarray]]:
        for piece in restricted:
            waiting.append(piece)
            yield piece.recording.name, piece.scores.numpy()

    made = decode_many(plan_.task(part), rows(), nj=plan_.nj, tell=tell, build=model.decoder)
    for _, found in made:
        yield waiting.popleft(), found, part


def evidence(
    model: Model, recordings: Iterable[tuple[str, Given]], plan_: Plan
) -> Iterator[tuple[str, list[tuple[str, Evidence]]]]:
    """(name, audio) to (name, the words that a search with a lexicon, or a Transcoder, finds, each
    with what its confidence is made of), to fit that."""
    rows: list[tuple[str, Evidence]] = []
    with contextlib.closing(_pieces(model, model.frames, recordings, plan_)) as pieces:
        for piece, found, _ in _searched(model, pieces, plan_, warn):
            best = found[0]
            if best.ends:
                path = align(piece.scores, best.tokens)
                rows += zip(best.words, evidence_in(found, path, piece.scores), strict=True)
            if piece.last:
                yield piece.recording.name, rows
                rows = []
