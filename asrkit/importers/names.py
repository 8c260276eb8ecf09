"""Ids of speakers, recordings and utterances from whatever they are called where they come from."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from asrkit.importers.piece import Piece
from asrkit.keys import key_of

_OTHER = re.compile(r"[^\w.+-]+")
LONGEST = 80  # characters; file systems take 255 bytes for a name


def plain(name: str) -> str:
    """A name as part of an id: letters, digits, ``_ . + -``; a long one ends in a hash."""
    result = _OTHER.sub("_", unicodedata.normalize("NFC", name)).strip("_") or "x"
    return (
        result if len(result) <= LONGEST else f"{result[: LONGEST - 9]}_{key_of(name) % 10**8:08d}"
    )


def recordings(paths: Sequence[Path]) -> dict[Path, str]:
    """A name for each file: its own, with as many folders before it as tell it from others."""
    names: dict[Path, str] = {}
    depth = {path: 1 for path in paths}
    while True:
        names = {path: plain("_".join(_last(path, depth[path]))) for path in depth}
        owners: dict[str, list[Path]] = {}
        for path, name in names.items():
            owners.setdefault(name, []).append(path)
        same = [path for group in owners.values() if len(group) > 1 for path in group]
        deeper = [path for path in same if depth[path] < len(path.parts)]
        if not deeper:
            break
        for path in deeper:
            depth[path] += 1
    for path in same:  # names that differ in their suffix or in other signs only
        names[path] = plain(f"{names[path][: LONGEST - 10]}_{key_of(str(path)) % 10**8:08d}")
    return names


def _last(path: Path, count: int) -> tuple[str, ...]:
    return path.with_suffix("").parts[-count:]


def utterance(piece: Piece, speaker: str, recording: str) -> str:
    """Begins with the speaker, as Kaldi's order by speaker wants; of a stretch, ends in its
    times, in hundredths of a second as NIST's."""
    base = recording if speaker in ("", recording) else f"{speaker}-{recording}"
    if piece.start == 0 and piece.end == math.inf:
        return base
    end = "end" if piece.end == math.inf else f"{round(piece.end * 100):07d}"
    return f"{base}-{round(piece.start * 100):07d}-{end}"
