"""A piece of a recording, searched at once: its frames, and the words of what was found in them."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor
from torchaudio.functional import forced_align

from asrkit.audio.activity import STEP
from asrkit.decode.beam import BeamDecoder
from asrkit.decode.confidence import Calibration, evidence_of
from asrkit.decode.greedy import collapse
from asrkit.decode.hypothesis import Evidence, Hypothesis
from asrkit.decode.languages import Stretch
from asrkit.decode.live import Steps
from asrkit.decode.parallel import BeamTask
from asrkit.decode.timing import Clock, Span, spans, timed, words_of
from asrkit.tokens import TokenList
from asrkit.transcript import Alternative, Segment, Word
from asrkit.vocabulary import Restriction

IMPOSSIBLE = -100.0  # natural log of a token's probability where nobody speaks


class Model(Protocol):
    """What a transcript needs of a recognizer (asrkit.infer.Speech2Text)."""

    tokens: TokenList
    token_file: str
    clock: Clock
    calibration: Calibration

    def decoder(self, task: BeamTask) -> BeamDecoder: ...

    def frames(self, waves: Iterable[Tensor | np.ndarray]) -> Iterator[Tensor]: ...

    def carried(self) -> Steps | None: ...


class Recording(NamedTuple):
    """duration: seconds. speech: bool, of each 20 ms; None: not asked. languages: where which is
    spoken, if that was asked; empty: none is."""

    name: str
    duration: float
    speech: np.ndarray | None
    languages: Sequence[Stretch] = ()


class Piece(NamedTuple):
    """Frames [T, V] of a recording from frame ``start``; last: no more of it follow. number: of
    the language among those of the recording."""

    recording: Recording
    start: int
    scores: Tensor
    last: bool
    number: int = 0

    @property
    def stretch(self) -> Stretch | None:
        return self.recording.languages[self.number] if self.recording.languages else None

    @property
    def lang(self) -> str | None:
        return self.stretch.lang if self.stretch else None

    def spoken(self, found: list[Segment]) -> list[Segment]:
        """Segments with the language that was decided on."""
        if self.stretch is None:
            return found
        lang, sure = self.stretch.lang, round(self.stretch.confidence, 4)
        return [dataclasses.replace(one, lang=lang, lang_confidence=sure) for one in found]


def silenced(frames: Tensor, at: int, speech: np.ndarray, clock: Clock, first: int = 0) -> Tensor:
    """Frames [T, V] from frame ``at``, with blanks where nobody speaks. speech: of each 20 ms, from
    number ``first`` on."""
    middles = (np.arange(at, at + len(frames)) * clock.hop + clock.seen // 2) // STEP - first
    quiet = torch.from_numpy(~speech[np.minimum(middles, len(speech) - 1)])
    frames = frames.masked_fill(quiet[:, None], IMPOSSIBLE)
    frames[:, 0].masked_fill_(quiet, 0.0)
    return frames


def best_path(scores: Tensor) -> Hypothesis:
    """Of frames [T, V], without a search."""
    return Hypothesis(collapse(scores.argmax(-1).tolist()), [], 0.0)


def said_in(
    model: Model,
    piece: Piece,
    found: list[Hypothesis],
    part: Restriction | None,
    calibration: Calibration | None = None,
) -> list[Word]:
    """The words of a piece, with the times of the best path that writes their tokens; calibration:
    of their confidence, if not the model's."""
    best, sure = found[0], calibration or model.calibration
    if not best.tokens:
        return []
    symbols = (part.tokens if part else model.tokens).symbols
    path = align(piece.scores, best.tokens)
    held = spans(path, piece.scores)
    confidences: list[float] | None = None
    if best.ends:
        groups = _groups(best, held)
        confidences = [sure(row) for row in evidence_in(found, path, piece.scores)]
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


def evidence_in(found: list[Hypothesis], path: Tensor, scores: Tensor) -> list[Evidence]:
    """What the confidence of the best hypothesis's words is made of; path: of their tokens."""
    if found[0].evidence:
        return list(found[0].evidence)
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


def alternatives(
    model: Model, found: list[Hypothesis], part: Restriction | None
) -> list[Alternative]:
    """Different texts, best first, with their scores."""
    texts: dict[str, float] = {}
    for one in found:
        texts.setdefault(text_of(model, one, part), round(one.score, 3))
    return [Alternative(text, score) for text, score in texts.items()]


def text_of(model: Model, one: Hypothesis, part: Restriction | None) -> str:
    """The words of a search with a lexicon or of a Transcoder, else what the tokens spell."""
    if one.ends:
        return " ".join(one.words)
    symbols = (part.tokens if part else model.tokens).symbols
    names = [symbols[number] for number in one.tokens]
    return " ".join("".join(names[at] for at in g) for g in words_of(model.token_file, names))
