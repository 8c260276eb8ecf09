"""One language of Common Voice as the recipe uses it: releases, files and spelling."""

from __future__ import annotations

import argparse
import functools
import os
import urllib.parse
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from asrkit.files import DataError, read_lines
from asrkit.kaldi.archives import download, is_archive, is_url
from asrkit.text.normalize import NormalizeError, normalize
from cv_languages import locales_of
from cv_release import Release, find
from cv_tables import AUDIO, Row, clip_name, read_clips, read_durations

WHERE = "it is downloaded from the Mozilla Data Collective, after logging in"


class Language(NamedTuple):
    """files: clip -> its file, whatever the case of its suffix. counts: what the tables had odd."""

    lang: str
    releases: list[Release]
    files: dict[str, Path]
    counts: Counter[str]

    def rows(self, *tables: str) -> Iterator[Row]:
        """Clips of some tables, locale by locale; train, dev, test and validated must be there."""
        for table in tables:  # a table read twice has its oddities once
            for what in [what for what in self.counts if what.startswith(f"{table}: ")]:
                del self.counts[what]
        for release in self.releases:
            for table in tables:
                path = release.folder / table
                if path.is_file():
                    yield from read_clips(path, self.counts)
                elif table not in ("other.tsv", "invalidated.tsv"):
                    raise DataError(
                        f"{path}: is missing; a delta release has no splits, and an archive that "
                        "was not unpacked to its end may miss them"
                    )

    def durations(self) -> dict[str, float]:
        """Clip -> seconds, where the releases have a table of them."""
        seconds: dict[str, float] = {}
        for release in self.releases:
            seconds |= _durations(release.folder)
        return seconds

    def words(self, sentence: str) -> str:
        """asrkit's spelling of a sentence, with its hyphens; empty for markup, or if nothing in it
        is spoken."""
        try:
            return normalize(sentence, self.lang, hyphens="keep")
        except NormalizeError:
            return ""

    def names(self) -> str:
        return " and ".join(release.name for release in self.releases)


@functools.cache
def _durations(folder: Path) -> dict[str, float]:
    return read_durations(folder)


def open_language(args: argparse.Namespace) -> Language:
    """Finds (fetches, unpacks) every locale of --lang by --corpus, --urls, --locales, --release."""
    locales = locales_of(args.lang, args.locales, skip_others=args.skip_other_locales)
    releases = [_release(args, locale) for locale in locales]
    versions = {release.version for release in releases}
    if len(versions) > 1:
        raise DataError(f"{args.lang}: locales of different releases ({versions}); give --release")
    files: dict[str, Path] = {}
    for release in releases:
        files |= audio_files(release.folder / "clips")
    return Language(args.lang, releases, files, Counter())


def _release(args: argparse.Namespace, locale: str) -> Release:
    corpus: Path | None = args.corpus
    if args.urls is not None:
        urls = read_urls(args.urls)
        url = urls.get(locale) or urls.get(args.lang)
        if url is None and corpus is None:
            raise DataError(f"{args.urls}: no line for {args.lang} or {locale}")
        corpus = _fetch(url, locale, args.downloads) if url else corpus
    if corpus is None:
        raise DataError(
            f"where is Common Voice? Give --corpus, set COMMONVOICE, or give --urls. {WHERE}"
        )
    return find(corpus, locale, version=args.release, unpack_to=args.downloads)


def read_urls(path: Path) -> dict[str, str]:
    """``<lang or locale> <link>`` lines; a file, as no log may show signed links."""
    urls: dict[str, str] = {}
    for number, line in enumerate(read_lines(path), start=1):
        fields = line.split()
        if fields and not fields[0].startswith("#"):
            if len(fields) != 2 or not is_url(fields[1]):
                raise DataError(f"{path}:{number}: write a language and a link, https://...")
            urls[fields[0]] = fields[1]
    return urls


def _fetch(url: str, locale: str, folder: Path) -> Path:
    """The archive behind a link, called as the link's path ends, or after the locale."""
    name = Path(urllib.parse.unquote(urllib.parse.urlsplit(url).path)).name
    return download(url, folder / (name if is_archive(name) else f"{locale}.tar.gz"))


def audio_files(folder: Path) -> dict[str, Path]:
    """Clip -> file of a folder clips; of two files of one clip the first by name."""
    files: dict[str, Path] = {}
    with os.scandir(folder) as entries:
        names = sorted(entry.name for entry in entries if entry.name.lower().endswith(AUDIO))
    for name in names:
        files.setdefault(clip_name(name), folder / name)
    return files
