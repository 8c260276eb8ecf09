"""Files written whole or not at all, and text files read with errors that name file and line."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

from asrkit.temporary import Temporary, target_of

# Errors of the system that more space, or a larger quota, would mend.
DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


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
    ``path`` is as it was; what a killed process left goes with the next one that writes there
    (temporary.py). ``sync=False`` leaves flushing to the system: for the many small files of a step
    that can be repeated. Raises DataError where the system refuses to write.
    """
    if mode not in ("w", "wb"):
        raise ValueError(f'mode is "w" or "wb", not {mode!r}')
    path = Path(path)
    text: dict[str, str] = {"encoding": "utf-8", "newline": "\n"} if mode == "w" else {}
    stream: IO[Any] | None = None
    with _in_place_of(path) as temporary:
        try:
            stream = open(temporary.path, mode, **text)  # type: ignore[call-overload]  # noqa: SIM115
            yield stream
            stream.flush()
            if sync:
                os.fsync(stream.fileno())
            stream.close()
            temporary.rename(path)
        finally:
            if stream is not None:
                with contextlib.suppress(OSError, ValueError):  # close flushes: fails as before
                    stream.close()
    if sync:
        _sync_folder(path.parent)


@contextlib.contextmanager
def atomic_folder(path: str | Path) -> Iterator[Path]:
    """Yields a temporary folder beside ``path`` and renames it at the end.

    After any failure nothing is left of it. Raises DataError if ``path`` holds anything, and where
    the system refuses to write.
    """
    path = Path(path)
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise DataError(f"{path}: exists already; choose another folder, or remove it")
    path.parent.mkdir(parents=True, exist_ok=True)
    with _in_place_of(path, folder=True) as temporary:
        yield temporary.path
        temporary.rename(path)


def append(path: Path, text: str, *, sync: bool = False) -> None:
    """Adds ``text`` (UTF-8) at the end of ``path``, all of it or nothing.

    ``sync``: it is on the disk when the call returns. Raises DataError where the system refuses to
    write.
    """
    try:
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    except OSError as error:
        raise _not_written(path, error) from error
    try:
        size, rest = os.fstat(number).st_size, text.encode()
        try:
            while rest:
                rest = rest[os.write(number, rest) :]
            if sync:
                os.fsync(number)
        except OSError as error:
            os.ftruncate(number, size)
            raise _not_written(path, error) from error
    finally:
        os.close(number)


@contextlib.contextmanager
def writing(path: str | Path) -> Iterator[None]:
    """Around other ways to write ``path``: what the system refuses without naming a file becomes a
    DataError that does."""
    try:
        yield
    except OSError as error:
        if error.filename is not None and str(error.filename) != str(path):
            raise
        raise _not_written(Path(path), error) from error


@contextlib.contextmanager
def temporary_folder(path: str | Path) -> Iterator[Path]:
    """Yields a folder beside ``path`` for what is made on the way to it, and removes it.

    Raises DataError, which names ``path``, where the system refuses to write.
    """
    with _in_place_of(Path(path), folder=True) as temporary:
        yield temporary.path
        temporary.remove()


@contextlib.contextmanager
def _in_place_of(path: Path, *, folder: bool = False) -> Iterator[Temporary]:
    """A Temporary that is gone after any failure; what the system refuses becomes a DataError."""
    try:
        temporary = Temporary(path, folder=folder)
    except OSError as error:
        raise _not_written(path, error) from error
    try:
        yield temporary
    except OSError as error:
        temporary.remove()
        if _elsewhere(error, temporary.path):
            raise
        raise _not_written(path, error) from error
    except BaseException:
        temporary.remove()
        raise


def _elsewhere(error: OSError, temporary: Path) -> bool:
    """Whether it is about some other file of the body; those that name none are about writing.

    Of two names, as a copy has them, the second is written."""
    written = error.filename if error.filename2 is None else error.filename2
    return written is not None and not Path(str(written)).is_relative_to(temporary)


def _not_written(path: Path, error: OSError) -> DataError:
    reason = error.strerror or str(error)
    return DataError(
        f"{target_of(path)}: cannot be written ({reason}); what was there before is unchanged. "
        "Check the folder, its permissions and the free space"
    )


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
    if not (data.startswith(_BOM) or b"\r" in data or b"\0" in data):
        with contextlib.suppress(UnicodeDecodeError):
            return [row.decode() for row in rows], flaws
    return [decode_line(row, number, flaws) for number, row in enumerate(rows, 1)], flaws


_BOM = b"\xef\xbb\xbf"


def decode_line(row: bytes, number: int, flaws: list[Flaw]) -> str:
    """Line ``number`` of a file, from 1, free of the flaws of its encoding, which are appended."""
    if number == 1 and row.startswith(_BOM):
        flaws.append(Flaw(1, "begins with a byte order mark", "save as UTF-8 without BOM"))
        row = row[3:]
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


def refuse_flaws(path: str | Path, flaws: list[Flaw]) -> None:
    """Raises DataError naming file and line of each flaw, ten at most; nothing if there is none."""
    if flaws:
        shown = [f"{path}:{flaw.line}: {flaw.what}; {flaw.repair}" for flaw in flaws[:10]]
        if len(flaws) > len(shown):
            shown.append(f"{path}: and {len(flaws) - len(shown)} more")
        raise DataError("\n".join(shown))


def read_lines(path: str | Path) -> list[str]:
    """Lines without their ends; DataError naming file and line for each flaw of the encoding."""
    lines, flaws = scan_lines(path)
    refuse_flaws(path, flaws)
    return lines


def write_json(path: str | Path, content: Any, *, readable: bool = False) -> None:
    """Plain values as JSON, one a line, in ASCII; ``readable``: all letters as they are."""
    with atomic(path) as out:
        json.dump(content, out, indent=2 if readable else 1, ensure_ascii=not readable)
        out.write("\n")


def endless(path: str | Path) -> str | None:
    """What is wrong with a FIFO, a device or a socket, which is never read: opening it may wait for
    ever, and it need not end. None for all else, also where nothing is."""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return None
    kinds = {stat.S_IFIFO: "pipe (FIFO)", stat.S_IFSOCK: "socket"}
    kind = kinds.get(stat.S_IFMT(mode), "device")
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
        return None
    return f"is a {kind}, not a file; write what comes from it to a file first"


def sha256(path: str | Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    total = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            total.update(block)
    return total.hexdigest()


_POINTER = b"version https://git-lfs.github.com/spec/"


def refuse_pointer(path: str | Path) -> None:
    """Raises DataError if the file is what a clone without Git LFS has in a large one's place."""
    with open(path, "rb") as file:
        if file.read(len(_POINTER)) == _POINTER:
            raise DataError(
                f"{path}: a pointer of Git LFS, not the file itself; get that with: "
                f"git -C {Path(path).parent} lfs pull"
            )
