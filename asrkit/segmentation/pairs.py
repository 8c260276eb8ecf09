"""Which recordings go with which texts: two files, two folders, or a table."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from asrkit.arguments import warn
from asrkit.files import DataError, read_lines
from asrkit.segmentation.recording import Pair

_TEXT = ".txt"


def find_pairs(audio: Path, text: Path, speaker: str | None) -> list[Pair]:
    """Of a recording and its text, or of folders: files that differ in their endings only. What
    has no partner is warned of. speaker: of all; None: a recording's own name.

    Raises DataError: one is a folder and the other not, no pair, two recordings of one name.
    """
    if audio.is_dir() != text.is_dir():
        raise DataError(f"{audio} and {text}: give two files, or two folders of files")
    if not audio.is_dir():
        return _named([(str(audio), text, speaker)])
    texts = {path.stem: path for path in _files(text) if path.suffix == _TEXT}
    sounds: dict[str, Path] = {}
    for path in _files(audio):
        if path.suffix == _TEXT:
            continue
        if path.stem in sounds:
            raise DataError(f"{path}: {sounds[path.stem].name} has the same name; keep one of them")
        sounds[path.stem] = path
    for stem in sorted(texts.keys() ^ sounds.keys()):
        path, other = (texts[stem], audio) if stem in texts else (sounds[stem], text)
        warn(f"{path}: nothing of this name in {other}; it is left out")
    both = sorted(texts.keys() & sounds.keys())
    if not both:
        raise DataError(f"{audio}: no recording has a text of its name, NAME{_TEXT}, in {text}")
    return _named((str(sounds[stem]), texts[stem], speaker) for stem in both)


def read_pairs(table: Path, speaker: str | None) -> list[Pair]:
    """Of a table: recording, text and, if it likes, speaker, with tabs between; paths as they are,
    or from the folder of the table. Raises DataError with the line."""
    rows = []
    for number, line in enumerate(read_lines(table), start=1):
        fields = line.split("\t")
        if not line.strip():
            continue
        if len(fields) not in (2, 3) or not all(map(str.strip, fields)):
            raise DataError(
                f"{table}:{number}: holds {len(fields)} values; write recording, text and, if you "
                "like, speaker, with tabs between"
            )
        audio, text = (_near(table, field.strip()) for field in fields[:2])
        rows.append((str(audio), text, fields[2].strip() if len(fields) == 3 else speaker))
    if not rows:
        raise DataError(f"{table}: holds no recording")
    return _named(rows)


def _near(table: Path, name: str) -> Path:
    beside = table.parent / name
    return beside if beside.exists() else Path(name)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file() and path.name[0] != ".")


def _named(rows: Iterable[tuple[str, Path, str | None]]) -> list[Pair]:
    found: dict[str, Pair] = {}
    for audio, text, speaker in rows:
        name = "_".join(Path(audio).stem.split())
        if name in found:
            raise DataError(f"{audio} and {found[name].audio}: have one name; rename one of them")
        found[name] = Pair(name, audio, text, "_".join((speaker or name).split()))
    return list(found.values())
