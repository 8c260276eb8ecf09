"""Where a number comes from: code version, library versions, date, command."""

from __future__ import annotations

import datetime
import importlib.metadata
import platform
import subprocess
from pathlib import Path

import asrkit


def _git(*arguments: str) -> str | None:
    folder = Path(asrkit.__file__).parent
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def commit() -> str | None:
    """Commit of the asrkit that runs, ``+`` appended if its files were changed; None if no git."""
    number = _git("rev-parse", "--short=12", "HEAD")
    if not number:
        return None
    return number + ("+" if _git("status", "--porcelain", "--untracked-files=no", ".") else "")


def commit_date() -> str | None:
    return _git("log", "-1", "--format=%cI")


def now() -> str:
    """UTC, to the second."""
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def environment() -> dict[str, str | None]:
    """Versions of Python, torch and asrkit, and the commit."""

    def version(name: str) -> str | None:
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            return None

    return {
        "python": platform.python_version(),
        "asrkit": asrkit.__version__,
        "pytorch": version("torch"),
        "commit": commit(),
        "commit_date": commit_date(),
    }
