"""Recordings to transcripts: windows to frames, frames to pieces, pieces to words with times.

A recording of any length is never searched as a whole: its frames come window by window
(windows.py), and as soon as there is half a minute of them it is cut where blanks are longest.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor
from torchaudio.functional import forced_align

from asrkit.arguments import warn
from asrkit.audio.activity import STEP, active
from asrkit.audio.given import Given
from asrkit.decode.beam import BeamDecoder, Hypothesis
from asrkit.decode.confidence import NBEST, Calibration, Evidence, evidence_of
from asrkit.decode.parallel import BeamTask, decode_many
from asrkit.decode.segments import Cutter, segments
from asrkit.decode.timing import Clock, Span, spans, timed, words_of
from asrkit.decode.windows import Stream, streamed
from asrkit.rate import RATE
from asrkit.tokens import TokenList
from asrkit.transcript import Alternative, Segment, Word
from asrkit.vocabulary import Restriction, restrict

IMPOSSIBLE = -100.0  # natural log of a token's probability where nobody speaks
VADS = ("energy", "none")


class Model(Protocol):
    """What a transcript needs of a recognizer (asrkit.infer.Speech2Text)."""

    tokens: TokenList
    token_file: str
    clock: Clock
    calibration: Calibration

    def decoder(self, task: BeamTask) -> BeamDecoder: ...

    def stream(self, waves: Iterable[Tensor | np.ndarray]) -> Iterator[Tensor]: ...


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


class Recording(NamedTuple):
    """duration: seconds. speech: bool, of each 20 ms; None: not asked."""

    name: str
    duration: float
    speech: np.ndarray | None


class Piece(NamedTuple):
    """Frames [T, V] of a recording from frame ``start``; last: no more of it follow."""

    recording: Recording
    start: int
    scores: Tensor
    last: bool


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
    pieces = _pieces(model, model.stream, recordings, plan_)
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
            yield from model.stream([wave])

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
    part = restrict(model.tokens, plan_.lang) if plan_.restricted and plan_.lang else None
    with contextlib.closing(pieces):
        for piece, found in _searched(model, pieces, plan_, part, tell):
            best = _alternatives(model, found[: plan_.nbest], part) if plan_.nbest > 1 else []
            yield piece, _words(model, piece, found, part), best


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
                frames = _silenced(frames, at, recording.speech, model.clock)
            at += len(frames)
            for start, scores in cutter.add(frames):
                yield Piece(recording, start, scores, False)
        start, scores = cutter.rest()
        yield Piece(recording, start, scores, True)


def _silenced(frames: Tensor, at: int, speech: np.ndarray, clock: Clock) -> Tensor:
    """Frames [T, V] from frame ``at``, with blanks where nobody speaks."""
    middles = (np.arange(at, at + len(frames)) * clock.hop + clock.seen // 2) // STEP
    quiet = torch.from_numpy(~speech[np.minimum(middles, len(speech) - 1)])
    frames = frames.masked_fill(quiet[:, None], IMPOSSIBLE)
    frames[:, 0].masked_fill_(quiet, 0.0)
    return frames


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
            best = piece.scores.argmax(-1)
            tokens = best[best != torch.cat([best.new_zeros(1), best[:-1]])]
            yield piece, [Hypothesis(tokens[tokens != 0].tolist(), [], 0.0)]
        return
    waiting: deque[Piece] = deque()

    def rows() -> Iterator[tuple[str, np.ndarray]]:
        for piece in restricted:
            waiting.append(piece)
            yield piece.recording.name, piece.scores.numpy()

    words = "lexicon" in plan_.beam.options
    options = {**plan_.beam.options, "nbest": max(plan_.nbest, NBEST if words else 1)}
    lang = plan_.lang if part else plan_.beam.lang
    task = dataclasses.replace(plan_.beam, options=options, lang=lang)
    made = decode_many(task, rows(), nj=plan_.nj, tell=tell, build=model.decoder)
    for _, found in made:
        yield waiting.popleft(), found


def _words(
    model: Model, piece: Piece, found: list[Hypothesis], part: Restriction | None
) -> list[Word]:
    """The words of a piece, with the times of the best path that writes their tokens."""
    best = found[0]
    if not best.tokens:
        return []
    symbols = (part.tokens if part else model.tokens).symbols
    path = align(piece.scores, best.tokens)
    held = spans(path, piece.scores)
    confidences: list[float] | None = None
    if best.ends:
        groups = _groups(best, held)
        confidences = list(best.confidences) or [
            model.calibration(row) for row in _evidence(found, path, piece.scores)
        ]
    else:
        names = [symbols[number] for number in best.tokens]
        groups = [[held[at] for at in group] for group in words_of(model.token_file, names)]
    return timed(
        [[span.later(piece.start) for span in group] for group in groups],
        symbols,
        model.clock,
        piece.recording.duration,
        texts=best.words if best.ends else None,
        confidences=confidences,
    )


def evidence(
    model: Model, recordings: Iterable[tuple[str, Given]], plan_: Plan
) -> Iterator[tuple[str, list[tuple[str, Evidence]]]]:
    """(name, audio) to (name, the words that a search with a lexicon finds, each with what its
    confidence is made of), to fit that."""
    part = restrict(model.tokens, plan_.lang) if plan_.restricted and plan_.lang else None
    rows: list[tuple[str, Evidence]] = []
    with contextlib.closing(_pieces(model, model.stream, recordings, plan_)) as pieces:
        for piece, found in _searched(model, pieces, plan_, part, warn):
            best = found[0]
            if best.ends:
                path = align(piece.scores, best.tokens)
                rows += zip(best.words, _evidence(found, path, piece.scores), strict=True)
            if piece.last:
                yield piece.recording.name, rows
                rows = []


def _evidence(found: list[Hypothesis], path: Tensor, scores: Tensor) -> list[Evidence]:
    return evidence_of(found, _groups(found[0], spans(path, scores)), path, scores)


def _groups(best: Hypothesis, held: list[Span]) -> list[list[Span]]:
    """The tokens of each word of a lexicon."""
    return [held[a:b] for a, b in itertools.pairwise([0, *best.ends])]


def align(log_probs: Tensor, tokens: list[int]) -> Tensor:
    """The likeliest path [T] of token numbers and blanks (0) that writes ``tokens``; there are
    enough frames for them."""
    targets = torch.tensor([tokens], dtype=torch.int32)
    scores = log_probs.clamp(min=IMPOSSIBLE)[None]  # of -inf it would skip targets
    path, _ = forced_align(scores, targets, blank=0)
    return path[0]


def _alternatives(
    model: Model, found: list[Hypothesis], part: Restriction | None
) -> list[Alternative]:
    symbols = (part.tokens if part else model.tokens).symbols
    texts: dict[str, float] = {}
    for one in found:
        names = [symbols[number] for number in one.tokens]
        spelled = ["".join(names[at] for at in g) for g in words_of(model.token_file, names)]
        texts.setdefault(" ".join(one.words if one.ends else spelled), round(one.score, 3))
    return [Alternative(text, score) for text, score in texts.items()]
