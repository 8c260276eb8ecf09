"""Reads the metrics of a run, train.jsonl; log.py, which writes them, imports torch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

STOPPED = "stopped"  # split of the last row of a run that ended before max_update


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """Rows of train.jsonl; a last line cut short by a kill is left out."""
    if not path.exists():
        return []
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return rows
