"""The formats that transcripts are written in, by name; each is also the end of a file's name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from asrkit.files import DataError, atomic
from asrkit.formats import eaf, lines, nist, subtitles, textgrid
from asrkit.transcript import Transcript

Writer = Callable[[Transcript, Path], str]
WRITERS: dict[str, Writer] = {
    "txt": lambda transcript, _: lines.txt(transcript),
    "json": lambda transcript, _: transcript.to_json() + "\n",
    "srt": lambda transcript, _: subtitles.srt(transcript),
    "vtt": lambda transcript, _: subtitles.vtt(transcript),
    "ctm": lambda transcript, path: nist.ctm(transcript, path.stem),
    "stm": lambda transcript, path: nist.stm(transcript, path.stem),
    "textgrid": lambda transcript, _: textgrid.textgrid(transcript),
    "eaf": eaf.eaf,
    "tsv": lambda transcript, _: lines.tsv(transcript),
}
_SUFFIXES = {"textgrid": ".TextGrid"}  # as Praat spells it


def suffix(name: str) -> str:
    """The end of a file of a format, ``.srt``. Raises DataError if there is no such format."""
    if name not in WRITERS:
        raise DataError(f"no format is called {name!r}; known: {', '.join(WRITERS)}")
    return _SUFFIXES.get(name, f".{name}")


def render(transcript: Transcript, name: str, path: str | Path) -> str:
    """A transcript in a format, as it is to lie at ``path``, to which links are relative.

    Raises DataError for a format that is none, or needs what the transcript has not.
    """
    suffix(name)
    return WRITERS[name](transcript, Path(path))


def write(transcript: Transcript, name: str, path: str | Path) -> None:
    """Writes a transcript in a format, whole or not at all. Raises DataError as ``render`` does."""
    content = render(transcript, name, path)
    with atomic(path) as out:
        out.write(content)
