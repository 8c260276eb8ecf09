"""Pictures as PNG files."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from asrkit.files import atomic


def save(figure: Figure, path: Path) -> None:
    """Whole or not at all, cut to what is drawn."""
    with atomic(path, "wb") as out:
        figure.savefig(out, format="png", dpi=110, bbox_inches="tight")
