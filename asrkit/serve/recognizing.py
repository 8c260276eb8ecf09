"""The recognizer at work: recordings of the page one after the other, and requests in between."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from asrkit.audio.reading import load
from asrkit.decode.streaming import Partial
from asrkit.files import DataError
from asrkit.rate import RATE
from asrkit.serve.pieces import sentences
from asrkit.serve.recordings import Unknown
from asrkit.serve.store import Store
from asrkit.transcript import Segment, Transcript, Word

WINDOW = 30.0  # seconds of a window: text appears while a recording is decoded
LONGEST = 12.0  # seconds of a piece: what a person keeps in mind while typing
AGAIN = 2.0  # seconds between attempts where the disk is full
LEAVE = 1.0  # seconds to end in
EDGE = 0.15  # seconds of sound around the words of a piece, where there is a pause


class Recognizer(Protocol):
    """What the page needs of ``asrkit.infer.Speech2Text``."""

    path: Path

    def passages(
        self,
        audio: np.ndarray,
        lang: str | None,
        *,
        rate: int,
        max_seconds: float,
        hotwords: Sequence[tuple[str, float]],
    ) -> Iterator[tuple[float, tuple[Segment, ...]]]: ...

    def stream(
        self, lang: str | None, *, rate: int, hotwords: Sequence[tuple[str, float]]
    ) -> Speaking: ...


class Speaking(Protocol):
    """What of ``asrkit.decode.streaming.Stream`` a stream needs."""

    def accept(self, samples: np.ndarray) -> Partial: ...

    def finish(self) -> Transcript: ...


class Turns:
    """A stream that waits for its turn at the recognizer."""

    def __init__(self, stream: Speaking, one: threading.Lock) -> None:
        self._stream, self._one = stream, one

    def accept(self, samples: np.ndarray) -> Partial:
        with self._one:
            return self._stream.accept(samples)

    def finish(self) -> Transcript:
        with self._one:
            return self._stream.finish()


class Hearing:
    """One recognizer for all who ask, a window of ``max_seconds`` at a time in turn."""

    def __init__(
        self, recognizer: Recognizer, lang: str | None, max_seconds: float = WINDOW
    ) -> None:
        self.recognizer, self.lang, self.max_seconds = recognizer, lang, max_seconds
        self._one = threading.Lock()

    def passages(
        self,
        samples: np.ndarray,
        start: float = 0.0,
        hotwords: Sequence[tuple[str, float]] = (),
    ) -> Iterator[tuple[float, tuple[Segment, ...]]]:
        """[S] at 16 kHz to (seconds done, what is said in them since), from ``start`` on; times
        are those of the whole. hotwords: what is expected, with boosts."""
        rest = samples[round(start * RATE) :]
        made = self.recognizer.passages(
            rest, self.lang, rate=RATE, max_seconds=self.max_seconds, hotwords=hotwords
        )
        while True:
            with self._one:
                found = next(made, None)
            if found is None:
                return
            until, segments = found
            yield start + until, tuple(_later(segment, start) for segment in segments)

    def speaking(self, rate: int, hotwords: Sequence[tuple[str, float]] = ()) -> Speaking:
        """A stream of samples at ``rate`` Hz. hotwords: as in ``passages``."""
        with self._one:
            made = self.recognizer.stream(self.lang, rate=rate, hotwords=hotwords)
        return Turns(made, self._one)

    def transcript(
        self, samples: np.ndarray, name: str, hotwords: Sequence[tuple[str, float]] = ()
    ) -> Transcript:
        made = self.passages(samples, hotwords=hotwords)
        return Transcript(
            segments=tuple(segment for _, found in made for segment in found),
            duration=round(len(samples) / RATE, 3),
            audio=name,
            language=self.lang,
            model=str(self.recognizer.path),
        )


def _later(segment: Segment, seconds: float) -> Segment:
    """The same, so many seconds later."""

    def moved(word: Word) -> Word:
        start, end = round(word.start + seconds, 3), round(word.end + seconds, 3)
        tokens = tuple(
            dataclasses.replace(t, start=t.start + seconds, end=t.end + seconds)
            for t in word.tokens
        )
        return dataclasses.replace(word, start=start, end=end, tokens=tokens)

    return dataclasses.replace(
        segment,
        start=round(segment.start + seconds, 3),
        end=round(segment.end + seconds, 3),
        words=tuple(map(moved, segment.words)),
    )


Part = tuple[float, float, Sequence[Word]]


def parts(segments: Sequence[Segment], begin: float, end: float) -> list[Part]:
    """What is shown as pieces: sentences with the pauses around them, up to EDGE on each side."""
    found = [words for segment in segments for words in sentences(segment, LONGEST)]
    made: list[Part] = []
    for at, words in enumerate(found):
        before = found[at - 1][-1].end if at else begin
        after = found[at + 1][0].start if at + 1 < len(found) else end
        start = max(words[0].start - EDGE, (before + words[0].start) / 2 if at else before)
        stop = min(
            words[-1].end + EDGE, (words[-1].end + after) / 2 if at + 1 < len(found) else after
        )
        made.append((round(max(start, begin), 3), round(min(stop, end), 3), words))
    return made


class Decoder:
    """Recognizes the recordings of a store in a thread of its own, and goes on after a restart."""

    def __init__(self, hearing: Hearing, store: Store) -> None:
        self.hearing, self.store = hearing, store
        self._wake = threading.Event()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._work, name="decoder", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """There is something to do, perhaps."""
        self._wake.set()

    def _work(self) -> None:
        while not self._end.is_set():
            waiting = [found.id for found in self.store.present() if found.waiting]
            if not waiting:
                self._wake.wait()
                self._wake.clear()
                continue
            try:
                self._recognize(waiting[0])
            except Unknown:  # removed meanwhile
                continue
            except DataError as error:
                self._give_up(waiting[0], str(error))
            except Exception as error:  # a fault of one recording is none of the others
                self._give_up(waiting[0], f"{type(error).__name__}: {error}")

    def _recognize(self, name: str) -> None:
        at = self.store.recording(name).heard
        for until, segments in self.hearing.passages(load(str(self.store.audio(name))), at):
            if self._end.is_set():
                return
            self._keep(name, parts(segments, at, until), until)
            at = until

    def _keep(self, name: str, found: list[Part], until: float) -> None:
        """What was recognized; again and again where the disk is full, as space may be made."""
        while True:
            try:
                return self.store.add_heard(name, found, until)
            except Unknown:
                raise
            except DataError:
                if self._end.wait(AGAIN):
                    return

    def _give_up(self, name: str, reason: str) -> None:
        try:
            with contextlib.suppress(Unknown):
                self.store.fail(name, reason)
        except DataError:  # the disk is full: tried again
            self._end.wait(AGAIN)

    def close(self) -> None:
        """Does not wait for the end of a window: it is recognized again when the server is."""
        self._end.set()
        self._wake.set()
        self._thread.join(LEAVE)
