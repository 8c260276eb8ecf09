"""Corpora as they are handed out: fetched with resumption, unpacked whole or not at all."""

from __future__ import annotations

import http.client
import os
import tarfile
import urllib.error
import urllib.request
from email.message import Message
from pathlib import Path

from tqdm import tqdm

from asrkit.files import DISK_FULL, DataError, atomic_folder, writing

SUFFIXES = (".tar.gz", ".tgz", ".tar", ".tar.bz2", ".tar.xz")


def is_url(source: str) -> bool:
    """Whether ``source`` is an address of the web, not a path."""
    return source.startswith(("https://", "http://"))


def is_archive(source: str) -> bool:
    """Whether a path or an address ends as a tar archive does; queries (``?x=y``) do not count."""
    return source.split("?")[0].endswith(SUFFIXES)


def archive_stem(name: str) -> str:
    """``mls_polish.tar.gz`` to ``mls_polish``."""
    for suffix in SUFFIXES:
        if name.endswith(suffix):
            return name.removesuffix(suffix)
    return name


def download(url: str, path: Path) -> Path:
    """Fetches ``url`` to ``path`` through ``<path>.part``, going on where an earlier try stopped.

    A ``path`` that is there is returned as it is. An earlier try counts only if the server can say
    that the file is still the same (``<path>.part.version``: ETag or date). Raises DataError where
    the server cannot be reached, refuses, or sends less than it promised. Messages show no query:
    it may be a signature.
    """
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    part, mark = (path.with_name(path.name + end) for end in (".part", ".part.version"))
    shown = url.split("?")[0]
    version = mark.read_text(encoding="utf-8") if mark.exists() else ""
    start = part.stat().st_size if version and part.exists() else 0
    try:
        total = _fetch(url, part, mark, start, version)
    except urllib.error.HTTPError as error:
        hints = dict.fromkeys((401, 403), "a signed link may have expired: get a new one")
        hints |= {404: "check the address", 416: f"remove {part} and run again"}
        # 416 with this size: the last try stopped after the last byte.
        if error.code != 416 or error.headers.get("Content-Range", "") != f"bytes */{start}":
            raise DataError(f"{shown}: {error}; {hints.get(error.code, 'try later')}") from None
        total = start
    except (OSError, http.client.HTTPException) as error:
        raise DataError(
            f"{shown}: {error}; is this machine online? Or put {path.name} into {path.parent}"
        ) from None
    if total is not None and part.stat().st_size != total:
        raise DataError(f"{shown}: {part.stat().st_size} of {total} bytes came; run again to go on")
    os.rename(part, path)
    mark.unlink(missing_ok=True)
    return path


def _fetch(url: str, part: Path, mark: Path, start: int, version: str) -> int | None:
    """Writes the bytes from ``start`` on to ``part``, or all if the file is no longer ``version``;
    the whole size, None if the server does not say."""
    asked = {"Range": f"bytes={start}-", "If-Range": version} if start else {}
    request = urllib.request.Request(url, headers=asked)
    with urllib.request.urlopen(request, timeout=60) as answer:
        resumed = answer.status == 206
        # Some servers know Range but not If-Range.
        if resumed and _version(answer.headers) not in ("", version):
            return _fetch(url, part, mark, 0, "")
        done = start if resumed else 0
        length = answer.headers.get("Content-Length")
        size = answer.headers.get("Content-Range", "").rpartition("/")[2] if resumed else ""
        total = int(size) if size.isdecimal() else int(length) + done if length else None
        bar = tqdm(desc=part.stem, total=total, initial=done, unit="B", unit_scale=True)
        with part.open("ab" if resumed else "wb") as stream, bar:
            if not resumed:
                mark.write_text(_version(answer.headers), encoding="utf-8")
            while chunk := answer.read(1 << 20):
                with writing(part):
                    stream.write(chunk)
                    stream.flush()
                bar.update(len(chunk))
    return total


def _version(headers: Message) -> str:
    """What If-Range can be asked with: a strong ETag, else the date; empty if there is neither."""
    tag = headers.get("ETag", "")
    return tag if tag.startswith('"') else headers.get("Last-Modified", "")


def unpack(archive: Path, folder: Path) -> Path:
    """Unpacks a tar archive into ``folder``, which appears only when complete.

    A ``folder`` that is there is returned as it is. Raises DataError, with nothing left, if the
    archive is broken, or holds links, devices or paths that lead out of the folder, or the disk is
    full.
    """
    if folder.exists():
        return folder
    with atomic_folder(folder) as partial:
        try:
            with (
                tarfile.open(archive) as tar,
                tqdm(desc=archive.name, unit="file", delay=2) as bar,
            ):
                for member in tar:
                    if member.issym() or member.islnk():  # tarfile's filters have let some lead out
                        raise DataError(
                            f"{archive}: {member.name!r} is a link to {member.linkname!r}, which "
                            "no corpus needs; if you trust it, unpack it with tar and name the "
                            "folder instead"
                        )
                    tar.extract(member, partial, filter="data")
                    bar.update()
        except (tarfile.TarError, EOFError, OSError) as error:
            if isinstance(error, OSError) and error.errno in DISK_FULL:
                raise  # no fault of the archive
            raise DataError(f"{archive}: cannot be unpacked ({error}); fetch it again") from None
    return folder
