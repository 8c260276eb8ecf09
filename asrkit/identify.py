"""A trained classifier as an object: of which class, such as a language, speech is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from asrkit.audio.given import Audio, read_object
from asrkit.decode.languages import Stretch, decided, spoken
from asrkit.model_io import ModelError, TrainedModel
from asrkit.network import Network
from asrkit.objectives.classify import ClassifyObjective


class Guess(NamedTuple):
    """The likeliest class, its probability, and those of all classes, which sum to 1."""

    name: str
    confidence: float
    probabilities: dict[str, float]


class Speech2Class(Network):
    """A classifier of utterances (``objective: classify``); how it is opened and run: Network.

    classes: what it tells apart, such as codes of languages. label_file: the file of a data folder
    that had the classes in training: utt2lang.
    """

    objective: ClassifyObjective

    @property
    def classes(self) -> list[str]:
        return self.objective.classes

    def _scorer(self, trained: TrainedModel, given: Path) -> ClassifyObjective:
        objective = trained.objective()
        if not isinstance(objective, ClassifyObjective):
            raise ModelError(
                f"{given}: objective {trained.options.objective!r} makes no classifier; train one "
                "with objective classify: docs/language_id.md"
            )
        self.label_file = trained.options.token_file or "utt2lang"
        return objective

    def classify(self, waves: Iterable[Tensor | np.ndarray]) -> Iterator[Guess | None]:
        """Waveforms, as of ``log_probs``, each to its class as a whole; None for less than a
        frame."""
        for row in self.frames(waves):
            yield self._guess(row[0].exp()) if len(row) else None

    def stretches(
        self, audio: Audio, *, rate: int | None = None, channel: int | None = None
    ) -> list[Stretch]:
        """Which class is where in a recording of several: stretches of speech without gaps between
        them from its first sound to its last, neighbors of different classes; none for silence.

        audio, rate, channel: as of Speech2Text.transcribe. What is between pauses is classified
        as one, in parts of 10 seconds at most, and a change is less likely than none
        (decode/languages.py).
        """
        return self.in_samples(read_object(audio, rate=rate, channel=channel).samples)

    def in_samples(self, samples: np.ndarray, among: Sequence[str] | None = None) -> list[Stretch]:
        """``stretches`` of float32 [S] at 16 kHz. among: the classes that can be; None: all."""
        parts = spoken(samples)
        rows = list(self.frames(torch.from_numpy(samples[start:stop]) for start, stop in parts))
        there = [(part, row) for part, row in zip(parts, rows, strict=True) if len(row)]
        if not there:
            return []
        names = self.classes if among is None else list(among)
        columns = [self.classes.index(name) for name in names]
        scores = torch.cat([row for _, row in there]).double().numpy()[:, columns]
        return decided([part for part, _ in there], scores, names)

    def _guess(self, probabilities: Tensor) -> Guess:
        known = dict(zip(self.classes, probabilities.tolist(), strict=True))
        name = max(known, key=known.__getitem__)
        return Guess(name, known[name], known)
