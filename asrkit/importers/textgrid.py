"""Reads Praat's TextGrid files, long and short, in the encodings that Praat writes.

Praat itself reads such a file as a row of free-standing numbers, texts in quotation marks and flags
such as <exists>; all other words are for people. Both forms are therefore one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from asrkit.files import DataError
from asrkit.importers.piece import BOMS, Interval, Tier, decoded, read_bytes

_ITEM = re.compile(r'"((?:[^"]|"")*)"|<(\w+)>|(!.*)|([^\s"]+)')


class _Item(NamedTuple):
    value: str | float
    line: int


def read(path: Path) -> list[Tier]:
    """Interval tiers, empty intervals left out. Point tiers have no stretches, and are empty.

    Raises DataError with the line of what is not as Praat writes it.
    """
    return _Reader(path).tiers()


class _Reader:
    def __init__(self, path: Path) -> None:
        self.path = path
        data = read_bytes(path)
        if data.startswith(b"ooBinaryFile"):
            raise DataError(f"{path}: is a binary file of Praat; save it as a (short) text file")
        self.items = self._items(_text(path, data))
        self.line = 1

    def _fault(self, what: str) -> DataError:
        return DataError(f"{self.path}:{self.line}: {what}")

    def _items(self, text: str) -> Iterator[_Item]:
        """Texts in quotation marks, free-standing numbers, and flags as texts with their <>."""
        line, end = 1, 0
        for found in _ITEM.finditer(text):
            line += text.count("\n", end, found.start())
            end = found.start()
            if found[1] is not None:
                yield _Item(found[1].replace('""', '"'), line)
            elif found[2] is not None:
                yield _Item(f"<{found[2]}>", line)
            elif found[4] is not None and (number := _number(found[4])) is not None:
                yield _Item(number, line)

    def _next(self, what: str) -> str | float:
        item = next(self.items, None)
        if item is None:
            raise self._fault(f"ends where {what} was expected; the file was cut short")
        self.line = item.line
        return item.value

    def _word(self, what: str) -> str:
        value = self._next(what)
        if not isinstance(value, str):
            raise self._fault(f"has {value:g} where {what} was expected")
        return value

    def _time(self, what: str) -> float:
        value = self._next(what)
        if not isinstance(value, float):
            raise self._fault(f"has {value[:40]!r} where {what} was expected")
        return value

    def _count(self, what: str) -> int:
        value = self._time(what)
        if value < 0 or value != int(value):
            raise self._fault(f"has {value:g} where {what} was expected")
        return int(value)

    def tiers(self) -> list[Tier]:
        if (kind := self._word('"ooTextFile"')) != "ooTextFile":
            hint = " (chronological: save it as a text file)" if "hronological" in kind else ""
            raise self._fault(f"begins with {kind[:40]!r}, not with ooTextFile of Praat{hint}")
        if (kind := self._word('"TextGrid"')) != "TextGrid":
            raise self._fault(f"is a {kind[:40]!r} of Praat, not a TextGrid")
        self._time("the first time")
        self._time("the last time")
        if self._word("<exists>") != "<exists>":
            return []
        result = []
        for _ in range(self._count("the number of tiers")):
            kind, name = self._word("the class of a tier"), self._word("the name of a tier")
            self._time("a tier's first time")
            self._time("a tier's last time")
            intervals = []
            for _ in range(self._count("the number of intervals")):
                if kind == "IntervalTier":
                    intervals += self._interval()
                elif kind == "TextTier":
                    self._time("the time of a point")
                    self._word("the text of a point")
                else:
                    raise self._fault(f"has a tier of class {kind[:40]!r}, which Praat does not")
            result.append(Tier(name, kind, intervals, []))
        return result

    def _interval(self) -> list[Interval]:
        start, line = self._time("the start of an interval"), self.line
        end, text = self._time("its end"), " ".join(self._word("its text").split())
        if not 0 <= start < end < math.inf:
            self.line = line
            raise self._fault(f"has an interval from {start:g} to {end:g} s; correct it in Praat")
        return [Interval(start, end, text, line)] if text else []


def _number(word: str) -> float | None:
    try:
        value = float(word)
    except ValueError:
        return None
    return value if math.isfinite(value) and word[-1].isdigit() else None


def _text(path: Path, data: bytes) -> str:
    """UTF-8 or UTF-16 with a mark, as Praat writes; else ISO Latin-1, which its older files are."""
    if data.startswith(tuple(BOMS)):
        return decoded(path, data)
    try:
        data.decode()
    except UnicodeDecodeError:
        data = data.decode("latin-1").encode()
    return decoded(path, data)
