"""Real speech for miniature corpora: short prompts in five languages, from ``clips/``."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torchaudio

from asrkit.audio.reading import decode
from asrkit.rate import RATE

CLIPS = Path(__file__).resolve().parent / "clips"
LANGUAGES = ("en", "es", "fr", "it", "ru")


@dataclass(frozen=True)
class Clip:
    """One prompt: ``path`` of an Ogg Opus file, its words in lower case, its language."""

    lang: str
    path: Path
    prompt: str
    text: str

    def samples(self, rate: int = RATE) -> np.ndarray:
        """Mono float32 [S] at `rate` Hz, within [-1, 1]."""
        speech = torch.from_numpy(_decoded(self.path))
        return torchaudio.functional.resample(speech, RATE, rate).clamp(-1, 1).numpy()


@functools.cache
def _decoded(path: Path) -> np.ndarray:
    return decode(path).samples


@functools.cache
def clips(lang: str) -> list[Clip]:
    """The 24 prompts of `lang` (en, es, fr, it or ru), 1 to 4 s each, in one fixed order."""
    rows = (CLIPS / "prompts.tsv").read_text(encoding="utf-8").splitlines()[1:]
    fields = [row.split("\t") for row in rows]
    return [Clip(row[0], CLIPS / row[1], row[2], row[3]) for row in fields if row[0] == lang]
