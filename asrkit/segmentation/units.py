"""The text of a recording as the units that become segments: its sentences, or its lines."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from asrkit.files import DataError, endless
from asrkit.text.normalize import NormalizeError, normalize
from asrkit.text.sentences import split_sentences

SPLITS = ("sentence", "line")
LARGEST = 1 << 26  # bytes of a text: a hundred hours of speech


@dataclasses.dataclass(frozen=True)
class Unit:
    """A sentence or a line of a text file.

    line: from 1. text: as it is written, white space as single spaces. words: normalized. written:
    for every word as it is written, or empty where the two do not go together. fault: why it cannot
    be aligned, else empty.
    """

    line: int
    text: str
    words: list[str]
    written: list[str]
    fault: str = ""


def read_units(path: Path, language: str, *, split: str = "sentence") -> list[Unit]:
    """Units of a text file. Byte order marks and line ends of Windows are no fault.

    Raises DataError: not there, not UTF-8 (with the line), or no word in it.
    """
    found = [
        _unit(number, " ".join(part.split()), language)
        for number, line in enumerate(_lines(path), start=1)
        for part in (split_sentences(line, closing=True) if split == "sentence" else [line])
        if part.strip()
    ]
    if not any(unit.words for unit in found):
        raise DataError(f"{path}: holds no word; is it the text of the recording?")
    return found


def _lines(path: Path) -> list[str]:
    if fault := endless(path):
        raise DataError(f"{path}: {fault}")
    try:
        if path.stat().st_size > LARGEST:
            raise DataError(f"{path}: has more than {LARGEST >> 20} MiB; is it a text?")
        rows = path.read_bytes().removeprefix(b"\xef\xbb\xbf").split(b"\n")
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); check the path") from None
    lines = []
    for number, row in enumerate(rows, start=1):
        if b"\0" in row or row.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise DataError(
                f"{path}:{number}: is not plain text in UTF-8; convert it, for example "
                "iconv -f utf-16 -t utf-8, or save it as text"
            )
        try:
            lines.append(row.decode())
        except UnicodeDecodeError as error:
            raise DataError(
                f"{path}:{number}: is not valid UTF-8 (byte {row[error.start]:#04x} at "
                f"{error.start + 1}); convert it, for example iconv -f latin1 -t utf-8"
            ) from None
    return lines


def _unit(line: int, text: str, language: str) -> Unit:
    try:
        words = normalize(text, language).split()
    except NormalizeError as error:
        return Unit(line, text, [], [], str(error))
    if not words:
        return Unit(line, text, [], [], "holds no word")
    return Unit(line, text, words, _written(text, words, language))


def _written(text: str, words: list[str], language: str) -> list[str]:
    """The words as they are written, where what is between spaces is normalized alone as it is
    in the sentence. Signs without words go with the word before, the first with the one after."""
    parts: list[str] = []
    spelled: list[str] = []
    for part in text.split():
        try:
            own = normalize(part, language).split()
        except NormalizeError:
            return []
        if len(own) > 1:  # hyphens: no cut is made inside
            return []
        if own:
            opening = parts[-1] + " " if len(parts) > len(spelled) else ""
            parts[len(spelled) :] = [opening + part]
            spelled += own
        elif spelled:
            parts[-1] += " " + part
        else:
            parts = [" ".join([*parts, part])]
    return parts if spelled == words else []
