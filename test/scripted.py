"""A recognizer that says what a test wants it to, with times and confidence."""

from __future__ import annotations

import io

import numpy as np
import soundfile

from asrkit.transcript import Segment, Transcript, Word

RATE = 16_000


class Scripted:
    """One word a second of sound, in turn those of ``words``; ``unsure`` ones with confidence 0.3.
    Silence gives no words."""

    def __init__(self, words: str, unsure: str = "") -> None:
        self.words, self.unsure = words.split(), unsure.split()
        self.asked: list[tuple[int, str | None]] = []

    def transcribe(
        self, audio: np.ndarray, lang: str | None = None, *, rate: int | None = None
    ) -> Transcript:
        assert rate == RATE and audio.ndim == 1
        self.asked.append((len(audio), lang))
        seconds = len(audio) / RATE
        if not np.abs(audio).max(initial=0) > 0.01:
            return Transcript((), seconds)
        made = []
        for at in range(int(seconds)):
            text = self.words[at % len(self.words)]
            made.append(Word(text, at + 0.1, at + 0.9, 0.3 if text in self.unsure else 0.9))
        return Transcript((Segment.of(made),) if made else (), seconds)


def wave(seconds: float) -> bytes:
    """A WAV file of a tone."""
    made = io.BytesIO()
    soundfile.write(made, 0.2 * np.sin(np.arange(int(seconds * RATE)) / 10), RATE, format="WAV")
    return made.getvalue()
