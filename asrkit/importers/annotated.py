"""Pieces of recordings by their annotations: one file of ELAN, Praat or subtitles and its audio."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from asrkit.files import DataError
from asrkit.importers import eaf, subtitles, textgrid
from asrkit.importers.media import AudioFinder
from asrkit.importers.piece import Found, Left, Piece, Tier, chosen, read_text

SHARED = "is of several recordings that differ in their suffix"
TAKES = frozenset({"tier"})


def read(path: Path, finder: AudioFinder, tiers: Sequence[str]) -> Found:
    """tiers: names or types, of those that have several; without any, the only one with text.

    Raises DataError for a file that is broken, or whose tier is not clear; one without audio is
    left out.
    """
    found, media = _READERS[path.suffix.lower()](path)
    here = AudioFinder([path.parent, *finder.folders])
    audio = _audio(path, media, here)
    if audio is None:
        return Found([], [_without_audio(path, media, here.several(path.stem))], [], TAKES)
    taken = chosen(path, found, tiers)
    pieces, left = [], []
    for tier in taken:
        left += tier.left
        for row in tier.intervals:
            # of several tiers without a named speaker, each is somebody's
            speaker = row.speaker or tier.speaker or (tier.name if len(taken) > 1 else "")
            where = f"{path}:{row.line}"
            pieces.append(Piece(where, audio, row.text, row.start, row.end, speaker, tier.name))
    named = [tier.name for tier in taken if tier.name]
    notes = [f"{path}: tier {', '.join(map(repr, named))}"] if named and not tiers else []
    return Found(pieces, left, notes, TAKES)


def _elan(path: Path) -> tuple[list[Tier], list[str]]:
    document = eaf.read(path)
    return document.tiers, document.media


def _praat(path: Path) -> tuple[list[Tier], list[str]]:
    return textgrid.read(path), []


def _subtitles(path: Path) -> tuple[list[Tier], list[str]]:
    return [subtitles.read(path)], []


_READERS: dict[str, Callable[[Path], tuple[list[Tier], list[str]]]] = {
    ".eaf": _elan,
    ".textgrid": _praat,
    ".srt": _subtitles,
    ".vtt": _subtitles,
}
KINDS = frozenset(_READERS)


def _audio(path: Path, media: list[str], here: AudioFinder) -> Path | None:
    """The file that the annotations name, else one of their own name."""
    names = [*media, path.stem]
    if path.suffix.lower() in (".srt", ".vtt") and "." in path.stem:
        names.append(path.stem.rpartition(".")[0])  # talk.qxx.srt
    return next((audio for name in names if (audio := here.find(name))), None)


def _without_audio(path: Path, media: list[str], same: Sequence[Path]) -> Left:
    """Why annotations are left out. media: that they name; same: of their own name."""
    if same:
        return Left(str(path), SHARED, " ".join(audio.name for audio in same))
    said = f", nor {media[0]!r} that it names" if media else ""
    return Left(str(path), "has no audio beside it", f"{path.stem}.*{said}")


def read_plain(path: Path, audio: Path) -> Found:
    """A whole recording and the text of ``path``. DataError where that is not UTF-8."""
    text = " ".join(read_text(path).split())
    return Found([Piece(f"{path}:1", audio, text)], [], [])


def refuse_two(audio: Path, paths: Sequence[Path]) -> None:
    """Raises DataError where one recording has its text twice."""
    if len(paths) > 1:
        names = " and ".join(path.name for path in paths)
        raise DataError(f"{audio}: has {names}; move all but one of them elsewhere")
