"""A trained Transcoder as an object: phone posteriors, or speech, to words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from asrkit.batch import Batch, pad
from asrkit.decode.greedy import collapse
from asrkit.decode.windows import in_windows
from asrkit.infer import Speech2Text
from asrkit.model_io import ModelError, TrainedModel, device_of
from asrkit.transcoder.dataset import one_hot
from asrkit.transcoder.objective import Candidates, TranscoderObjective
from asrkit.transcoder.posteriors import PhoneColumns, check_rows
from asrkit.transcoder.search import WordHypothesis, WordSearch


class Phones2Words:
    """model: exp/<name> of a Transcoder, or one checkpoint file in it; device: cpu or cuda.

    search: to be set for the n-best, with or without a language model; None takes the likeliest
    class everywhere.
    max_phones: longer sequences are read in windows. A window ends behind a word, and what follows
    opens the next, so that no word is cut and nothing is left out.
    """

    def __init__(
        self,
        model: str | Path,
        *,
        device: str = "cpu",
        max_phones: int = 300,
    ) -> None:
        if max_phones < 1:
            raise ModelError(f"max_phones is at least 1, not {max_phones}")
        trained = TrainedModel.open(model)
        self.path, self.device = trained.file, device_of(device)
        if trained.tokens is None or trained.phones is None:
            raise ModelError(
                f"{self.path}: reads speech and is not a Transcoder; asr_infer decodes with it"
            )
        self.tokens, self.phones = trained.tokens, trained.phones
        objective = trained.objective()
        if not isinstance(objective, TranscoderObjective):
            raise ModelError(
                f"{self.path}: objective {trained.options.objective!r} is not a Transcoder"
            )
        self.objective = objective.to(self.device)
        self.search: WordSearch | None = None
        self.max_phones = max_phones

    def posteriors(self, spoken: Sequence[str]) -> np.ndarray:
        """Phones of a text to one-hot rows [L, P]; those not in ``phones`` become ``<unk>``."""
        return one_hot(spoken, self.phones)

    def __call__(self, rows: Sequence[np.ndarray]) -> list[list[WordHypothesis]]:
        """Posteriors [L_i, P] of several utterances, read as one batch, to the n-best of each.

        No phones give one hypothesis without words. Raises PosteriorError on another P.
        """
        return [self._words(whole) for whole in self.candidates(rows)]

    def candidates(self, rows: Sequence[np.ndarray]) -> list[Candidates]:
        """What is found possible at the positions of each utterance [L_i, P]."""
        check_rows(rows, len(self.phones) - 1)
        if self.search is not None and self.objective.kind == "ctc":
            raise ModelError(
                f"{self.path}: a search needs aligned words; this model learned by CTC"
            )
        nothing = Candidates(torch.zeros(0), torch.zeros(0, 1), torch.zeros(0, 1).long())
        found = [[nothing] if not len(row) else [] for row in rows]
        waiting = [(number, row) for number, row in enumerate(rows) if len(row)]
        while waiting:
            windows = [torch.tensor(row[: self.max_phones]) for _, row in waiting]
            rest = []
            for (number, row), window in zip(waiting, self._candidates(windows), strict=True):
                end = len(window.star)
                if end < len(row):
                    end = _cut(window.best().tolist())
                    rest.append((number, row[end:]))
                found[number].append(Candidates(*(part[:end] for part in window)))
            waiting = rest
        return [
            Candidates(*(torch.cat(parts) for parts in zip(*windows, strict=True)))
            for windows in found
        ]

    @torch.inference_mode()
    def _candidates(self, windows: list[Tensor]) -> list[Candidates]:
        padded = pad(windows)
        batch = Batch(
            ids=["utterance"] * len(windows),
            keys=torch.zeros(len(windows), dtype=torch.int64),
            posteriors=padded,
        ).to(self.device)
        if self.search is None:
            both = self.objective.candidates(batch, 1, sure=0.5)
        else:
            both = self.objective.candidates(batch, self.search.count)
        return [
            Candidates(*(part[number, :length] for part in both))
            for number, length in enumerate(padded.lengths.tolist())
        ]

    def _words(self, whole: Candidates) -> list[WordHypothesis]:
        if self.search is not None:
            return self.search(whole)
        best = whole.best().tolist()
        if self.objective.kind == "ctc":
            best = collapse(best)
        score = float(torch.maximum(whole.star, whole.scores[:, 0]).sum())
        return [WordHypothesis(self.tokens.decode(best), score)]


def _cut(best: list[int]) -> int:
    """Where a window ends: behind its last word, but for words of the last quarter, where the model
    takes the window's end for that of the sentence."""
    ends = [at + 1 for at, number in enumerate(best) if number]
    early = [end for end in ends if end <= len(best) - len(best) // 4]
    return (early or ends or [len(best)])[-1]


class Speech2Words:
    """An acoustic model of phones and a Transcoder: samples at 16 kHz to words.

    max_seconds: the acoustic model is given longer recordings in windows.
    """

    def __init__(
        self,
        asr_model: Speech2Text,
        transcoder: Phones2Words,
        *,
        pool: str = "mean",
        max_seconds: float = 60.0,
    ) -> None:
        self.asr_model, self.transcoder = asr_model, transcoder
        self.columns = PhoneColumns(asr_model.tokens, transcoder.phones, pool=pool)
        self.max_seconds = max_seconds

    def posteriors(self, wave: np.ndarray) -> np.ndarray:
        """float32 samples [S] to [L, P]; L is 0 where no phone was recognized."""
        model = self.asr_model
        parts = in_windows(model.stream, torch.from_numpy(wave), model.clock, self.max_seconds)
        return self.columns(torch.cat(list(parts)).numpy())

    def __call__(self, wave: np.ndarray) -> list[str]:
        """float32 samples [S] to the best words."""
        return self.transcoder([self.posteriors(wave)])[0][0].words


def transcribe(
    transcoder: Phones2Words, rows: Iterable[tuple[str, np.ndarray]], *, batch_size: int = 1
) -> Iterator[tuple[str, list[WordHypothesis]]]:
    """(id, posteriors [L, P]) to (id, n-best), in the same order; a batch as soon as it is full."""
    names: list[str] = []
    waiting: list[np.ndarray] = []
    for name, row in rows:
        names.append(name)
        waiting.append(row)
        if len(names) >= batch_size:
            yield from zip(names, transcoder(waiting), strict=True)
            names, waiting = [], []
    if names:
        yield from zip(names, transcoder(waiting), strict=True)
