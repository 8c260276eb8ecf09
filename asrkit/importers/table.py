"""Reads tables of clips, CSV or TSV: which separator, whether there is a header, what columns say.

All of it is found in the file, said, and can be given instead.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from asrkit.files import DataError
from asrkit.importers.media import AudioFinder, is_audio_name
from asrkit.importers.piece import Found, Left, Piece, read_text

SEPARATORS = {",": "comma", "\t": "tab", ";": "semicolon", "|": "vertical bar"}
# What columns are called, in lower case; the first that a header has is taken.
NAMES = {
    "audio": "audio path file filename file_name audio_path audio_file audio_filepath wav clip",
    "text": "text sentence transcript transcription transcript_text normalized_text utterance",
    "speaker": "speaker speaker_id client_id spk speaker_name",
    "start": "start start_time begin start_seconds offset",
    "end": "end end_time stop end_seconds",
    "part": "split part subset partition set",
}
PARTS = {
    "train": "train", "training": "train", "valid": "valid", "validation": "valid", "val": "valid",
    "dev": "valid", "development": "valid", "test": "test", "eval": "test",
}  # fmt: skip
SAMPLE = 200  # rows that are looked at


class Row(NamedTuple):
    line: int
    fields: list[str]


def read(path: Path, finder: AudioFinder, columns: Mapping[str, str]) -> Found:
    """columns: what is in which, ``{"text": "sentence"}``, by name or number from 1; the rest is
    found. Raises DataError where audio or text cannot be found."""
    separator, rows = _rows(path)
    where, header = _columns(path, rows, finder, columns)
    names = {key: _shown(at, header) for key, at in where.items()}
    said = ", ".join(f"{key} from {name}" for key, name in names.items())
    notes = [
        f"{path}: separator {SEPARATORS[separator]}, "
        f"{'header ' + ' '.join(header.fields) if header else 'no header'}: {said}"
    ]
    pieces: list[Piece] = []
    left: list[Left] = []
    width = max(where.values()) + 1
    for row in rows[1:] if header else rows:
        place = f"{path}:{row.line}"
        if len(row.fields) < width:
            left.append(Left(place, "has too few columns", f"{len(row.fields)}"))
            continue
        made = _piece(place, {key: row.fields[at].strip() for key, at in where.items()}, finder)
        (pieces if isinstance(made, Piece) else left).append(made)  # type: ignore[arg-type]
    return Found(pieces, left, notes, frozenset({"columns"}))


def _piece(place: str, values: Mapping[str, str], finder: AudioFinder) -> Piece | Left:
    text = " ".join(values["text"].split())
    if not text:
        return Left(place, "has no text", values["audio"])
    audio = finder.find(values["audio"])
    if audio is None:
        if same := finder.several(values["audio"]):
            names = " ".join(path.name for path in same)
            return Left(place, "names several audio files", names)
        return Left(place, "no such audio file", values["audio"])
    span = span_of(place, values.get("start"), values.get("end"))
    if isinstance(span, Left):
        return span
    part = values.get("part", "").lower()
    if part and part not in PARTS:
        return Left(place, "is of a part that is not train, valid or test", part)
    return Piece(place, audio, text, *span, values.get("speaker", ""), "", PARTS.get(part, ""))


def span_of(place: str, start: object, end: object) -> tuple[float, float] | Left:
    """Seconds of a row, which may have neither: then all of its audio."""
    try:
        span = float(str(start or 0)), float(str(end or math.inf))
    except ValueError:
        return Left(place, "has times that are no seconds", f"{start or ''} {end or ''}")
    if not 0 <= span[0] < span[1]:
        return Left(place, "ends before it begins", f"{span[0]:g} to {span[1]:g} s")
    return span


def _rows(path: Path) -> tuple[str, list[Row]]:
    """The separator, and all rows that hold anything."""
    text = read_text(path)
    head = "".join(text.splitlines(keepends=True)[:SAMPLE])
    best, score = "", 1.0
    for separator in SEPARATORS:
        widths = [len(row.fields) for row in _parsed(path, head, separator, cut=True)]
        common = max(set(widths), key=widths.count) if widths else 0
        share = widths.count(common) / max(1, len(widths))
        if common > 1 and share * min(common, 8) > score and share >= 0.5:
            best, score = separator, share * min(common, 8)
    if not best:
        raise DataError(
            f"{path}: no separator divides its lines into the same columns (tried: "
            f"{', '.join(SEPARATORS.values())}); write a table with a column of audio files and "
            "one of texts"
        )
    return best, list(_parsed(path, text, best))


def _parsed(path: Path, text: str, separator: str, *, cut: bool = False) -> list[Row]:
    """cut: ``text`` may end within a row. Tables with tabs quote whole fields, if at all."""
    if separator == "\t":
        lines = enumerate(text.split("\n"), 1)
        return [
            Row(n, [_unquoted(f) for f in line.split("\t")]) for n, line in lines if line.strip()
        ]
    rows, first = [], 1
    reader = csv.reader(io.StringIO(text), delimiter=separator, strict=not cut)
    try:
        for fields in reader:
            if any(field.strip() for field in fields):
                rows.append(Row(first, fields))
            first = reader.line_num + 1
    except csv.Error as error:
        if not cut:
            raise DataError(
                f"{path}:{first}: is no row of a table ({error}); is a quotation mark open?"
            ) from None
    return rows


def _unquoted(field: str) -> str:
    if len(field) > 1 and field[0] == field[-1] == '"':
        return field[1:-1].replace('""', '"')
    return field


def _columns(
    path: Path, rows: list[Row], finder: AudioFinder, given: Mapping[str, str]
) -> tuple[dict[str, int], Row | None]:
    """What is in which column, from 0, and the header if there is one."""
    first = rows[0]
    lower = [field.strip().lower() for field in first.fields]
    named = {
        key: lower.index(name)
        for key, names in NAMES.items()
        if (name := next((n for n in names.split() if n in lower), None)) is not None
    }
    by_name = {key: name for key, name in given.items() if not name.isdigit()}
    header = first if by_name or (named and not any(map(is_audio_name, lower))) else None
    found = named if header else {}
    for key, name in given.items():
        if name.isdigit() and 1 <= int(name) <= len(lower):
            found[key] = int(name) - 1
        elif name.strip().lower() in lower:
            found[key] = lower.index(name.strip().lower())
        else:
            raise DataError(
                f"{path}:{first.line}: has no column {name!r} for {key}; it has "
                f"{', '.join(repr(field) for field in first.fields)}"
            )
    body = rows[1:] if header else rows
    if not body:
        raise DataError(f"{path}: has a header and no rows")
    free = [at for at in range(len(lower)) if at not in found.values()]
    if "audio" not in found:
        hits = {at: _share(body, at, lambda v: finder.find(v) is not None) for at in free}
        best = max(hits, key=lambda at: hits[at], default=None)
        if best is None or hits[best] < 0.5:
            raise DataError(
                f"{path}:{first.line}: no column names audio files below {finder.places()}; give "
                "their folder with --audio, or the column with --columns audio=NAME"
            )
        found["audio"] = best
        free.remove(best)
    if "text" not in found:
        texts = [at for at in free if _share(body, at, _is_text) >= 0.5]
        if len(texts) != 1:
            what = "several columns" if texts else "no column"
            raise DataError(
                f"{path}:{first.line}: {what} may hold the text, of "
                f"{', '.join(repr(field) for field in first.fields)}; say which with --columns "
                "text=NAME (or its number)"
            )
        found["text"] = texts[0]
    return found, header


def _share(rows: list[Row], at: int, holds: object) -> float:
    assert callable(holds)
    values = [row.fields[at].strip() for row in rows[:SAMPLE] if at < len(row.fields)]
    values = [value for value in values if value]
    return sum(map(holds, values)) / max(1, len(values))


def _is_text(value: str) -> bool:
    """Letters, and mostly letters: no number, path or id."""
    letters = sum(not c.isdigit() and (c.isalpha() or ord(c) > 127) for c in value)
    return letters >= 0.6 * len(value.replace(" ", "")) and not is_audio_name(value)


def _shown(at: int, header: Row | None) -> str:
    return repr(header.fields[at]) if header else f"column {at + 1}"
