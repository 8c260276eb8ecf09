"""Commands of the tables in docs/methods, and what they would do."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def rows(page: str) -> list[tuple[str, str]]:
    """(row, command) of every table row that ends with a run.sh."""
    text = (ROOT / f"docs/methods/{page}.md").read_text(encoding="utf-8")
    return re.findall(r"^\| (.+?) \|.*`(egs/\S+/run\.sh[^`]*)`", text, re.MULTILINE)


def dry_run(command: str) -> str:
    env = {**os.environ, "ASRKIT_VENV": sys.prefix}
    words = [*shlex.split(command), "--dry_run", "true"]
    done = subprocess.run(words, cwd=ROOT, env=env, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr[-3000:]}"
    return done.stdout + done.stderr


def made(recipe: Path) -> set[str]:
    return {name for name in ("data", "dump", "exp") if (recipe / name).exists()}
