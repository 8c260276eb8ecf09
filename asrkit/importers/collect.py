"""What a source is: a table, annotations, a folder of either, a saved data set; and its content."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from asrkit.files import DataError
from asrkit.importers import annotated, arrow, lhotse, table
from asrkit.importers.media import AudioFinder, is_audio_name, sounds_first
from asrkit.importers.piece import Found, Left, Piece

TABLES = (".csv", ".tsv")
TEXT = ".txt"


class How(NamedTuple):
    """audio: folder of the recordings, where they are not beside what names them. tiers: of ELAN
    and Praat, by name or type. columns: of tables and saved data sets. store: folder that audio is
    written to where it comes inside a table."""

    audio: Path | None
    tiers: Sequence[str]
    columns: Mapping[str, str]
    store: Path


def read(source: Path, how: How) -> Found:
    """All pieces of a source. Raises DataError where it is none, or cannot be read."""
    if not source.exists():
        raise DataError(f"{source}: no such file or folder; check the path")
    if source.is_dir():
        return _folder(source, how)
    suffix = source.suffix.lower()
    finder = AudioFinder([*([how.audio] if how.audio else []), source.parent])
    if suffix in TABLES or (suffix == TEXT and how.audio is not None):
        return table.read(source, finder, how.columns)
    if suffix in annotated.KINDS:
        return annotated.read(source, finder, how.tiers)
    if arrow.is_data(source):
        return arrow.read(source, how.columns, how.store, how.audio)
    if lhotse.is_manifest(source):
        return lhotse.read([source], how.audio)
    known = " ".join([*TABLES, *sorted(annotated.KINDS), ".parquet", ".jsonl"])
    raise DataError(f"{source}: is of no kind that can be imported ({known}, or a folder)")


def _folder(source: Path, how: How) -> Found:
    if arrow.is_data(source):
        return arrow.read(source, how.columns, how.store, how.audio)
    if manifests := lhotse.manifests_in(source):
        return lhotse.read(manifests, how.audio)
    files = sorted(path for path in source.rglob("*") if path.is_file() and path.name[0] != ".")
    noted = [path for path in files if path.suffix.lower() in annotated.KINDS]
    texts = {path.with_suffix(""): path for path in files if path.suffix.lower() == TEXT}
    sounds = [path for path in files if is_audio_name(path.name)]
    tables = [path for path in files if path.suffix.lower() in TABLES]
    with_text = [path for path in sounds if path.with_suffix("") in texts]
    if tables and not noted and not with_text:
        if len(tables) > 1:
            names = " ".join(path.name for path in tables[:5])
            raise DataError(f"{source}: holds {len(tables)} tables ({names}); name the right one")
        finder = AudioFinder([*([how.audio] if how.audio else []), tables[0].parent, source])
        return table.read(tables[0], finder, how.columns)
    return _annotated(source, how, noted, texts, sounds)


def _annotated(
    source: Path, how: How, noted: list[Path], texts: Mapping[Path, Path], sounds: list[Path]
) -> Found:
    """Annotations and their recordings, clips and their texts, both in one folder or not."""
    finder = AudioFinder([*([how.audio] if how.audio else []), source])
    parts = [annotated.read(path, finder, how.tiers) for path in tqdm(noted, delay=2)]
    left: list[Left] = []
    used: dict[Path, list[Path]] = {}
    for path, part in zip(noted, parts, strict=True):
        for audio in {piece.audio.resolve() for piece in part.pieces}:
            used.setdefault(audio, []).append(path)
    speakers = _speakers(source, [path for path in sounds if path.with_suffix("") in texts])
    same: dict[Path, list[Path]] = {}
    for audio in sounds:
        same.setdefault(audio.with_suffix(""), []).append(audio)
    for audio in sounds:
        named = sounds_first(same[audio.with_suffix("")])
        text = texts.get(audio.with_suffix("")) if audio in named else None
        notes = used.get(audio.resolve(), [])
        annotated.refuse_two(audio, [*notes, *([text] if text else [])])
        if audio not in named and not notes:
            left.append(Left(str(audio), "is the film of a recording", named[0].name))
        elif text is not None and len(named) > 1:
            left.append(Left(str(audio), "has a text that is of another, too", str(text)))
        elif text is not None:
            found = annotated.read_plain(text, audio)
            parts.append(found._replace(pieces=[
                piece._replace(speaker=speakers.get(audio, "")) for piece in found.pieces
            ]))  # fmt: skip
        elif not notes:
            left.append(Left(str(audio), "has no text beside it"))
    if not left and not any(part.pieces or part.left for part in parts):
        raise DataError(
            f"{source}: holds neither a table nor recordings with annotations ("
            f"{' '.join(sorted(annotated.KINDS))}) or texts (.txt) of their names"
        )
    for stem in sorted(texts.keys() - same.keys()):
        left.append(Left(str(texts[stem]), "has no audio beside it", f"{stem.name}.*"))
    return joined([*parts, Found([], left, [])])


def _speakers(source: Path, sounds: list[Path]) -> dict[Path, str]:
    """The folders that clips lie in, where there are several: those of the speakers, or sessions,
    whose speakers nobody else is."""
    folders = {audio: str(audio.parent.relative_to(source)) for audio in sounds}
    return folders if len(set(folders.values())) > 1 else {}


def joined(parts: Iterable[Found]) -> Found:
    """The content of several as one."""
    pieces: list[Piece] = []
    left: list[Left] = []
    notes: list[str] = []
    takes: frozenset[str] = frozenset()
    for part in parts:
        pieces += part.pieces
        left += part.left
        notes += part.notes
        takes |= part.takes
    return Found(pieces, left, notes, takes)
