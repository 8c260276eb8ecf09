"""Finds one language of a Common Voice release: an unpacked tree of any release, or an archive.

Trees are ``cv-corpus-<v>.../<locale>/{clips/, validated.tsv, ...}`` since release 4, without the
locale's folder before, and whatever of these folders the user kept.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from asrkit.files import DataError
from asrkit.kaldi.archives import SUFFIXES, archive_stem, unpack

CORPUS = re.compile(r"cv-corpus-(?P<version>\d+(\.\d+)*)(?P<part>-delta|-singleword)?")
# Beginnings of archives' names, before the locale: cv-corpus-17.0-2024-03-15-nan-tw is not tw's.
NAMED = re.compile(CORPUS.pattern + r"(-\d{4}(-\d\d){0,2})?[-_]")
DEPTH = 3
ONE_CLIP = re.compile(r"common_voice_(?P<locale>[A-Za-z]{2,3}(-[A-Za-z0-9]+)*)_\d+")


class Release(NamedTuple):
    """The folder that holds clips/ and the tables of one locale, and what its path says of it."""

    folder: Path
    locale: str
    version: str  # "6.1"; "" if no folder is called cv-corpus-<version>

    @property
    def name(self) -> str:
        return f"Common Voice {self.version or '(release unknown)'} {self.locale}"


def find(corpus: Path, locale: str, *, version: str = "", unpack_to: Path) -> Release:
    """The release of `locale` in a folder or archive; archives are unpacked below `unpack_to`.

    Raises DataError: nothing there, several releases and no `version`, a delta release, or another
    corpus of Common Voice (single words, spontaneous speech).
    """
    if corpus.is_file():
        return _only(_trees(_unpacked(corpus, unpack_to), locale), corpus, locale, version)
    if not corpus.is_dir():
        raise DataError(f"{corpus}: no such folder or archive; give --corpus or set COMMONVOICE")
    found = _trees(corpus, locale)
    if not found:
        archives = _archives(corpus, locale, version)
        if len(archives) > 1:
            names = ", ".join(path.name for path in archives)
            raise DataError(f"{corpus}: several archives of {locale}: {names}; give --release")
        found = [
            release for path in archives for release in _trees(_unpacked(path, unpack_to), locale)
        ]
    return _only(found, corpus, locale, version)


def _unpacked(archive: Path, folder: Path) -> Path:
    """Unpacks below `folder`; archives of several releases have one name, it.tar.gz."""
    name = archive_stem(archive.name)
    if not CORPUS.match(name):
        name = f"{archive.absolute().parent.name}-{name}"
    return unpack(archive, folder / name)


def _only(found: list[Release], corpus: Path, locale: str, version: str) -> Release:
    if version:
        found = [release for release in found if release.version == version] or found
        if found and found[0].version not in ("", version):
            there = ", ".join(sorted({release.version for release in found}))
            raise DataError(f"{corpus}: no release {version} of {locale}; there is {there}")
    if len(found) > 1:
        there = "\n".join(f"  {release.version or '?'}: {release.folder}" for release in found)
        raise DataError(
            f"{corpus}: several releases hold {locale}; their splits must not be mixed, so give "
            f"--release:\n{there}"
        )
    if found:
        return found[0]
    raise DataError(f"{corpus}: no release of {locale} in it{_instead(corpus)}")


def _trees(corpus: Path, locale: str) -> list[Release]:
    """Folders of `locale` with validated.tsv, at the least depth that has any.

    Raises DataError only where all there is of the locale is not a whole release.
    """
    level, refused = [corpus], []
    for _ in range(DEPTH + 1):
        found = []
        for folder in level:
            try:
                release = _release(folder, locale)
            except DataError as error:
                refused.append(error)
                continue
            if release is not None:
                found.append(release)
        if found:
            return found
        level = [sub for folder in level for sub in _folders(folder)]
    if refused:
        raise refused[0]
    return []


def _folders(folder: Path) -> list[Path]:
    if (folder / "validated.tsv").is_file():
        return []  # a locale of its own: a million clips are no place to look
    skip = ("clips", "wavs", "audios")
    return sorted(
        sub
        for sub in folder.iterdir()
        if sub.name not in skip and sub.name[0] != "." and sub.is_dir()
    )


def _release(folder: Path, locale: str) -> Release | None:
    table = folder / "validated.tsv"
    if not table.is_file():
        return None
    named = _locale_of(folder) or folder.name
    if named.lower() != locale.lower():
        return None
    version = ""
    for part in reversed(folder.absolute().parts):
        match = CORPUS.match(part)
        if match and match["part"]:
            raise DataError(
                f"{folder}: is the part {match['part'][1:]} of a release; name the whole release"
            )
        if match:
            version = match["version"]
            break
    if not (folder / "clips").is_dir():
        raise DataError(f"{folder}: has tables but no folder clips; unpack the whole archive")
    return Release(folder, locale, version)


def _locale_of(folder: Path) -> str | None:
    """What the clips of validated.tsv are called after: common_voice_<locale>_<number>."""
    with open(folder / "validated.tsv", encoding="utf-8-sig", errors="replace") as stream:
        for _, line in zip(range(20), stream, strict=False):
            match = ONE_CLIP.search(line)
            if match:
                return match["locale"]
    tail = re.search(r"_([A-Za-z]{2,3}(-[A-Za-z0-9]+)*)$", folder.name)  # cv-corpus-1_it
    return tail[1] if tail else None


def _archives(corpus: Path, locale: str, version: str) -> list[Path]:
    """Archives of `locale` in the folder or its cv-corpus-* folders, by their names; parts of
    releases only where no whole one is."""
    found: list[Path] = []
    parts: list[Path] = []
    for pattern in ("*", "cv-corpus-*/*"):
        for path in sorted(corpus.glob(pattern)):
            if not path.name.endswith(SUFFIXES) or "singleword" in path.name or not path.is_file():
                continue
            stem, named = archive_stem(path.name), NAMED.match(archive_stem(path.name))
            match = named or CORPUS.match(path.parent.name)
            if version and match and match["version"] != version:
                continue
            rest = stem[named.end() :] if named else stem
            if rest == locale or (not named and stem.endswith((f"-{locale}", f"_{locale}"))):
                (parts if match and match["part"] else found).append(path)
    return found or parts


def _instead(corpus: Path) -> str:
    """What is there in its place, for the message."""
    if corpus.is_dir():
        spontaneous = [*corpus.glob("ss-corpus-*.tsv"), *corpus.glob("*/ss-corpus-*.tsv")]
        if spontaneous:
            return ": it is Common Voice's Spontaneous Speech, another corpus than Scripted Speech"
        names = sorted(path.name for path in corpus.iterdir())[:20]
        return f"; it holds {', '.join(names) or 'nothing'}"
    return "; the archive is of another language or corpus"
