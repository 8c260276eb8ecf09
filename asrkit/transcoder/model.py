"""A trained Transcoder as an object: phone posteriors, or speech, to words."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from asrkit.audio.given import Audio, read_object
from asrkit.batch import Batch, pad
from asrkit.decode.confidence import AGREEMENT_ALONE, Calibration, evidence_from
from asrkit.decode.greedy import collapse
from asrkit.decode.hypothesis import Hypothesis
from asrkit.decode.plan import Plan
from asrkit.decode.transcribe import transcribe as timed_transcripts
from asrkit.decode.windows import in_windows
from asrkit.infer import Speech2Text
from asrkit.model_io import ModelError, TrainedModel, device_of
from asrkit.rate import RATE
from asrkit.transcoder.dataset import one_hot
from asrkit.transcoder.objective import Candidates, TranscoderObjective
from asrkit.transcoder.places import places
from asrkit.transcoder.posteriors import PhoneColumns, check_rows
from asrkit.transcoder.search import WordHypothesis, WordSearch
from asrkit.transcript import Transcript

PAUSE = 0.3  # seconds without a phone that end what is read at once: a Transcoder knows sentences


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
        self.folder = trained.folder
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
        self.calibration = Calibration.of(self.folder, AGREEMENT_ALONE)
        self.search: WordSearch | None = None
        self.max_phones = max_phones

    def posteriors(self, spoken: Sequence[str]) -> np.ndarray:
        """Phones of a text to one-hot rows [L, P]; those not in ``phones`` become ``<unk>``."""
        return one_hot(spoken, self.phones)

    def __call__(self, rows: Sequence[np.ndarray]) -> list[list[WordHypothesis]]:
        """Posteriors [L_i, P] of several utterances, read as one batch, to the n-best of each.

        No phones give one hypothesis without words. Raises PosteriorError on another P.
        """
        return [self.best(whole) for whole in self.candidates(rows)]

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

    def best(self, whole: Candidates) -> list[WordHypothesis]:
        """The n-best of an utterance."""
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
        parts = in_windows(model.frames, torch.from_numpy(wave), model.clock, self.max_seconds)
        return self.columns(torch.cat(list(parts)).numpy())

    def __call__(self, wave: np.ndarray) -> list[str]:
        """float32 samples [S] to the best words."""
        return self.transcoder([self.posteriors(wave)])[0][0].words

    def plan(self, *, lang: str | None = None, nbest: int = 1, vad: str = "energy") -> Plan:
        """What makes transcripts, with times, of recordings (decode/transcribe.py)."""
        return Plan(
            lang=lang,
            nbest=nbest,
            max_seconds=self.max_seconds,
            vad=vad,
            reader=self._read,
            calibration=self.transcoder.calibration,
        )

    def transcribe(
        self,
        audio: Audio,
        lang: str | None = None,
        *,
        rate: int | None = None,
        channel: int | None = None,
        vad: str = "energy",
    ) -> Transcript:
        """What is said in a recording, as Speech2Text.transcribe. A word has the times of the
        phones that the Transcoder read it from, and as confidence its probability there, or what
        ``asrkit calibrate`` made of that. It reads what is between pauses of 0.3 seconds at once.
        """
        given = read_object(audio, rate=rate, channel=channel)
        name = str(audio) if isinstance(audio, str | Path) else ""
        search = self.transcoder.search
        plan = self.plan(lang=lang, nbest=search.nbest if search else 1, vad=vad)
        ((_, segments, duration),) = timed_transcripts(self.asr_model, [(name, given)], plan)
        return Transcript(tuple(segments), duration, name, lang, str(self.transcoder.path))

    def _read(self, log_probs: np.ndarray) -> list[Hypothesis]:
        """Frames [T, V] to the n-best words, each of so many of the phones in the frames."""
        rows, runs = self.columns.read(log_probs)
        if not runs:
            return [Hypothesis([], [], 0.0)]
        longest = PAUSE * RATE / self.asr_model.clock.hop
        pairs = itertools.pairwise(runs)
        cuts = [at for at, (a, b) in enumerate(pairs, 1) if b.start - a.end > longest]
        search = self.transcoder.search
        made = [Hypothesis([run.phone for run in runs], [], 0.0)]
        parts = np.split(rows, cuts)
        for start, whole in zip([0, *cuts], self.transcoder.candidates(parts), strict=True):
            placed = list(self._placed(whole, start))
            grown = [_joined(one, more) for one in made for more in placed]
            made = heapq.nlargest(search.nbest if search else 1, grown, key=lambda h: h.score)
        return [one if one.words else one._replace(tokens=[]) for one in made]

    def _placed(self, whole: Candidates, start: int) -> Iterator[Hypothesis]:
        """The n-best of phones from number ``start`` on, without these. They are the likeliest in
        their frames: the evidence of a word has no gap."""
        for words, score in self.transcoder.best(whole):
            found = places(self.transcoder.tokens.encode(words), whole)
            borders = [0, *(place.end for place in found)]
            evidence = tuple(
                evidence_from(place.confidence, 0.0, place.end - begin)
                for begin, place in zip(borders, found, strict=False)
            )
            yield Hypothesis([], words, score, tuple(start + end for end in borders[1:]), evidence)


def _joined(one: Hypothesis, more: Hypothesis) -> Hypothesis:
    return Hypothesis(
        one.tokens,
        one.words + more.words,
        one.score + more.score,
        one.ends + more.ends,
        one.evidence + more.evidence,
    )


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
