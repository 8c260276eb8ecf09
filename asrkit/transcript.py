"""What was said in a recording, and when: segments of words of tokens, with times in seconds.

The one form in which transcripts travel between recognizer, aligner, editors and files. A word is
what white space separates in a segment's text: of a recognizer of phones that knows no words, a
phone. Confidence is a probability; None where nobody has estimated one.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import json
import math
import re
import types
import typing
from collections.abc import Iterable
from typing import Any, NoReturn, TypeVar

from asrkit.files import DataError

FORMAT = "asrkit transcript 1"
T = TypeVar("T")
# what no file format can carry: control characters, halves of surrogate pairs, and no characters
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


class TranscriptError(DataError):
    """A transcript that cannot be; the message names the key."""


class _Timed:
    """The checks that everything with times shares."""

    __slots__ = ()
    text: str
    start: float
    end: float
    confidence: float | None

    def __post_init__(self) -> None:
        _check_text("text", self.text)
        _check_times(self.start, self.end)
        _check_probability("confidence", self.confidence)


@dataclasses.dataclass(frozen=True, slots=True)
class Token(_Timed):
    """A phone, character or subword unit of a model; times in seconds from the beginning."""

    text: str
    start: float
    end: float
    confidence: float | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Word(_Timed):
    """One word, without white space. tokens: what it was recognized as, if that is known."""

    text: str
    start: float
    end: float
    confidence: float | None = None
    tokens: tuple[Token, ...] = ()

    def __post_init__(self) -> None:
        _Timed.__post_init__(self)
        if self.text.split() != [self.text]:
            raise TranscriptError(f"text: {self.text!r} is not one word")


@dataclasses.dataclass(frozen=True, slots=True)
class Alternative:
    """Another text of a segment, and its score: a natural log, comparable within the segment."""

    text: str
    score: float

    def __post_init__(self) -> None:
        _check_text("text", self.text)
        if not math.isfinite(self.score):
            raise TranscriptError(f"score: {self.score} is not a finite number")


@dataclasses.dataclass(frozen=True, slots=True)
class Segment(_Timed):
    """A stretch of speech, such as a sentence. Where its words are known, they spell its text.

    text: one line. confidence: the mean of the words'. speaker: who, if that is known. lang: where
    it differs from the transcript's. alternatives: the n-best, if asked for, the text itself first.
    lang_confidence: of its language, where that was decided by a model.
    """

    start: float
    end: float
    text: str
    words: tuple[Word, ...] = ()
    confidence: float | None = None
    speaker: str | None = None
    lang: str | None = None
    alternatives: tuple[Alternative, ...] = ()
    lang_confidence: float | None = None

    def __post_init__(self) -> None:
        _Timed.__post_init__(self)
        _check_probability("lang_confidence", self.lang_confidence)
        _check_text("speaker", self.speaker)
        _check_text("lang", self.lang)
        if " ".join(self.text.split()) != self.text:
            raise TranscriptError(f"text: {self.text!r:.80} is not words with single spaces")
        spelled = " ".join(word.text for word in self.words)
        if self.words and spelled != self.text:
            raise TranscriptError(f"words: they spell {spelled!r:.80}, and the text is another")

    @classmethod
    def of(
        cls,
        words: Iterable[Word],
        *,
        speaker: str | None = None,
        lang: str | None = None,
        alternatives: Iterable[Alternative] = (),
    ) -> Segment:
        """The segment of one word or more: from the first's start to the end of the last to end."""
        words = tuple(words)
        if not words:
            raise TranscriptError("words: a segment that is made of words needs one")
        known = [word.confidence for word in words if word.confidence is not None]
        return cls(
            start=words[0].start,
            end=max(word.end for word in words),
            text=" ".join(word.text for word in words),
            words=words,
            confidence=round(sum(known) / len(known), 4) if known else None,
            speaker=speaker,
            lang=lang,
            alternatives=tuple(alternatives),
        )


@dataclasses.dataclass(frozen=True, slots=True)
class Transcript:
    """What was said in one recording.

    segments: by start; those of different speakers may overlap. duration: of the recording, in
    seconds; an end may lie behind it by rounding. audio: its path, or its id. language: code as in
    utt2lang; of several, the one that most is said in. model: what made it, None for a person.
    language_confidence: the mean over what is said in it, where it was decided by a model.
    """

    segments: tuple[Segment, ...]
    duration: float
    audio: str = ""
    language: str | None = None
    model: str | None = None
    language_confidence: float | None = None

    def __post_init__(self) -> None:
        _check_probability("language_confidence", self.language_confidence)
        for name in ("audio", "language", "model"):
            _check_text(name, getattr(self, name))
        if not 0 <= self.duration < math.inf:
            raise TranscriptError(f"duration: {self.duration} is not a number of seconds")
        starts = [segment.start for segment in self.segments]
        for number, (one, following) in enumerate(itertools.pairwise(starts), 1):
            if following < one:
                raise TranscriptError(
                    f"segments[{number}].start: {following:g} is before {one:g} of the one before"
                )

    @property
    def text(self) -> str:
        """All that was said, in one line."""
        return " ".join(segment.text for segment in self.segments if segment.text)

    @property
    def words(self) -> tuple[Word, ...]:
        return tuple(word for segment in self.segments for word in segment.words)

    def as_plain(self) -> dict[str, Any]:
        """The content of ``to_json`` as mappings and lists; what is empty or None is left out."""
        return {"format": FORMAT, **plain(self)}

    def to_json(self, *, indent: int | None = 1) -> str:
        """JSON that ``from_json`` reads back to an equal transcript; letters as they are."""
        return json.dumps(self.as_plain(), ensure_ascii=False, indent=indent, allow_nan=False)

    @classmethod
    def from_plain(cls, content: object, where: str = "transcript") -> Transcript:
        """What ``as_plain`` gave. Raises TranscriptError: ``where``, the key, and what it is."""
        try:
            if not isinstance(content, dict):
                _refuse("", content, "a mapping with segments and duration")
            if content.get("format", FORMAT) != FORMAT:
                _refuse("format", content["format"], repr(FORMAT))
            return _read(cls, {k: v for k, v in content.items() if k != "format"}, "")
        except TranscriptError as error:
            raise TranscriptError(f"{where}: {error}") from None

    @classmethod
    def from_json(cls, text: str | bytes, where: str = "transcript") -> Transcript:
        """What ``to_json`` wrote. Raises TranscriptError: ``where``, the key, and what it is."""
        try:
            content = json.loads(text, object_pairs_hook=_once)
        except TranscriptError as error:
            raise TranscriptError(f"{where}: {error}") from None
        except (ValueError, RecursionError) as error:
            raise TranscriptError(f"{where}: not valid JSON ({error})") from None
        return cls.from_plain(content, where)


def _check_text(name: str, text: str | None) -> None:
    if text is not None and (found := _UNPRINTABLE.search(text)):
        raise TranscriptError(
            f"{name}: holds the character U+{ord(found[0]):04X}, which is no text"
        )


def _check_probability(name: str, value: float | None) -> None:
    if value is not None and not 0 <= value <= 1:
        raise TranscriptError(f"{name}: {value:g} is not between 0 and 1")


def _check_times(start: float, end: float) -> None:
    if not 0 <= start < math.inf:
        raise TranscriptError(f"start: {start} is not a number of seconds")
    if not start <= end < math.inf:
        raise TranscriptError(f"end: {end} is not a time at or after the start, {start:g}")


def plain(value: Any) -> Any:
    """A part of a transcript as mappings and lists, as ``Transcript.as_plain`` has it."""
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    if not dataclasses.is_dataclass(value):
        return value
    found = {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    needed = {f.name for f in dataclasses.fields(value) if f.default is dataclasses.MISSING}
    return {k: v for k, v in found.items() if k in needed or v not in (None, [], "")}


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise TranscriptError(f"{twice}: duplicate key")
    return found


def _refuse(key: str, value: object, wanted: str) -> NoReturn:
    raise TranscriptError(f"{key}: {value!r:.80} is not {wanted}".removeprefix(": "))


@functools.cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _read(kind: type[T], content: object, key: str) -> T:
    """A dataclass of this file from plain values; ``key``: where it lies, such as segments[2]."""
    if not isinstance(content, dict):
        _refuse(key, content, f"a mapping of {kind.__name__.lower()}")
    expected = _hints(kind)  # type: ignore[arg-type]
    fields = dataclasses.fields(kind)  # type: ignore[arg-type]
    before = f"{key}." if key else ""
    if unknown := sorted(set(content) - {field.name for field in fields}):
        known = ", ".join(field.name for field in fields)
        raise TranscriptError(f"{before}{unknown[0]}: unknown key; known: {known}")
    found = {}
    for field in fields:
        if field.name in content:
            value = content[field.name]
            found[field.name] = _value(expected[field.name], value, f"{before}{field.name}")
        elif field.default is dataclasses.MISSING:
            raise TranscriptError(f"{before}{field.name}: is missing")
    try:
        return kind(**found)
    except TranscriptError as error:
        raise TranscriptError(f"{before}{error}") from None


def _value(expected: Any, value: object, key: str) -> Any:
    if typing.get_origin(expected) is tuple:
        if not isinstance(value, list):
            _refuse(key, value, "a list")
        inner = typing.get_args(expected)[0]
        return tuple(_read(inner, item, f"{key}[{at}]") for at, item in enumerate(value))
    kinds = typing.get_args(expected) if isinstance(expected, types.UnionType) else (expected,)
    if value is None and type(None) in kinds:
        return None
    if float in kinds:
        if not isinstance(value, int | float) or isinstance(value, bool):
            _refuse(key, value, "a number")
        try:
            return float(value)
        except OverflowError:
            _refuse(key, value, "a number")
    if not isinstance(value, str):
        _refuse(key, value, "text")
    return value
