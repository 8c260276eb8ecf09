"""A trained recognizer as an object: audio in, text with times out, or log-probabilities."""

from __future__ import annotations

import contextlib
import tempfile
import weakref
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from asrkit.arguments import warn
from asrkit.audio.given import Audio, read_object
from asrkit.batch import Batch, Padded
from asrkit.decode.beam import BeamDecoder
from asrkit.decode.confidence import Calibration
from asrkit.decode.device import Flight, attention_without_plans, checked, host_zeros
from asrkit.decode.grouping import InOrder, like_lengths, rounded, windows
from asrkit.decode.live import CHUNK, ENDPOINT, LEFT, RIGHT, Live
from asrkit.decode.parallel import BeamTask
from asrkit.decode.prepared import prepare
from asrkit.decode.search import Search, expecting, find
from asrkit.decode.streaming import Stream
from asrkit.decode.timing import Clock
from asrkit.decode.transcribe import Plan, passages, transcribe
from asrkit.model_io import ModelError, TrainedModel, device_of
from asrkit.objectives.base import Recognizer
from asrkit.pack.archive import MANIFEST, is_pack, unpack
from asrkit.rate import RATE
from asrkit.temporary import Temporary
from asrkit.text.tokenize import META, CharTokenizer
from asrkit.train.precision import Precision
from asrkit.transcript import Segment, Transcript
from asrkit.vocabulary import languages_in, strip_languages, type_of

BATCH_SECONDS = {"cuda": 320.0, "cpu": 12.0}
LOOK_AHEAD = 8  # batches, among whose utterances those of like length are chosen
STEPS = 8  # lengths an octave: a GPU is given few shapes, for which it makes its plans once
IN_FLIGHT = 2  # batches that a GPU has to do while the host prepares the next


class Speech2Text:
    """model: exp/<name>, one checkpoint file in it, or a pack; device: cpu or cuda.

    precision: fp32, bf16 or auto, as in training (train/precision.py): bf16 on CUDA; or int8, on a
    CPU, for the matrices of the transformer. ``objective`` is made ready to recognize with it, and
    can do nothing else (decode/prepared.py).
    batch_seconds: of padded audio that the network is given at once; BATCH_SECONDS if None. A
    longer utterance is a batch of its own. look_ahead: seconds among which those of like length are
    chosen.
    A pack is unpacked to a temporary folder, which goes with the object.
    """

    def __init__(
        self,
        model: str | Path,
        *,
        device: str = "cpu",
        precision: str = "auto",
        batch_seconds: float | None = None,
    ) -> None:
        if batch_seconds is not None and not batch_seconds > 0:
            raise ModelError(f"batch_seconds is above 0, not {batch_seconds:g}")
        trained = TrainedModel.open(self._unpacked(Path(model)))
        if trained.tokens is None:
            raise ModelError(
                f"{model}: this model was pre-trained only and cannot recognize speech; fine-tune "
                "it with labelled data first (stage 8 of the recipes"
                + (", after python -m asrkit.bin.unpack)" if is_pack(Path(model)) else ")")
            )
        self.path, self.folder, self.step = trained.file, trained.folder, trained.step
        self.device = device_of(device)
        self.token_file = trained.options.token_file or ""
        self.tokens = trained.tokens
        objective = trained.objective()
        if not isinstance(objective, Recognizer):
            raise ModelError(
                f"{self.path}: objective {trained.options.objective!r} cannot be decoded"
            )
        self.objective = objective.to(self.device)
        self.clock = Clock.of(objective.output_lengths)
        self.calibration = Calibration.of(self.folder)
        self._decoders: list[tuple[BeamTask, BeamDecoder]] = []  # the last used first
        self._told: set[str] = set()
        int8 = precision == "int8"
        if int8 and self.device.type != "cpu":
            raise ModelError("precision int8 is for a CPU; on CUDA leave it out: bf16 is faster")
        self.precision = Precision("bf16" if int8 else precision, self.device)
        prepare(self.objective, self.precision, int8=int8)
        self.batch_seconds = batch_seconds or BATCH_SECONDS[self.device.type]
        self.look_ahead = LOOK_AHEAD * self.batch_seconds

    def _unpacked(self, path: Path) -> Path:
        """The model's folder in a pack or an unpacked pack; any other path as it is."""
        if is_pack(path):
            home = Path(tempfile.gettempdir(), "asrkit_pack")
            temporary = Temporary(home, folder=True, private=True)
            weakref.finalize(self, temporary.remove)
            unpack(path, temporary.path / "pack")
            path = temporary.path / "pack"
        return path / "model" if (path / MANIFEST).is_file() else path

    def transcribe(
        self,
        audio: Audio,
        lang: str | None = None,
        *,
        search: Search | None = None,
        rate: int | None = None,
        channel: int | None = None,
        max_seconds: float = 60.0,
        vad: str = "energy",
        hotwords: Iterable[str | tuple[str, float]] = (),
    ) -> Transcript:
        """What is said in a recording: a path, the bytes of a file, a file object, or samples with
        their ``rate`` (floats in [-1, 1], [S] or [channels, S]).

        lang: of the words: its lexicon and n-gram are searched with if there are any, and of a
        separate vocabulary its tokens alone. search: what to search with instead. channel: number
        of the one to take, from 1; the mean of all if None. max_seconds, vad: as in
        decode/transcribe.py. hotwords: words and phrases that are expected, or pairs of one and its
        boost, beside those of ``search``. Raises AudioError for what cannot be read, DecodeError
        for files of the search that are not there, HotwordError for words that cannot be spelled.
        """
        given = read_object(audio, rate=rate, channel=channel)
        name = str(audio) if isinstance(audio, str | Path) else ""
        search = expecting(search, hotwords, lang)
        plan = self.plan(search, lang, max_seconds=max_seconds, vad=vad)
        ((_, segments, duration),) = transcribe(self, [(name, given)], plan, tell=self._tell)
        return Transcript(tuple(segments), duration, name, lang, str(self.path))

    def passages(
        self,
        audio: Audio,
        lang: str | None = None,
        *,
        search: Search | None = None,
        rate: int | None = None,
        channel: int | None = None,
        max_seconds: float = 30.0,
        vad: str = "energy",
        hotwords: Iterable[str | tuple[str, float]] = (),
    ) -> Iterator[tuple[float, tuple[Segment, ...]]]:
        """``transcribe`` as it goes on, a window of ``max_seconds`` at a time: (seconds that are
        done, the segments that have come since); times are those of the recording."""
        given = read_object(audio, rate=rate, channel=channel)
        search = expecting(search, hotwords, lang)
        plan = self.plan(search, lang, max_seconds=max_seconds, vad=vad)
        with contextlib.closing(passages(self, given, plan, tell=self._tell)) as found:
            for until, segments in found:
                yield until, tuple(segments)

    def stream(
        self,
        lang: str | None = None,
        *,
        rate: int = RATE,
        chunk: float = CHUNK,
        left: float = LEFT,
        right: float = RIGHT,
        endpoint: float = ENDPOINT,
        search: Search | None = None,
        channel: int | None = None,
        max_seconds: float = 60.0,
        vad: str = "energy",
        hotwords: Iterable[str | tuple[str, float]] = (),
        name: str = "",
    ) -> Stream:
        """``transcribe`` of a recording that is being made: ``accept`` its samples, of ``rate`` Hz,
        then ``finish`` (decode/streaming.py).

        chunk, left, right, endpoint: seconds, as in decode/live.py. name: of the recording. Raises
        LiveError for seconds that cannot be, and what ``transcribe`` raises.
        """
        search = expecting(search, hotwords, lang)
        plan = self.plan(search, lang, max_seconds=max_seconds, vad=vad)
        return Stream(
            self,
            plan,
            Live(chunk, left, right, endpoint),
            rate=rate,
            channel=channel,
            name=name,
            model_name=str(self.path),
            tell=self._tell,
        )

    def plan(
        self,
        search: Search | None,
        lang: str | None,
        *,
        max_seconds: float = 60.0,
        vad: str = "energy",
    ) -> Plan:
        """What ``transcribe`` does with these options."""
        found = find(search or Search(), self, lang)
        if found.note:
            self._tell(found.note)
        restricted = bool(lang and languages_in(self.tokens))
        task = found.task(self, lang, restricted=restricted)
        nbest = found.search.nbest
        return Plan(task, lang, restricted, nbest=nbest, max_seconds=max_seconds, vad=vad)

    def decoder(self, task: BeamTask) -> BeamDecoder:
        """The search of a task; the last two are kept, as making one takes seconds."""
        found = next((made for known, made in self._decoders if known == task), None)
        found = found or task.build()
        others = [pair for pair in self._decoders if pair[0] != task]
        self._decoders = [(task, found), *others[:1]]
        return found

    def _tell(self, note: str) -> None:
        """A warning, once for each object."""
        if note not in self._told:
            self._told.add(note)
            warn(note)

    def log_probs(self, waves: Iterable[Tensor | np.ndarray]) -> list[Tensor]:
        """Waveforms [S_i], or [1, S_i] as torchaudio reads them, of floats in [-1, 1] at 16 kHz to
        log-probabilities [T_i, V] on the host. Raises ValueError for anything else.

        T_i is 0 for less than a frame. An utterance's scores are those it has alone, to rounding,
        whatever it is padded with.
        """
        return list(self.frames(waves))

    def frames(
        self, waves: Iterable[Tensor | np.ndarray], *, best: bool = False
    ) -> Iterator[Tensor]:
        """``log_probs``, one by one in the order of the waveforms, of which at most LOOK_AHEAD
        batches and one are held; with ``best``, the best token of every frame, [T_i] int32."""
        most_held, window_limit = self.look_ahead * RATE, self.batch_seconds * RATE
        flying: deque[Flight] = deque()
        most = IN_FLIGHT if self.device.type == "cuda" else 0
        for window in windows(map(checked, waves), int(window_limit), int(most_held)):
            found = InOrder(len(window))
            groups = deque(self._groups([len(wave) for wave in window]))
            while groups:
                group = groups.popleft()
                result = self._run([window[number] for number in group], best)
                if result is None:  # did not fit: fewer together from now on
                    smaller = self._groups([len(window[number]) for number in group])
                    groups.extendleft([[group[at] for at in part] for part in reversed(smaller)])
                    continue
                flying.append(Flight(found, group, result))
                while len(flying) > most:
                    yield from flying.popleft().land()
            del window
        for flight in flying:
            yield from flight.land()

    @property
    def _steps(self) -> int:
        return STEPS if self.device.type == "cuda" else 0

    def _groups(self, lengths: list[int]) -> list[list[int]]:
        return like_lengths(lengths, int(self.batch_seconds * RATE), self._steps)

    @torch.inference_mode()
    def _run(self, waves: list[Tensor], best: bool) -> Padded | None:
        """What is asked of a batch, on the device; None if it is too large for its memory, and
        ``batch_seconds`` has become less."""
        lengths = torch.tensor([len(wave) for wave in waves])
        data = host_zeros(len(waves), rounded(int(lengths.max()), self._steps), self.device)
        for row, wave in zip(data, waves, strict=True):
            row[: len(wave)] = wave
        batch = Batch(
            ids=["utterance"] * len(waves),
            keys=torch.zeros(len(waves), dtype=torch.int64),
            speech=Padded(data, lengths),
        )
        try:
            scores = self._scores(batch)
            return Padded(scores.data.argmax(-1).int() if best else scores.data, scores.lengths)
        except torch.OutOfMemoryError:
            if len(waves) == 1:
                seconds = len(waves[0]) / RATE
                raise ModelError(
                    f"{self.device} has too little memory for {seconds:.1f} seconds at once; cut "
                    "recordings with a smaller --max_seconds"
                ) from None
        # not where the error is handled: it holds what was computed
        torch.cuda.empty_cache()
        self.batch_seconds = data.numel() / RATE / 2
        return None

    def _scores(self, batch: Batch) -> Padded:
        with (
            self.precision.matmul_precision(),
            self.precision.autocast(),
            attention_without_plans(),
        ):
            return self.objective.log_probs(batch.to(self.device))

    def words(self, symbols: Sequence[str]) -> list[str] | None:
        """Words of a token sequence, or None where tokens (phones) do not spell words."""
        kind, separate = type_of(self.token_file)
        if separate:
            symbols = strip_languages(symbols)
        if kind == "char":
            return CharTokenizer().decode(symbols)
        if kind.startswith("bpe"):
            return "".join(symbols).replace(META, " ").split()
        return None
