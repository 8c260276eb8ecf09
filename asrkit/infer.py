"""A trained recognizer as an object: audio in, text with times out, or log-probabilities."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from asrkit.arguments import warn
from asrkit.audio.given import Audio, read_object
from asrkit.decode.beam import BeamDecoder, DecodeError
from asrkit.decode.confidence import Calibration
from asrkit.decode.device import Stepping
from asrkit.decode.live import CHUNK, ENDPOINT, LEFT, RIGHT, Live
from asrkit.decode.parallel import BeamTask
from asrkit.decode.plan import AUTO, NOT_LIVE, Auto, Plan
from asrkit.decode.search import Search, expecting, find, one_language
from asrkit.decode.streaming import Stream
from asrkit.decode.timing import Clock
from asrkit.decode.transcribe import passages, transcribe, written
from asrkit.identify import Speech2Class
from asrkit.model_io import CLASSIFIER, ModelError, TrainedModel
from asrkit.network import Network
from asrkit.objectives.base import Recognizer, Scorer
from asrkit.pack.archive import is_pack
from asrkit.rate import RATE
from asrkit.text.tokenize import META, CharTokenizer
from asrkit.transcript import Segment, Transcript
from asrkit.vocabulary import languages_in, strip_languages, type_of

DECODERS, MOST_DECODERS = 2, 8  # searches that are kept, of one language and of several


class Speech2Text(Network):
    """A recognizer; how it is opened and run: Network.

    classifier: of languages, for ``lang="auto"``: a model of objective classify; ``language``
    beside the model's folder (in a pack: in it) if None.
    """

    objective: Recognizer

    def __init__(
        self,
        model: str | Path,
        *,
        device: str = "cpu",
        precision: str = "auto",
        batch_seconds: float | None = None,
        classifier: str | Path | None = None,
    ) -> None:
        super().__init__(model, device=device, precision=precision, batch_seconds=batch_seconds)
        self._how: dict[str, Any] = {
            "device": device,
            "precision": precision,
            "batch_seconds": batch_seconds,
        }
        self.classifier_path = Path(classifier or self.folder.parent / CLASSIFIER)
        self.clock = Clock.of(self.objective.output_lengths)
        self.calibration = Calibration.of(self.folder)
        self._decoders: list[tuple[BeamTask, BeamDecoder]] = []  # the last used first
        self._kept = DECODERS
        self._told: set[str] = set()

    def _scorer(self, trained: TrainedModel, given: Path) -> Recognizer:
        if trained.tokens is None:
            raise ModelError(
                f"{given}: this model was pre-trained only and cannot recognize speech; fine-tune "
                "it with labeled data first (stage 8 of the recipes"
                + (", after python -m asrkit.bin.unpack)" if is_pack(given) else ")")
            )
        self.token_file = trained.options.token_file or ""
        self.tokens = trained.tokens
        objective = trained.objective()
        if not isinstance(objective, Recognizer):
            raise ModelError(
                f"{trained.file}: objective {trained.options.objective!r} cannot be decoded"
                + ("; asrkit identify uses it" if isinstance(objective, Scorer) else "")
            )
        return objective

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
        separate vocabulary its tokens alone; "auto": that which is spoken, in each part of the
        recording (Speech2Class.stretches), and the transcript says which, and how sure. search:
        what to search with instead. channel: number of the one to take, from 1; the mean of all if
        None. max_seconds, vad: as in decode/transcribe.py. hotwords: words and phrases that are
        expected, or pairs of one and its boost, beside those of ``search``. Raises AudioError for
        what cannot be read, DecodeError for files of the search that are not there, HotwordError
        for words that cannot be spelled, ModelError for "auto" without a classifier.
        """
        given = read_object(audio, rate=rate, channel=channel)
        name = str(audio) if isinstance(audio, str | Path) else ""
        plan = self._plan(search, hotwords, lang, max_seconds=max_seconds, vad=vad)
        (found,) = transcribe(self, [(name, given)], plan, tell=self._tell)
        return written(found, plan, str(self.path))

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
        plan = self._plan(search, hotwords, lang, max_seconds=max_seconds, vad=vad)
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
        if lang == AUTO:
            raise DecodeError(NOT_LIVE)
        plan = self._plan(search, hotwords, lang, max_seconds=max_seconds, vad=vad)
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
        return self._plan(search, (), lang, max_seconds=max_seconds, vad=vad)

    def _plan(
        self,
        search: Search | None,
        hotwords: Iterable[str | tuple[str, float]],
        lang: str | None,
        *,
        max_seconds: float,
        vad: str,
    ) -> Plan:
        named = list(hotwords)
        if lang == AUTO:
            search = search or Search()
            one_language(search)

            def plan_of(spoken: str) -> Plan:
                return self._plan(search, named, spoken, max_seconds=max_seconds, vad=vad)

            auto = self.auto(plan_of, forced=search.mode is not None)
            return Plan(nbest=search.nbest, max_seconds=max_seconds, vad=vad, auto=auto)
        search = expecting(search, named, lang)
        found = find(search or Search(), self, lang)
        if found.note:
            self._tell(found.note)
        restricted = bool(lang and languages_in(self.tokens))
        task = found.task(self, lang, restricted=restricted)
        nbest = found.search.nbest
        return Plan(task, lang, restricted, nbest=nbest, max_seconds=max_seconds, vad=vad)

    @cached_property
    def classifier(self) -> Speech2Class:
        """That of ``lang="auto"``. Raises ModelError where there is none."""
        if not self.classifier_path.exists():
            raise ModelError(
                f"lang {AUTO}: no classifier of languages {self.classifier_path}; stage 8 "
                "makes it with --language_config conf/language.yaml (docs/language_id.md); or name "
                "the language"
            )
        return Speech2Class(self.classifier_path, **self._how)

    def auto(self, plan_of: Callable[[str], Plan], *, forced: bool = False) -> Auto:
        """What decides the language, by the classifier; ``plan_of`` is asked once for each. forced:
        all are asked for now, to be refused before any audio is read. Raises ModelError where the
        vocabulary is separate, and has none of the classifier's languages."""
        classifier = self.classifier
        own = languages_in(self.tokens)  # of a separate vocabulary
        among = [lang for lang in classifier.classes if not own or lang in own]
        if not among:
            raise ModelError(
                f"{classifier.path}: tells {', '.join(classifier.classes)} apart, and {self.path} "
                f"writes {', '.join(own)}"
            )
        self._kept = max(self._kept, min(len(among), MOST_DECODERS))
        kept = functools.cache(plan_of)
        for lang in among if forced else ():
            kept(lang)
        return Auto(functools.partial(classifier.in_samples, among=among), kept)

    def decoder(self, task: BeamTask) -> BeamDecoder:
        """The search of a task; the last two (with ``auto``, of eight languages) are kept, as
        making one takes seconds."""
        found = next((made for known, made in self._decoders if known == task), None)
        found = found or task.build()
        others = [pair for pair in self._decoders if pair[0] != task]
        self._decoders = [(task, found), *others[: self._kept - 1]]
        return found

    def _tell(self, note: str) -> None:
        """A warning, once for each object."""
        if note not in self._told:
            self._told.add(note)
            warn(note)

    def carried(self) -> Stepping | None:
        """``log_probs`` of one recording in parts, where the encoder carries a state from one to
        the next (Recognizer.carried)."""
        scores = self.objective.carried()
        return None if scores is None else Stepping(scores, self.device, self._computing)

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
