"""Reads ELAN's .eaf files: tiers, annotations, and the media they belong to.

Annotations without a time of their own: those that share a run between two times are spread evenly
over it, as ELAN shows them; what refers to another annotation has that one's time.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit
from xml.parsers import expat

from asrkit.files import DataError
from asrkit.importers.piece import Interval, Left, Tier, read_bytes

DEEPEST = 32  # elements within each other; ELAN's own have 5
MOST = 2_000_000  # annotations and times of a file


class Document(NamedTuple):
    """media: paths as the file names them, the likeliest first."""

    tiers: list[Tier]
    media: list[str]


class _Annotation:
    def __init__(self, name: str, line: int) -> None:
        self.name, self.line = name, line
        self.slots: tuple[str, str] | None = None
        self.of = ""  # the annotation that it refers to
        self.after = ""  # the one before it of the same
        self.text = ""


class _Tier:
    def __init__(self, attributes: dict[str, str]) -> None:
        self.name = attributes.get("TIER_ID", "")
        self.kind = attributes.get("LINGUISTIC_TYPE_REF", "")
        self.speaker = attributes.get("PARTICIPANT", "").strip()
        self.annotations: list[_Annotation] = []


def read(path: Path) -> Document:
    """Raises DataError, with the line, for what is no XML, has a document type with entities of its
    own, or is not built as ELAN's files are."""
    return _Reader(path).read(read_bytes(path))


class _Reader:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = self._refuse_doctype
        self.times: dict[str, float | None] = {}
        self.tiers: list[_Tier] = []
        self.media: list[str] = []
        self.open: list[str] = []
        self.annotation: _Annotation | None = None
        self.value: list[str] | None = None
        self.count = 0

    def _fault(self, what: str, line: int | None = None) -> DataError:
        return DataError(f"{self.path}:{line or self.parser.CurrentLineNumber}: {what}")

    def read(self, data: bytes) -> Document:
        try:
            self.parser.Parse(data, True)
        except expat.ExpatError as error:
            what = expat.ErrorString(error.code)
            raise self._fault(
                f"is no valid XML ({what}); open it in ELAN and save it again", error.lineno
            ) from None
        except DataError:
            raise
        except (LookupError, ValueError) as error:  # Python's, of a coding that expat has not
            raise self._fault(f"cannot be decoded ({error}); save it as UTF-8", 1) from None
        of = {a.name: a for tier in self.tiers for a in tier.annotations}
        spans = self._spans(of)
        return Document([self._tier(tier, of, spans) for tier in self.tiers], self.media)

    def _refuse_doctype(self, *_: object) -> None:
        raise self._fault("has a document type (DOCTYPE), which no file of ELAN has; remove it")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if not self.open and name != "ANNOTATION_DOCUMENT":
            raise self._fault(f"begins with <{name:.40}>, not with ELAN's <ANNOTATION_DOCUMENT>")
        self.open.append(name)
        if len(self.open) > DEEPEST:
            raise self._fault(f"has more than {DEEPEST} elements within each other")
        line = self.parser.CurrentLineNumber
        if name == "MEDIA_DESCRIPTOR":
            self._media(attributes)
        elif name == "TIME_SLOT":
            self._counted()
            self.times[self._needed(attributes, "TIME_SLOT_ID")] = self._time(attributes)
        elif name == "TIER":
            self.tiers.append(_Tier(attributes))
        elif name in ("ALIGNABLE_ANNOTATION", "REF_ANNOTATION"):
            if not self.tiers:
                raise self._fault("has an annotation outside of tiers")
            self._counted()
            made = _Annotation(self._needed(attributes, "ANNOTATION_ID"), line)
            if name == "ALIGNABLE_ANNOTATION":
                first, last = "TIME_SLOT_REF1", "TIME_SLOT_REF2"
                made.slots = self._needed(attributes, first), self._needed(attributes, last)
            else:
                made.of = self._needed(attributes, "ANNOTATION_REF")
                made.after = attributes.get("PREVIOUS_ANNOTATION", "")
            self.tiers[-1].annotations.append(made)
            self.annotation = made
        elif name == "ANNOTATION_VALUE":
            self.value = []

    def _counted(self) -> None:
        self.count += 1
        if self.count > MOST:
            raise self._fault(f"has more than {MOST} times and annotations; cut it into several")

    def _needed(self, attributes: dict[str, str], name: str) -> str:
        if name not in attributes:
            raise self._fault(f"<{self.open[-1]}> has no {name}; save the file again in ELAN")
        return attributes[name]

    def _time(self, attributes: dict[str, str]) -> float | None:
        value = attributes.get("TIME_VALUE")
        if value is None:
            return None
        if not (value.isascii() and value.isdigit() and len(value) < 16):
            raise self._fault(f"TIME_VALUE is {value[:40]!r}, not a number of milliseconds")
        return int(value) / 1000

    def _media(self, attributes: dict[str, str]) -> None:
        """Where the audio may be; sound before video."""
        names = [attributes.get("RELATIVE_MEDIA_URL", ""), attributes.get("MEDIA_URL", "")]
        places = [unquote(urlsplit(name).path) for name in names if name]
        if attributes.get("MIME_TYPE", "").startswith("audio"):
            self.media[:0] = places
        else:
            self.media += places

    def _end(self, name: str) -> None:
        self.open.pop()
        if name == "ANNOTATION_VALUE" and self.annotation is not None:
            self.annotation.text = " ".join("".join(self.value or []).split())
            self.value = None

    def _text(self, text: str) -> None:
        if self.value is not None:
            self.value.append(text)

    def _tier(
        self, tier: _Tier, of: dict[str, _Annotation], spans: dict[str, tuple[float, float]]
    ) -> Tier:
        """Annotations in the order of their times; those that refer to one are joined."""
        left: list[Left] = []
        said: dict[str, list[_Annotation]] = {}
        for annotation in tier.annotations:
            if not annotation.text:
                continue
            root = self._root(annotation, of)
            if root is None or root.name not in spans:
                where = f"{self.path}:{annotation.line}"
                left.append(Left(where, "has no time", f"annotation {annotation.name}"))
            else:
                said.setdefault(root.name, []).append(annotation)
        intervals = []
        for root_name, rows in said.items():
            start, end = spans[root_name]
            text = " ".join(a.text for a in _in_order(rows))
            intervals.append(Interval(start, end, text, rows[0].line, tier.speaker))
        return Tier(tier.name, tier.kind, sorted(intervals), left, tier.speaker)

    def _root(self, annotation: _Annotation, of: dict[str, _Annotation]) -> _Annotation | None:
        """The annotation with times that it refers to, over others; None where there is none."""
        for _ in range(DEEPEST):
            if annotation.slots is not None:
                return annotation
            if annotation.of not in of:
                return None
            annotation = of[annotation.of]
        raise self._fault(
            f"annotation {annotation.name!r} refers to itself over others; correct it in ELAN",
            annotation.line,
        )

    def _spans(self, of: dict[str, _Annotation]) -> dict[str, tuple[float, float]]:
        """Seconds of every annotation that has times, or lies in a run between two times."""
        timed = [a for a in of.values() if a.slots is not None]
        for annotation in timed:
            for slot in annotation.slots or ():
                if slot not in self.times:
                    raise self._fault(f"time slot {slot!r} is not in TIME_ORDER", annotation.line)
        begins: dict[str, _Annotation] = {}
        for tier in self.tiers:
            for annotation in tier.annotations:
                if annotation.slots and self.times[annotation.slots[0]] is None:
                    begins[annotation.slots[0]] = annotation
        spans: dict[str, tuple[float, float]] = {}
        for annotation in timed:
            assert annotation.slots is not None
            start = self.times[annotation.slots[0]]
            if start is not None:
                spans |= self._run(annotation, start, begins)
        return spans

    def _run(
        self, first: _Annotation, start: float, begins: dict[str, _Annotation]
    ) -> dict[str, tuple[float, float]]:
        """Those that follow ``first`` up to one that ends at a time, spread evenly; none if none
        does."""
        run = [first]
        while True:
            last = run[-1].slots
            assert last is not None
            end = self.times[last[1]]
            if end is not None:
                break
            if last[1] not in begins or len(run) > len(begins):
                return {}
            run.append(begins[last[1]])
        step = (end - start) / len(run)
        bounds = [*(start + number * step for number in range(len(run))), end]
        return {a.name: (bounds[at], bounds[at + 1]) for at, a in enumerate(run)}


def _in_order(annotations: list[_Annotation]) -> list[_Annotation]:
    """Annotations of one parent, each behind the one that it says it follows."""
    following = {a.after: a for a in annotations if a.after}
    mine = {a.name for a in annotations}
    result: list[_Annotation] = []
    for head in (a for a in annotations if a.after not in mine):
        at: _Annotation | None = head
        while at is not None and len(result) <= len(annotations):
            result.append(at)
            at = following.get(at.name)
    return result if len(result) == len(annotations) else annotations
