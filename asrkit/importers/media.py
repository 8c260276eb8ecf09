"""Where the audio is that a table, an .eaf file or a subtitle belongs to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path, PureWindowsPath

SUFFIXES = frozenset(
    """.wav .flac .mp3 .ogg .oga .opus .m4a .mp4 .aac .wma .webm .mkv .mov .avi .aif .aiff .au .amr
    .caf .g722 .sph .mpg .mpeg .3gp""".split()
)
FILMS = frozenset(".webm .mp4 .mkv .mov .avi .mpg .mpeg .3gp".split())


def is_audio_name(name: str) -> bool:
    """Whether it ends as the names of audio files and films do."""
    return Path(name.strip()).suffix.lower() in SUFFIXES


def sounds_first(paths: Sequence[Path]) -> Sequence[Path]:
    """Without films where there is sound, too: of one name, it is theirs."""
    return [path for path in paths if path.suffix.lower() not in FILMS] or paths


class AudioFinder:
    """Finds files by what annotations call them: paths of this machine or of another, names with
    or without folder and suffix. ``folders`` are searched in their order."""

    def __init__(self, folders: list[Path]) -> None:
        self.folders = list(dict.fromkeys(folders))
        self._stems: dict[Path, dict[str, list[Path]]] = {}

    def places(self) -> str:
        return ", ".join(map(str, self.folders))

    def find(self, name: str) -> Path | None:
        """The file of a name; None where there is none, or ``several`` are."""
        longest = max(map(len, name.encode(errors="replace").split(b"/")), default=0)
        if not name or "\0" in name or longest > 255:  # no name of a file
            return None
        path = Path(PureWindowsPath(name).as_posix() if "\\" in name or name[1:2] == ":" else name)
        if path.is_absolute() and path.is_file():
            return path
        for folder in self.folders:
            for candidate in (folder / path, folder / path.name):
                if path.name and candidate.is_file():
                    return candidate
            found = self._named(folder, path)
            if len(found) == 1:
                return found[0]
        return None

    def several(self, name: str) -> Sequence[Path]:
        """Files that a name without suffix may mean, where ``find`` cannot tell which."""
        found = (self._named(folder, Path(name)) for folder in self.folders)
        return next((files for files in found if len(files) > 1), [])

    def _named(self, folder: Path, path: Path) -> Sequence[Path]:
        found = self.by_stem(folder / path.parent, path.name) or self.by_stem(folder, path.name)
        return sounds_first(found)

    def by_stem(self, folder: Path, stem: str) -> list[Path]:
        """Audio files of a folder that have this name before their suffix."""
        if folder not in self._stems:
            stems: dict[str, list[Path]] = {}
            for path in audio_files(folder):
                stems.setdefault(path.stem, []).append(path)
            self._stems[folder] = stems
        return self._stems[folder].get(stem, [])


def audio_files(folder: Path) -> Iterator[Path]:
    """Of the folder itself, in order."""
    if folder.is_dir():
        yield from sorted(p for p in folder.iterdir() if is_audio_name(p.name) and p.is_file())
