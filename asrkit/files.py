"""Files written whole or not at all, and text files read with errors that name file and line."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple


class DataError(ValueError):
    """Data that breaks a rule; the message says where, which rule, and what to do."""


class Flaw(NamedTuple):
    """One broken rule in a text file: line number from 1 (0: the file as a whole) and repair."""

    line: int
    what: str
    repair: str


@contextlib.contextmanager
def atomic(path: str | Path, mode: str = "w", *, sync: bool = True) -> Iterator[IO[Any]]:
    """Opens a temporary file beside ``path`` ("w": UTF-8, LF; or "wb") and renames it at the end.

    After any failure (an exception in the body, a full disk) the temporary file is gone and the old
    ``path`` is as it was. ``sync=False`` leaves flushing to the system: for the many small files of
    a step that can be repeated. Raises DataError where the system refuses to write.
    """
    if mode not in ("w", "wb"):
        raise ValueError(f'mode is "w" or "wb", not {mode!r}')
    path = Path(path)
    temporary = path.with_name(f".{path.name[:200]}.{os.getpid()}.{secrets.token_hex(4)}.tmp")
    text: dict[str, str] = {"encoding": "utf-8", "newline": "\n"} if mode == "w" else {}
    stream: IO[Any] | None = None
    try:
        stream = open(temporary, mode, **text)  # type: ignore[call-overload]  # noqa: SIM115
        yield stream
        stream.flush()
        if sync:
            os.fsync(stream.fileno())
        stream.close()
        os.replace(temporary, path)
        if sync:
            _sync_folder(path.parent)
    except OSError as error:
        _discard(stream, temporary)
        if error.filename not in (None, str(temporary)):  # some other file of the body
            raise
        reason = error.strerror or str(error)
        raise DataError(
            f"{path}: cannot be written ({reason}); what was there before is unchanged. "
            "Check the folder, its permissions and the free space"
        ) from error
    except BaseException:
        _discard(stream, temporary)
        raise


@contextlib.contextmanager
def atomic_folder(path: str | Path) -> Iterator[Path]:
    """Yields a temporary folder beside ``path`` and renames it at the end.

    After any failure nothing is left of it. Raises DataError if ``path`` holds anything.
    """
    path = Path(path)
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise DataError(f"{path}: exists already; choose another folder, or remove it")
    temporary = path.with_name(f".{path.name[:200]}.{os.getpid()}.{secrets.token_hex(4)}.tmp")
    try:
        temporary.mkdir(parents=True)
        yield temporary
        os.replace(temporary, path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _discard(stream: IO[Any] | None, temporary: Path) -> None:
    if stream is not None:
        with contextlib.suppress(OSError, ValueError):  # close flushes, and may fail as before
            stream.close()
    with contextlib.suppress(FileNotFoundError):
        temporary.unlink()


def _sync_folder(folder: Path) -> None:
    """Makes a rename last; some network file systems refuse, which costs nothing but safety."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def scan_lines(path: str | Path) -> tuple[list[str], list[Flaw]]:
    """All lines without their ends, and every flaw of the encoding.

    Flaws: invalid UTF-8, a byte order mark, carriage returns, NUL characters. The returned lines
    are free of them (an undecodable line becomes ""), so a caller that repairs can go on. A missing
    last line end is no flaw. Only LF ends a line. Raises DataError if unreadable.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None
    rows = data.split(b"\n")
    if rows[-1] == b"":
        rows.pop()
    flaws: list[Flaw] = []
    if data.startswith(b"\xef\xbb\xbf"):
        flaws.append(Flaw(1, "begins with a byte order mark", "save as UTF-8 without BOM"))
        rows[0] = rows[0][3:]
    clean = b"\r" not in data and b"\0" not in data
    try:
        lines = [row.decode() for row in rows]
        if clean:
            return lines, flaws
    except UnicodeDecodeError:
        pass
    return [_decode(number, row, flaws) for number, row in enumerate(rows, 1)], flaws


def _decode(number: int, row: bytes, flaws: list[Flaw]) -> str:
    if b"\r" in row:
        flaws.append(Flaw(number, "holds a carriage return (CR)", "write lines that end in LF"))
        row = row.replace(b"\r", b" ").rstrip(b" ")
    if b"\0" in row:
        flaws.append(Flaw(number, "holds a NUL character", "remove it, or write the file again"))
        row = row.replace(b"\0", b"")
    try:
        return row.decode()
    except UnicodeDecodeError as error:
        what = f"is not valid UTF-8 (byte {error.object[error.start]:#04x} at {error.start + 1})"
        flaws.append(Flaw(number, what, "convert it, for example iconv -f latin1 -t utf-8"))
        return ""


def read_lines(path: str | Path) -> list[str]:
    """Lines without their ends; DataError naming file and line for each flaw of the encoding."""
    lines, flaws = scan_lines(path)
    if flaws:
        shown = [f"{path}:{flaw.line}: {flaw.what}; {flaw.repair}" for flaw in flaws[:10]]
        if len(flaws) > len(shown):
            shown.append(f"{path}: and {len(flaws) - len(shown)} more")
        raise DataError("\n".join(shown))
    return lines


def write_json(path: str | Path, content: Any, *, readable: bool = False) -> None:
    """Plain values as JSON, one a line, in ASCII; ``readable``: all letters as they are."""
    with atomic(path) as out:
        json.dump(content, out, indent=2 if readable else 1, ensure_ascii=not readable)
        out.write("\n")


def sha256(path: str | Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    total = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            total.update(block)
    return total.hexdigest()
