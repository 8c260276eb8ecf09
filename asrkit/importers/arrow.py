"""Reads data sets that Hugging Face's ``datasets`` saved: folders of Arrow or Parquet files.

pyarrow reads them; asrkit does not bring it. Audio inside the tables is written to files.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from asrkit.files import DataError, atomic
from asrkit.importers.media import SUFFIXES, AudioFinder
from asrkit.importers.piece import Found, Left, Piece
from asrkit.importers.table import NAMES, PARTS, span_of

_MARKS = ("dataset_dict.json", "state.json", "dataset_info.json")
ROWS = 64  # held at a time
_TIMES = ("start", "end")  # of what a clip was cut from, as a rule: they count where they are named


def is_data(source: Path) -> bool:
    """Whether it is a folder that save_to_disk wrote, one with Parquet files, or such a file."""
    if source.is_file():
        return source.suffix in (".parquet", ".arrow")
    return any((source / name).is_file() for name in _MARKS) or any(_files(source, "*.parquet"))


def read(source: Path, columns: Mapping[str, str], store: Path, audio: Path | None = None) -> Found:
    """audio: folder of the files that the tables name. Raises DataError where pyarrow is missing,
    or a file has no audio, no text, or not a column that is asked for."""
    try:
        pyarrow = importlib.import_module("pyarrow")
        importlib.import_module("pyarrow.parquet")
        importlib.import_module("pyarrow.ipc")
    except ImportError:
        raise DataError(
            f"{source}: holds Arrow or Parquet files, which pyarrow reads; pip install pyarrow"
        ) from None
    files = [source]
    if source.is_dir():
        files = sorted([*_files(source, "*.arrow"), *_files(source, "*.parquet")])
    if not files:
        raise DataError(f"{source}: holds neither .arrow nor .parquet files")
    pieces: list[Piece] = []
    left: list[Left] = []
    notes: list[str] = []
    for number, path in enumerate(files):
        beside = [path.parent, source if source.is_dir() else source.parent]
        finder = AudioFinder([*([audio] if audio else []), *beside])
        try:
            names, rows = _rows(pyarrow, path)
            where = _columns(path, names, columns)
            if not notes:
                notes.append(f"{source}: {', '.join(f'{k} from {v!r}' for k, v in where.items())}")
            for line, row in enumerate(rows, 1):
                place = f"{path}:{line}"
                name = f"{number:03d}_{line:07d}"
                made = _piece(place, row, where, _part(source, path), finder, store / name)
                (pieces if isinstance(made, Piece) else left).append(made)  # type: ignore[arg-type]
        except pyarrow.ArrowException as error:
            reason = str(error).splitlines()[0]
            raise DataError(f"{path}: cannot be read ({reason}); save it again") from None
    return Found(pieces, left, notes, frozenset({"columns"}))


def _files(folder: Path, pattern: str) -> list[Path]:
    """Of the folder and its parts; not what ``datasets`` caches there."""
    found = [*folder.glob(pattern), *folder.glob(f"*/{pattern}")]
    return [path for path in found if not path.name.startswith("cache-")]


def _part(source: Path, path: Path) -> str:
    """train, valid or test by the folder of a DatasetDict, or a file's name (train-00000-of-1)."""
    inside = path.parent.name if source.is_dir() and path.parent != source else ""
    return PARTS.get(inside) or PARTS.get(re.split(r"[-.]", path.name)[0], "")


def _rows(pyarrow: Any, path: Path) -> tuple[list[str], Iterator[dict[str, Any]]]:
    """The columns of a file, and its rows; of its own stream of Arrow, or of Parquet."""
    if path.suffix == ".parquet":
        table = pyarrow.parquet.ParquetFile(path)
        batches = table.iter_batches(batch_size=ROWS)
        return table.schema_arrow.names, (row for b in batches for row in b.to_pylist())
    stream = pyarrow.ipc.open_stream(pyarrow.memory_map(str(path)))
    slices = (b.slice(at, ROWS) for b in stream for at in range(0, b.num_rows, ROWS))
    return stream.schema.names, (row for part in slices for row in part.to_pylist())


def _columns(path: Path, names: list[str], given: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, known in NAMES.items():
        guessed = () if key in _TIMES else known.split()
        name = given.get(key) or next((n for n in guessed if n in names), None)
        if name is not None:
            found[key] = name
    for key in dict.fromkeys(["audio", "text", *found]):
        if found.get(key) not in names:
            raise DataError(
                f"{path}: has no column {found.get(key, key)!r}; say which holds the {key} with "
                f"--columns {key}=NAME, of {' '.join(names)}"
            )
    return found


def _piece(
    place: str, row: Mapping[str, Any], where: Mapping[str, str], part: str,
    finder: AudioFinder, store: Path,
) -> Piece | Left:  # fmt: skip
    """store: where audio in the row is written to, less its suffix."""
    text = " ".join(str(row[where["text"]] or "").split())
    if not text:
        return Left(place, "has no text")
    span = span_of(place, *(row[where[key]] if key in where else None for key in _TIMES))
    if isinstance(span, Left):
        return span
    audio = row[where["audio"]]
    if isinstance(audio, str):
        audio = {"path": audio}
    if not isinstance(audio, dict):
        return Left(place, "has no audio", type(audio).__name__)
    if isinstance(audio.get("bytes"), bytes) and audio["bytes"]:
        suffix = Path(str(audio.get("path") or "")).suffix.lower()
        path = store.with_suffix(suffix if suffix in SUFFIXES else ".audio")
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic(path, "wb", sync=False) as stream:
            stream.write(audio["bytes"])
    else:
        found = finder.find(str(audio.get("path") or ""))
        if found is None:
            return Left(place, "no such audio file", str(audio.get("path")))
        path = found
    speaker = str(row.get(where.get("speaker", ""), "") or "")
    said = PARTS.get(str(row.get(where.get("part", ""), "")).lower(), "")
    return Piece(place, path, text, *span, speaker, part=said or part)
