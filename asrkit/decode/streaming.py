"""A recording to a transcript while it is being made.

As for recordings that are there (transcribe.py): frames to pieces, pieces to words with times; only
that the frames come by and by (live.py), that the search goes on with each of them, and that a
pause ends a piece, the segments of which are then final.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor

from asrkit.arguments import warn
from asrkit.audio.activity import STEP, Activity
from asrkit.audio.incoming import Incoming
from asrkit.decode.hypothesis import Hypothesis
from asrkit.decode.live import Live, LiveError, Source, Stepped, Windowed
from asrkit.decode.pieces import (
    Model,
    Piece,
    Recording,
    alternatives,
    best_path,
    said_in,
    silenced,
    text_of,
)
from asrkit.decode.plan import Plan
from asrkit.decode.segments import Cutter, segments
from asrkit.rate import RATE
from asrkit.transcript import Segment, Transcript, Word


class Partial(NamedTuple):
    """What is known so far. segments: those that have become final since the last time. text: of
    what was said since them; it may still change. until: seconds up to which frames are settled."""

    segments: tuple[Segment, ...]
    text: str
    until: float


class Search(Protocol):
    """A search that goes on frame by frame (BeamDecoder)."""

    def begin(self) -> None: ...

    def add(self, log_probs: Tensor) -> None: ...

    def best(self) -> Hypothesis: ...

    def end(self) -> list[Hypothesis]: ...


class Later:
    """A reader of whole pieces in the place of a search: the best path, until they are whole."""

    def __init__(self, read: Callable[[Tensor], list[Hypothesis]]) -> None:
        self._read = read
        self._held: list[Tensor] = []

    def begin(self) -> None:
        self._held = []

    def add(self, log_probs: Tensor) -> None:
        self._held.append(log_probs)

    def best(self) -> Hypothesis:
        return best_path(torch.cat(self._held)) if self._held else Hypothesis([], [], 0.0)

    def end(self) -> list[Hypothesis]:
        return self._read(torch.cat(self._held))


class Pauses:
    """Where frames hold no token for ``seconds``."""

    def __init__(self, frames: int) -> None:
        self._most, self._count = frames, 0

    def split(self, best: Tensor) -> Iterator[tuple[int, int, bool]]:
        """Best tokens [T] of the next frames to the parts of them, (first, one behind the last,
        whether there was a pause up to there)."""
        start = 0
        for at, number in enumerate(best.tolist(), 1):
            self._count = 0 if number else self._count + 1
            if self._count == self._most:
                self._count = 0
                yield start, at, True
                start = at
        if start < len(best):
            yield start, len(best), False


class Stream:
    """One recording: samples in, text out; ``finish`` at its end.

    rate: of the samples, in Hz. channel: number of the one to take, from 1; the mean of all if
    None. name, model_name: as the transcript has them. tell: is given notes on the search.
    """

    def __init__(
        self,
        model: Model,
        plan: Plan,
        live: Live,
        *,
        rate: int = RATE,
        channel: int | None = None,
        name: str = "",
        model_name: str | None = None,
        tell: Callable[[str], None] = warn,
    ) -> None:
        self._model, self._plan = model, plan
        carried = model.carried() if math.isfinite(live.right) else None
        self._source: Source = (
            Windowed(model.frames, model.clock, live, plan.max_seconds)
            if carried is None
            else Stepped(carried, live)
        )
        self._incoming = Incoming(rate, channel)
        self._name, self._model_name = name, model_name
        self._part = plan.part(model.tokens)
        self._search = self._made_search(tell)
        self._search.begin()
        self._cutter = Cutter(model.clock)
        self._pauses = Pauses(max(1, round(live.endpoint * RATE / model.clock.hop)))
        self._activity = Activity() if plan.vad == "energy" else None
        self._samples = self._frames = 0
        self._words: list[Word] = []  # of the segment that is not final
        self._new: list[Segment] = []
        self._made: list[Segment] = []
        self._text = ""  # of the piece that is being searched
        self._over = False

    def accept(self, samples: np.ndarray | Tensor) -> Partial:
        """The next samples, [S] or [C, S] at the rate of the stream, floats in [-1, 1] or int16, as
        many as there are. Raises AudioError for others, which are then not taken."""
        if self._over:
            raise LiveError("the stream is finished; begin another one")
        self._take(self._incoming.add(samples))
        return self.partial()

    def partial(self) -> Partial:
        """What ``accept`` gives, without more samples."""
        new, self._new = self._new, []
        said = [*(word.text for word in self._words), self._text]
        until = min(self._model.clock.seconds(self._frames), self._duration)
        return Partial(tuple(new), " ".join(filter(None, said)), until)

    def finish(self) -> Transcript:
        """The transcript of all, once there are no more samples."""
        if self._over:
            raise LiveError("the stream is finished already")
        self._take(self._incoming.rest())
        self._over = True
        self._grow(self._silenced(self._source.rest()))
        self._close()
        return Transcript(
            tuple(self._made), self._duration, self._name, self._plan.lang, self._model_name
        )

    @property
    def _duration(self) -> float:
        return round(self._samples / RATE, 3)

    def _take(self, samples: np.ndarray) -> None:
        """Samples at 16 kHz, each frame as soon as it is due: however they came, the same is known
        at that time."""
        while len(samples):
            count = int(min(len(samples), self._source.due - self._samples))
            part, samples = samples[:count], samples[count:]
            self._samples += count
            if self._activity is not None:
                self._activity.add(part)
            for frames in self._source.add(torch.from_numpy(part)):
                self._settled(self._silenced(frames))

    def _silenced(self, frames: Tensor) -> Tensor:
        """The next frames, with blanks where nobody speaks."""
        at, self._frames = self._frames, self._frames + len(frames)
        if self._activity is None or not len(frames):
            return frames
        clock, first = self._model.clock, self._activity.first
        found = silenced(frames, at, self._activity.found(), clock, first)
        self._activity.forget((self._frames * clock.hop + clock.seen // 2) // STEP)
        return found

    def _settled(self, frames: Tensor) -> None:
        for first, last, paused in self._pauses.split(self._seen(frames).argmax(-1)):
            self._grow(frames[first:last])
            if paused:
                self._close()
                self._search.begin()
        best = self._search.best()
        words = self._plan.beam is not None and "lexicon" in self._plan.beam.options
        self._text = " ".join(best.words) if words else text_of(self._model, best, self._part)

    def _seen(self, frames: Tensor) -> Tensor:
        """Of the tokens that may be written."""
        return frames if self._part is None else frames[:, self._part.columns]

    def _grow(self, frames: Tensor) -> None:
        """More of the piece; where it has half a minute, a part of it becomes one of its own."""
        pieces = list(self._cutter.add(frames))
        if not pieces:
            self._search.add(self._seen(frames))
            return
        for start, scores in pieces:
            self._search.begin()
            self._search.add(self._seen(scores))
            self._read(start, scores)
        self._search.begin()
        self._search.add(self._seen(self._cutter.held))
        if self._words and not self._over:  # words to come may belong to the last of them
            *final, last = segments(self._words)
            self._final(final)
            self._words = list(last.words)

    def _close(self) -> None:
        """The piece is over, and the segment."""
        self._read(*self._cutter.rest())
        self._final(segments(self._words))
        self._words, self._text = [], ""

    def _read(self, start: int, scores: Tensor) -> None:
        """The words of a piece, whose frames the search was given."""
        recording = Recording(self._name, self._duration, None)
        piece = Piece(recording, start, self._seen(scores), self._over)
        found = self._search.end()
        words = said_in(self._model, piece, found, self._part, self._plan.calibration)
        if self._plan.nbest > 1 and words:
            best = alternatives(self._model, found[: self._plan.nbest], self._part)
            self._final([Segment.of(words, alternatives=best)])
        else:
            self._words += words

    def _final(self, made: Sequence[Segment]) -> None:
        self._new += made
        self._made += made

    def _made_search(self, tell: Callable[[str], None]) -> Search:
        plan = self._plan
        if plan.reader is not None:
            reader = plan.reader
            return Later(lambda scores: reader(scores.numpy()))
        if plan.beam is None:
            return Later(lambda scores: [best_path(scores)])
        decoder = self._model.decoder(plan.task(self._part))
        for note in decoder.notes:
            tell(note)
        return decoder.alone()
