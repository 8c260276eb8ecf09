"""Temporary files and folders that tell whether the process that made them is alive.

Each is locked while its process lives. The kernel takes the lock away with the process, however it
ends, on whichever machine or in whichever container; so what can be locked was left by a dead one.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
import shutil
from pathlib import Path

_NAME = re.compile(r"\.(.+)\.\d+\.[0-9a-f]{8}\.tmp", re.DOTALL)
_LONGEST = 200  # bytes of the target's name that a temporary name repeats; file systems take 255
_swept: set[Path] = set()  # folders that this process has looked through


class Temporary:
    """A new empty file (or ``folder``) beside ``target``, locked until it is renamed or removed.

    ``path`` is ``.<name of target>.<process>.<chance>.tmp``. What dead processes left in the same
    folder is removed first. ``private``: a folder that no other user may look into. Raises OSError.
    """

    def __init__(self, target: Path, *, folder: bool = False, private: bool = False) -> None:
        home = target.parent.absolute()
        if home not in _swept:
            _swept.add(home)
            sweep(home)
        name = os.fsencode(target.name)[:_LONGEST].decode(errors="ignore")
        while True:
            chance = secrets.token_hex(4)
            self.path = target.with_name(f".{name}.{os.getpid()}.{chance}.tmp")
            if folder:
                self.path.mkdir(mode=0o700 if private else 0o777)
            self._lock = os.open(self.path, _flags(folder) | (0 if folder else _NEW), 0o666)
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:  # a sweep came between making and locking, and removes it
                os.close(self._lock)
                continue
            except OSError:  # a file system without locks: nothing is swept there either
                return
            if _is_there(self.path, self._lock):
                return
            os.close(self._lock)

    def rename(self, target: Path) -> None:
        """Puts it in the place of ``target``; the lock is held until then. Raises OSError."""
        os.replace(self.path, target)
        os.close(self._lock)

    def remove(self) -> None:
        """Removes it with all it holds."""
        with contextlib.suppress(OSError):
            _remove(self.path)
        os.close(self._lock)


def target_of(path: Path) -> Path:
    """``path``; of a temporary file or folder, and what lies in it, the target that it is for."""
    for part in (*reversed(path.parents), path):
        if match := _NAME.fullmatch(part.name):
            return part.with_name(match[1])
    return path


def sweep(folder: Path) -> None:
    """Removes what dead processes of this user left in ``folder``.

    What a process still holds stays, and all of it where the file system has no locks.
    """
    try:
        with os.scandir(folder) as entries:
            found = [entry for entry in entries if _NAME.fullmatch(entry.name)]
    except OSError:
        return
    for entry in found:
        with contextlib.suppress(OSError):  # gone already, in use, or not ours to remove
            _remove_if_left(Path(folder, entry.name), entry.is_dir(follow_symlinks=False))


_NEW = os.O_CREAT | os.O_EXCL


def _flags(folder: bool) -> int:
    """NFS locks only what is open for writing; a folder never is."""
    return os.O_NOFOLLOW | (os.O_RDONLY | os.O_DIRECTORY if folder else os.O_RDWR)


def _remove_if_left(path: Path, folder: bool) -> None:
    lock = os.open(path, _flags(folder))
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(lock).st_uid == os.geteuid() and _is_there(path, lock):
            _remove(path)
    finally:
        os.close(lock)


def _is_there(path: Path, number: int) -> bool:
    """Whether ``path`` still names what is open as ``number``."""
    try:
        return os.path.samestat(os.lstat(path), os.fstat(number))
    except OSError:
        return False


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
