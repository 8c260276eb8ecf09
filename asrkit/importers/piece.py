"""What readers of other formats give: stretches of speech with their text, and what they leave."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from asrkit.files import DataError, endless

LARGEST = 256 << 20  # bytes of a file of annotations, which is held in memory
BOMS = {
    b"\xef\xbb\xbf": "utf-8-sig",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}


class Piece(NamedTuple):
    """Seconds ``start`` to ``end`` of ``audio`` (infinity: to its end), and what is said there.

    where: file and line that say so, for messages. speaker: empty where nobody is named. tier: of
    which one, where a file has several. part: train, valid or test, where the source says so.
    """

    where: str
    audio: Path
    text: str
    start: float = 0.0
    end: float = math.inf
    speaker: str = ""
    tier: str = ""
    part: str = ""


class Left(NamedTuple):
    """What was left out: where it is (file and line), the kind of reason, and more of it."""

    where: str
    why: str
    detail: str = ""


class Interval(NamedTuple):
    """An annotation of a file without its audio: seconds, text, and the line it begins in."""

    start: float
    end: float
    text: str
    line: int
    speaker: str = ""


class Found(NamedTuple):
    """What a source holds. notes: how it was read, a line each. takes: options that it was read by,
    of columns and tier."""

    pieces: list[Piece]
    left: list[Left]
    notes: list[str]
    takes: frozenset[str] = frozenset()


class Tier(NamedTuple):
    """A row of annotations. kind: its linguistic type in ELAN, its class in Praat."""

    name: str
    kind: str
    intervals: list[Interval]
    left: list[Left]
    speaker: str = ""

    @property
    def minutes(self) -> float:
        return sum(interval.end - interval.start for interval in self.intervals) / 60


def read_bytes(path: Path) -> bytes:
    """A file of annotations. DataError where it cannot be read, is empty or larger than LARGEST."""
    if fault := endless(path):
        raise DataError(f"{path}: {fault}")
    try:
        size = path.stat().st_size
        if size > LARGEST:
            raise DataError(
                f"{path}: has {size >> 20} MiB, and annotations up to {LARGEST >> 20} MiB are "
                "read; is it what its name says? Cut it into several"
            )
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); check the path") from None
    if not data.strip(b"\0 \t\r\n"):
        raise DataError(f"{path}: is empty; write it again")
    return data


def decoded(path: Path, data: bytes) -> str:
    """The text of a file in UTF-8, or in UTF-16 with a byte order mark, lines ending in LF.

    Raises DataError that names the line of the first byte that is neither.
    """
    coding = next((name for mark, name in BOMS.items() if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(coding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise DataError(
            f"{path}:{line}: is not valid {coding.removesuffix('-sig').upper()} (byte "
            f"{data[error.start]:#04x}); save it as UTF-8, or iconv -f latin1 -t utf-8"
        ) from None
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise DataError(f"{path}:{line}: holds a NUL character; write the file again as UTF-8")
    return text


def read_text(path: Path) -> str:
    """``decoded`` of ``read_bytes``."""
    return decoded(path, read_bytes(path))


def chosen(path: Path, tiers: list[Tier], wanted: Iterable[str]) -> list[Tier]:
    """The tiers that are ``wanted`` by name or kind; without any, the only one that holds text.

    Raises DataError that lists the tiers.
    """
    names = list(wanted)
    full = [tier for tier in tiers if tier.intervals or tier.left]
    if names:
        found = [tier for tier in full if tier.name in names or tier.kind in names]
        if found:
            return found
    elif len(full) == 1:
        return full
    rows = ", ".join(
        f"{tier.name!r} (type {tier.kind}, {len(tier.intervals)} annotations, "
        f"{tier.minutes:.1f} min)"
        for tier in full
    )
    if not full:
        raise DataError(f"{path}: holds no annotation with text")
    asked = f"no tier is called {' or '.join(map(repr, names))}" if names else "several tiers"
    raise DataError(f"{path}: {asked}; choose with --tier NAME or TYPE, of: {rows}")
