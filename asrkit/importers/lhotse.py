"""Reads lhotse's manifests: recordings with supervisions, or cuts. They are lines of JSON, which
need no package; audio must be in files."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from asrkit.files import DataError
from asrkit.importers.media import AudioFinder
from asrkit.importers.piece import LARGEST, Found, Left, Piece

KINDS = ("cuts", "supervisions", "recordings")


def _kind(path: Path) -> str:
    """Of a manifest by its name, as lhotse's recipes give it; else empty."""
    name = path.name.removesuffix(".gz")
    if not name.endswith(".jsonl"):
        return ""
    return next((kind for kind in KINDS if kind in name), "")


def is_manifest(path: Path) -> bool:
    return path.is_file() and bool(_kind(path))


def manifests_in(folder: Path) -> list[Path]:
    """cuts, or recordings with supervisions, of the folder itself."""
    paths = sorted(path for path in folder.iterdir() if is_manifest(path))
    cuts = [path for path in paths if _kind(path) == "cuts"]
    return cuts or [path for path in paths if _kind(path) != "cuts"]


def read(paths: list[Path], audio: Path | None) -> Found:
    """Raises DataError for lines that are no manifest's, or supervisions without recordings."""
    finder = AudioFinder([*([audio] if audio else []), Path.cwd(), paths[0].parent])
    pieces: list[Piece] = []
    left: list[Left] = []
    recordings: dict[str, dict[str, Any]] = {}
    for path in paths:
        if _kind(path) == "recordings":
            recordings |= {str(row.get("id")): row for _, row in _rows(path)}
    for path in paths:
        for line, row in _rows(path) if _kind(path) != "recordings" else ():
            place = f"{path}:{line}"
            try:
                found = _of_cut(place, row, finder) if _kind(path) == "cuts" else [
                    _piece(place, row, recordings.get(str(row["recording_id"])), 0.0, finder)
                ]  # fmt: skip
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise DataError(
                    f"{place}: is not a row of lhotse's {_kind(path)} ({error!r})"
                ) from None
            for made in found:
                (pieces if isinstance(made, Piece) else left).append(made)  # type: ignore[arg-type]
    if not pieces and not left:
        raise DataError(
            f"{paths[0]}: holds no supervision; import the folder with recordings.jsonl.gz and "
            "supervisions.jsonl.gz, or cuts.jsonl.gz"
        )
    return Found(pieces, left, [f"lhotse: {' '.join(map(str, paths))}"])


def _of_cut(place: str, row: dict[str, Any], finder: AudioFinder) -> list[Piece | Left]:
    """The supervisions of a cut, whose times count from the cut's start."""
    if row.get("type", "MonoCut") != "MonoCut":
        return [Left(place, "is no simple cut of a recording", str(row["type"]))]
    start = float(row["start"])
    return [_piece(place, s, row.get("recording"), start, finder) for s in row["supervisions"]]


def _piece(
    place: str,
    row: Mapping[str, Any],
    recording: Mapping[str, Any] | None,
    offset: float,
    finder: AudioFinder,
) -> Piece | Left:
    name = str(row.get("recording_id", ""))
    if recording is None:
        return Left(place, "is of no recording that is named", name)
    sources = recording["sources"]
    if len(sources) != 1 or sources[0]["type"] != "file" or len(sources[0]["channels"]) != 1:
        return Left(place, "is of a recording that is not one file of one channel", name)
    if recording.get("transforms"):
        return Left(place, "is of a recording that lhotse changes as it reads", name)
    path = finder.find(str(sources[0]["source"]))
    if path is None:
        return Left(place, "no such audio file", str(sources[0]["source"]))
    text = " ".join(str(row.get("text") or "").split())
    if not text:
        return Left(place, "has no text", str(row.get("id", "")))
    start = offset + float(row["start"])
    end = start + float(row["duration"])
    whole = start == 0 and abs(end - float(recording["duration"])) < 0.01
    span = (0.0, float("inf")) if whole else (max(0.0, start), end)
    return Piece(place, path, text, *span, str(row.get("speaker") or ""))


def _rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        with (gzip.open if path.suffix == ".gz" else open)(path, "rb") as stream:
            for number, line in enumerate(iter(lambda: stream.readline(LARGEST), b""), 1):
                row = json.loads(line)
                if not isinstance(row, dict):
                    raise ValueError("no object of JSON")
                yield number, row
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}:{number}: is no line of a manifest ({error})") from None
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{path}: cannot be read ({reason}); fetch it again") from None
