"""tools/check_install.py asks for nothing that pyproject.toml does not require."""

from __future__ import annotations

import re
import runpy
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_packages_are_required() -> None:
    command = [sys.executable, str(ROOT / "tools/requirements.py")]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    required = {re.split(r"[<>=~;\[ ]", line)[0].lower() for line in listed.splitlines()}
    checked = runpy.run_path(str(ROOT / "tools/check_install.py"))["PACKAGES"]
    assert set(checked) <= required
