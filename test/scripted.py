"""A recognizer that says what a test wants it to, with times and confidence."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import soundfile

from asrkit.audio.reading import AudioError
from asrkit.decode.streaming import Partial
from asrkit.transcript import Segment, Transcript, Word

RATE = 16_000


class Scripted:
    """One word a second of sound, in turn those of ``words``; ``unsure`` ones with confidence 0.3.
    Silence gives no words. A passage is as long as a window, a whole number of seconds, and its end
    is rounded to milliseconds, as Speech2Text does."""

    path = Path("scripted")

    def __init__(self, words: str, unsure: str = "") -> None:
        self.words, self.unsure = words.split(), unsure.split()
        self.asked: list[tuple[int, str | None]] = []  # samples and language
        self.expected: list[tuple[str, float]] = []

    def passages(
        self,
        audio: np.ndarray,
        lang: str | None,
        *,
        rate: int,
        max_seconds: float,
        hotwords: Sequence[tuple[str, float]],
    ) -> Iterator[tuple[float, tuple[Segment, ...]]]:
        assert rate == RATE and audio.ndim == 1
        self.expected = list(hotwords)
        size = int(max_seconds)
        for start in range(0, max(1, -(-len(audio) // RATE)), size):
            part = audio[start * RATE : (start + size) * RATE]
            self.asked.append((len(part), lang))
            seconds = int(len(part) / RATE) if np.abs(part).max(initial=0) > 0.01 else 0
            made = []
            for at in range(start, start + seconds):
                text = self.words[at % len(self.words)]
                made.append(Word(text, at + 0.1, at + 0.9, 0.3 if text in self.unsure else 0.9))
            yield round(start + len(part) / RATE, 3), (Segment.of(made),) if made else ()

    def stream(
        self, lang: str | None, *, rate: int, hotwords: Sequence[tuple[str, float]]
    ) -> Dictated:
        self.expected = list(hotwords)
        return Dictated(self, rate)


def wave(seconds: float) -> bytes:
    """A WAV file of a tone."""
    made = io.BytesIO()
    soundfile.write(made, 0.2 * np.sin(np.arange(int(seconds * RATE)) / 10), RATE, format="WAV")
    return made.getvalue()


class Dictated:
    """A stream of Scripted: a word a second, each a segment, and the next one as text meanwhile."""

    def __init__(self, recognizer: Scripted, rate: int) -> None:
        self.recognizer, self.rate = recognizer, rate
        self.size = 0
        self.made: list[Segment] = []

    def accept(self, samples: np.ndarray) -> Partial:
        if not self.rate >= 4_000:
            raise AudioError(f"samples: a rate of {self.rate} Hz")
        self.size += samples.shape[-1]
        new = []
        while len(self.made) < self.size // self.rate:
            at = len(self.made)
            text = self.recognizer.words[at % len(self.recognizer.words)]
            new.append(Segment.of([Word(text, at + 0.1, at + 0.9, 0.9)]))
            self.made.append(new[-1])
        following = self.recognizer.words[len(self.made) % len(self.recognizer.words)]
        return Partial(tuple(new), following, self.size / self.rate)

    def finish(self) -> Transcript:
        self.accept(np.zeros((1, self.rate // 2), np.int16))
        return Transcript(tuple(self.made), self.size / self.rate)
