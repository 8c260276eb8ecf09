"""Large text files, compressed or not, one line at a time."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import lzma
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from asrkit.files import DataError, atomic


def _open(path: str | Path) -> IO[bytes]:
    name = str(path)
    if name == "-":
        return sys.stdin.buffer
    if name.endswith(".zst"):
        raise DataError(f"{name}: Python cannot read zstd; say: zstd -dc {name} | ... with file -")
    openers: dict[str, Any] = {".gz": gzip.open, ".xz": lzma.open, ".bz2": bz2.open}
    stream: IO[bytes] = openers.get(Path(name).suffix, open)(path, "rb")
    return stream


def byte_lines(path: str | Path) -> Iterator[bytes]:
    """Lines of a plain, .gz, .xz or .bz2 file without their ends; ``-`` is standard input.

    Raises DataError if it is missing, or its compression is damaged or cut short.
    """
    try:
        with _open(path) as stream:
            for line in stream:
                yield line.rstrip(b"\n")
    except (OSError, EOFError, lzma.LZMAError, zlib.error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise DataError(f"{path}: cannot be read ({reason}); fetch it again") from None


def text_of(path: str | Path) -> Iterator[str]:
    """Lines as text. Raises DataError (file, line) on bytes that are not UTF-8, and on NUL."""
    for number, line in enumerate(byte_lines(path), start=1):
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            what = f"is not valid UTF-8 ({error.reason} at byte {error.start + 1})"
            raise DataError(f"{path}:{number}: {what}; convert it, or clean_lm_text") from None
        if "\0" in text or "\r" in text:
            raise DataError(f"{path}:{number}: holds NUL or CR; write the file again")
        yield text


@contextlib.contextmanager
def write_text(path: Path) -> Iterator[IO[bytes]]:
    """A file to write UTF-8 bytes to, compressed if its name ends in .gz; whole or not at all."""
    with atomic(path, "wb") as stream:
        if path.suffix == ".gz":
            with gzip.GzipFile(filename="", mode="wb", fileobj=stream, mtime=0) as packed:
                yield packed  # type: ignore[misc]
        else:
            yield stream
