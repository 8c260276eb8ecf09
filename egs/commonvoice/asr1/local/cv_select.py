"""Which clips to pre-train on: so many hours, by rule and seed, less what is tested on."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cv_tables import Row

SHORT = 0.98  # a release that holds less than this share of the hours asked for gets a warning


@dataclass(frozen=True)
class Selection:
    """Chosen clips, by name, and how they were chosen; lengths in seconds."""

    rows: list[Row]
    seconds: float
    available: float
    wanted: float
    left_out: Mapping[str, int]
    seed: int

    def record(self) -> dict[str, Any]:
        """Numbers for selection.json: hours, clips, speakers, what was left out and why."""
        return {
            "hours": round(self.seconds / 3600, 3),
            "hours_available": round(self.available / 3600, 3),
            "hours_wanted": round(self.wanted / 3600, 3),
            "clips": len(self.rows),
            "speakers": len({row.speaker for row in self.rows}),
            "left_out": dict(self.left_out),
            "seed": self.seed,
        }

    def short(self) -> bool:
        return self.available < SHORT * self.wanted


def rank(clip: str, seed: int) -> bytes:
    """The place of a clip in the random order of `seed`; it depends on nothing else.

    So 557 hours of English are a part of its 1350 hours, and two releases choose alike.
    """
    return hashlib.blake2b(f"{seed} {clip}".encode(), digest_size=8).digest()


def select(
    rows: Iterable[Row],
    seconds: Mapping[str, float],
    held_out: Mapping[str, str],
    *,
    hours: float,
    seed: int = 0,
    max_seconds: float = 30,
) -> Selection:
    """At most `hours` (0: all) of `rows`, at random, less the clips that `held_out` gives a reason.

    Clips without a length (missing or empty file) and those beyond `max_seconds` are left out.
    """
    left_out: Counter[str] = Counter()
    usable: dict[str, Row] = {}
    for row in rows:
        length = seconds.get(row.clip)
        if row.clip in held_out:
            left_out[held_out[row.clip]] += 1
        elif length is None:
            left_out["no audio file"] += 1
        elif length <= 0:
            left_out["empty or unreadable file"] += 1
        elif length > max_seconds:
            left_out[f"longer than {max_seconds:g} s"] += 1
        elif row.clip in usable:
            left_out["listed twice"] += 1
        else:
            usable[row.clip] = row
    order = sorted(usable, key=lambda clip: (rank(clip, seed), clip))
    available = sum(seconds[clip] for clip in order)
    wanted = hours * 3600 or available
    chosen, total = [], 0.0
    for clip in order:
        if total + seconds[clip] > wanted + 1e-6:
            break
        chosen.append(clip)
        total += seconds[clip]
    rows_chosen = [usable[clip] for clip in sorted(chosen)]
    return Selection(rows_chosen, total, available, wanted, left_out, seed)
