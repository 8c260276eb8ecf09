"""The folder of an experiment: made once, and never mixed with another configuration."""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from asrkit import config
from asrkit.build import resolve
from asrkit.config import ConfigError
from asrkit.files import atomic
from asrkit.options import RESUMABLE
from asrkit.temporary import sweep
from asrkit.tokens import TokenList

logger = logging.getLogger(__name__)


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Waits until no other process on this machine trains in ``folder``, and keeps others out.

    Where the file system has no locks nothing is waited for. What killed runs left half-written is
    removed, and so is a folder that was made for the lock and got no file.
    """
    made = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    number = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            logger.warning("%s: another process trains here; waiting until it ends", folder)
            fcntl.flock(number, fcntl.LOCK_EX)
        except OSError:
            logger.warning("%s: this file system has no locks; start no second run here", folder)
        sweep(folder)
        yield
    finally:
        os.close(number)
        if made:
            with contextlib.suppress(OSError):
                folder.rmdir()


def differences(old: dict[str, Any], new: dict[str, Any], prefix: str = "") -> list[str]:
    """Keys whose values differ, as ``a.b: old -> new``."""
    found = []
    for key in [*old, *(k for k in new if k not in old)]:
        a, b = old.get(key), new.get(key)
        if isinstance(a, dict) and isinstance(b, dict):
            found += differences(a, b, f"{prefix}{key}.")
        elif a != b:
            found.append(f"{prefix}{key}: {a!r} -> {b!r}")
    return found


def open_folder(folder: Path, content: dict[str, Any], *, resume: bool) -> bool:
    """Checks that ``folder`` is free, or belongs to this configuration; true if a run goes on."""
    saved = folder / "config.yaml"
    if not saved.exists():
        if folder.exists() and any(folder.iterdir()):
            raise ConfigError(
                f"output_dir: {folder} holds files but no config.yaml; choose another folder"
            )
        return False
    if not resume:
        raise ConfigError(
            f"output_dir: {folder} holds a run already; --resume true goes on with it, or choose "
            "another folder"
        )
    old = _options_of(saved)
    fixed_old = {k: v for k, v in old.items() if k not in RESUMABLE}
    fixed_new = {k: v for k, v in content.items() if k not in RESUMABLE}
    begun = (folder / "last.pt").exists()
    if found := differences(fixed_old, fixed_new):
        raise ConfigError(
            f"output_dir: {folder} was begun with another configuration ({'; '.join(found[:5])}); "
            "use the old values, or another folder"
            + ("" if begun else ", or remove this one: no weights were saved in it yet")
        )
    return begun


def _options_of(saved: Path) -> dict[str, Any]:
    """All options of a run; those that it did not have at their defaults, which is what it did."""
    return config.to_mapping(resolve(config.from_mapping(config.read_yaml(saved), str(saved))))


def changes(folder: Path, content: dict[str, Any]) -> list[str]:
    """What a run that goes on in ``folder`` does differently, as ``differences``."""
    told = {"output_dir", "resume", "init", "init_take", "yes"}
    old = _options_of(folder / "config.yaml")
    names = [name for name in content if name not in told]
    return differences({n: old[n] for n in names}, {n: content[n] for n in names})


def same_lists(
    folder: Path,
    tokens: TokenList | None,
    phones: TokenList | None,
    *,
    than: str = "the one given now; give this one",
) -> None:
    """Raises ConfigError if a list of symbols is another than that of the run in ``folder``.

    than: what the lists are called in the message.
    """
    for name, mine in (("tokens.txt", tokens), ("phones.txt", phones)):
        file = folder / name
        if mine is not None and file.exists() and TokenList.read(file).symbols != mine.symbols:
            raise ConfigError(
                f"{file}: the weights of this run stand for other symbols than {than}"
            )


def write_config(
    folder: Path,
    content: dict[str, Any],
    tokens: TokenList | None,
    phones: TokenList | None = None,
) -> None:
    """config.yaml with every value, and what the model's outputs (and phone inputs) stand for.

    The configuration comes first: a run that ends before the rest is there is known by it, and
    begins again with all of this.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with atomic(folder / "config.yaml") as file:
        file.write(config.dump_yaml(content))
    if tokens is not None:
        tokens.write(folder / "tokens.txt")
    if phones is not None:
        phones.write(folder / "phones.txt")
