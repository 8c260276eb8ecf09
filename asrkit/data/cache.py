"""Arrays computed from files, kept beside them until the files change."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import logging
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from asrkit.files import DataError
from asrkit.temporary import Temporary

VERSION = 2
Arrays = dict[str, np.ndarray]


def cached(
    path: Path,
    kind: str,
    sources: Sequence[str],
    build: Callable[[], tuple[Arrays, dict[str, Any]]],
) -> tuple[Arrays, dict[str, Any]]:
    """Arrays (mapped) and notes that ``build()`` makes of the files ``sources`` in folder ``path``.

    They lie in ``path/.index/<kind>-<hash of the files' sizes and times>``; several processes may
    ask at once. In a folder that cannot be written they stay in memory.
    """
    stamps = []
    for name in sources:
        try:
            stat = os.stat(path / name)
        except OSError as error:
            what = f"cannot be read ({error.strerror}); stages 3 to 5 write it"
            raise DataError(f"{path / name}: {what}") from None
        stamps.append((name, stat.st_size, stat.st_mtime_ns))
    mark = hashlib.blake2b(repr((VERSION, stamps)).encode(), digest_size=8).hexdigest()
    home = path / ".index"
    wanted = home / f"{kind}-{mark}"
    loaded = _load(wanted)
    if loaded is not None:
        return loaded
    with _locked(home):
        loaded = _load(wanted)  # another process may have built it while this one waited
        if loaded is not None:
            return loaded
        logging.info("indexing %s (%s)", path, ", ".join(sources))
        arrays, meta = build()
        # where there are no locks, another process may have mapped one that it has just made
        if _load(wanted) is None:
            _save(home, wanted, kind, arrays, meta)
    return _load(wanted) or (arrays, meta)


def _load(folder: Path) -> tuple[Arrays, dict[str, Any]] | None:
    try:
        meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
        arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in meta["arrays"]}
    except (OSError, ValueError, KeyError):
        return None
    return arrays, meta


def _save(home: Path, wanted: Path, kind: str, arrays: Arrays, meta: dict[str, Any]) -> None:
    """A finished folder moves into place; a read-only or full disk leaves the index in memory."""
    try:
        temporary = Temporary(wanted, folder=True)
    except OSError as error:
        logging.warning("%s: index is not kept (%s)", home, error.strerror)
        return
    try:
        for name, array in arrays.items():
            np.save(temporary.path / f"{name}.npy", array)
        text = json.dumps({**meta, "arrays": list(arrays)}, ensure_ascii=False)
        (temporary.path / "meta.json").write_text(text, encoding="utf-8")
        for old in home.glob(f"{kind}-*"):
            shutil.rmtree(old, ignore_errors=True)
        temporary.rename(wanted)
    except OSError as error:
        logging.warning("%s: index is not kept (%s)", home, error.strerror)
        temporary.remove()


@contextlib.contextmanager
def _locked(home: Path) -> Iterator[None]:
    """One process a folder builds; where no lock can be had, each builds for itself."""
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):
            home.mkdir(exist_ok=True)
            lock = stack.enter_context(open(home / "lock", "w"))
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
