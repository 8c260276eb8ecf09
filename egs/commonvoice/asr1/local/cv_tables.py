"""Tables of a Common Voice release: clips (validated.tsv, train.tsv, ...) and their lengths.

Columns are found by name, as their number and order changed from release to release; there is no
quoting, and sentences hold unbalanced quotes and, seldom, tabs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from tqdm import tqdm

from asrkit.files import DataError

NEEDED = ("client_id", "path", "sentence")
VOTES = ("up_votes", "down_votes")
AUDIO = (".mp3", ".wav", ".flac", ".ogg", ".opus", ".m4a")


class Row(NamedTuple):
    """One clip: its name without folder and suffix, its speaker, what was to be read."""

    clip: str
    speaker: str
    sentence: str


def clip_name(path: str) -> str:
    """``clips/common_voice_it_1.mp3``, with or without folder and suffix, to common_voice_it_1."""
    name = PurePosixPath(path.strip()).name
    stem, dot, suffix = name.rpartition(".")
    return stem if dot and f".{suffix.lower()}" in AUDIO else name


def _lines(path: Path) -> Iterator[str]:
    """Lines without their ends, read as they are asked for; only LF ends a line."""
    try:
        with open(path, encoding="utf-8-sig", newline="\n") as stream:
            bar = tqdm(stream, path.name, unit="row", delay=3, mininterval=1, leave=False)
            for line in bar:
                yield line.rstrip("\r\n")
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: is not UTF-8 ({error.reason}); fetch the release again") from None


def read_clips(path: Path, counts: Counter[str]) -> Iterator[Row]:
    """Clips of one table in their order; what was odd is counted by reason in `counts`.

    A row with more fields than the header has its tab in the sentence if the votes say so, and is
    mended; every other row that does not fit the header is left out. Raises DataError without the
    columns client_id, path and sentence.
    """
    lines = _lines(path)
    header = next(lines, "").split("\t")
    missing = [name for name in NEEDED if name not in header]
    if missing:
        raise DataError(
            f"{path}:1: no column {', '.join(missing)}; the header has {', '.join(header)[:200]}. "
            "Is this a table of Common Voice's scripted speech?"
        )
    speaker, clip, sentence = (header.index(name) for name in NEEDED)
    for line in lines:
        if not line:
            continue
        fields = line.split("\t")
        if len(fields) != len(header):
            mended = _mend(fields, header)
            counts[f"{path.name}: " + ("tab in a sentence" if mended else "broken row")] += 1
            if not mended:
                continue
            fields = mended
        if not fields[clip].strip():
            counts[f"{path.name}: row without a clip"] += 1
            continue
        yield Row(clip_name(fields[clip]), fields[speaker].strip(), fields[sentence].strip())


def _mend(fields: list[str], header: list[str]) -> list[str] | None:
    """The row with the tabs inside its sentence as spaces; None if that does not make it fit."""
    extra = len(fields) - len(header)
    at = header.index("sentence")
    votes = [header.index(name) for name in VOTES if name in header]
    if extra <= 0 or not votes or min(votes) < at:
        return None
    sentence = " ".join(fields[at : at + extra + 1])
    mended = [*fields[:at], sentence, *fields[at + extra + 1 :]]
    return mended if all(mended[place].strip().isdigit() for place in votes) else None


def read_durations(folder: Path) -> dict[str, float]:
    """Clip -> seconds of clip_durations.tsv (16.1 on) or times.txt (14 to 16); {} without them.

    With and without a header, whatever it calls its columns; a number is milliseconds unless the
    header says ``[s]``.
    """
    for name in ("clip_durations.tsv", "times.txt"):
        path = folder / name
        if path.is_file():
            return _durations(path)
    return {}


def _durations(path: Path) -> dict[str, float]:
    seconds: dict[str, float] = {}
    clip, length, unit = 0, 1, 1000.0
    for number, line in enumerate(_lines(path), start=1):
        fields = line.split("\t") if "\t" in line else line.split()
        if number == 1 and fields and not any(_number(field) for field in fields):
            header = [field.strip().lower() for field in fields]
            lengths = [n for n, name in enumerate(header) if name.startswith(("dur", "time", "ms"))]
            if len(header) < 2 or len(lengths) != 1:
                raise DataError(f"{path}:1: neither a clip and its length nor a header of these")
            length, clip = lengths[0], int(lengths[0] == 0)
            unit = 1.0 if header[length].endswith(("[s]", "_s", "(s)", "seconds")) else 1000.0
            continue
        if not line:
            continue
        if len(fields) <= max(clip, length) or not _number(fields[length]):
            raise DataError(f"{path}:{number}: no clip and length: {line[:80]!r}")
        seconds[clip_name(fields[clip])] = float(fields[length]) / unit
    return seconds


def _number(text: str) -> bool:
    return text.strip().replace(".", "", 1).isdigit()
