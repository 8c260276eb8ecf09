"""Transcripts of BABEL: time marks in brackets and lines of text in turn, with every known fault.

A mark that is out of order makes its neighbors doubtful: which of them is wrong cannot be known.
Only marks in every longest increasing run are trusted, and a segment needs two such marks.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from asrkit.files import scan_lines

ROUNDING = 0.02  # seconds past the end that are no fault: marks are rounded
MARK = re.compile(r"\[(\d+(?:\.\d*)?)\]")


class Segment(NamedTuple):
    """Seconds, raw text, and the line where the text begins."""

    start: float
    end: float
    text: str
    line: int


class Fault(NamedTuple):
    """Something wrong at a line of a file (0: the file as a whole), and what was done about it."""

    path: Path
    line: int
    kind: str
    done: str

    def __str__(self) -> str:
        where = f"{self.path}:{self.line}" if self.line else str(self.path)
        return f"{where}: {self.kind}: {self.done}"


class Piece(NamedTuple):
    """Text between two marks, by their numbers; ``end`` is None after the last mark."""

    start: int
    end: int | None
    text: str
    line: int


def read_transcript(path: Path, seconds: float) -> tuple[list[Segment], list[Fault]]:
    """Segments of one side in order of time, and every fault found in the file.

    seconds: length of the audio; a text without a last mark ends there, and none reaches past it.
    """
    lines, flaws = scan_lines(path)
    faults = []
    carriage = sum("carriage" in flaw.what for flaw in flaws)
    if carriage:
        faults.append(Fault(path, 0, "lines end in CR LF", f"{carriage} carriage returns removed"))
    for flaw in flaws:
        if "carriage" not in flaw.what:
            done = "the line was left out" if "UTF-8" in flaw.what else "removed"
            faults.append(Fault(path, flaw.line, flaw.what, done))
    marks, pieces = _pieces(path, lines, faults)
    trusted = trusted_marks(marks)
    segments = []
    for piece in pieces:
        start = marks[piece.start]
        end = seconds if piece.end is None else marks[piece.end]
        if not trusted[piece.start] or (piece.end is not None and not trusted[piece.end]):
            kind, done = "time marks out of order", f"segment {start:g}-{end:g} s left out"
        elif end <= start or start >= seconds:
            late = start >= seconds
            kind = "segment past the end of the audio" if late else "segment without length"
            done = f"{start:g}-{end:g} s left out; the audio has {seconds:.2f} s"
        elif end > seconds + ROUNDING:
            kind, done = "segment past the end of the audio", f"cut from {end:g} to {seconds:.2f} s"
            segments.append(Segment(start, seconds, piece.text, piece.line))
        else:
            segments.append(Segment(start, min(end, seconds), piece.text, piece.line))
            continue
        faults.append(Fault(path, piece.line, kind, done))
    return segments, faults


def _pieces(path: Path, lines: list[str], faults: list[Fault]) -> tuple[list[float], list[Piece]]:
    """All marks, and the texts between them."""
    marks: list[float] = []
    pieces: list[Piece] = []
    texts: list[str] = []
    first = 0
    for number, line in enumerate(lines, 1):
        line = line.strip()
        match = MARK.fullmatch(line)
        if match is None:
            if line:
                first = first if texts else number
                texts.append(line)
                if len(texts) == 2:
                    faults.append(Fault(path, number, "text on several lines", "joined"))
            continue
        marks.append(float(match[1]))
        if texts and len(marks) == 1:
            faults.append(Fault(path, first, "text before the first time mark", "left out"))
        elif texts:
            pieces.append(Piece(len(marks) - 2, len(marks) - 1, " ".join(texts), first))
        elif len(marks) > 1:
            faults.append(Fault(path, number, "consecutive time marks", "no segment between them"))
        texts = []
    if texts and marks:
        faults.append(Fault(path, first, "no last time mark", "ends with the audio"))
        pieces.append(Piece(len(marks) - 1, None, " ".join(texts), first))
    elif texts:
        faults.append(Fault(path, first, "no time mark at all", "the text was left out"))
    return marks, pieces


def trusted_marks(marks: list[float]) -> list[bool]:
    """Which marks are in every longest increasing run; neighbors of equal time count as one."""
    groups = [n for n in range(len(marks)) if n == 0 or marks[n] != marks[n - 1]]
    times = [marks[n] for n in groups]
    before = _ranks(times)
    after = _ranks([-time for time in reversed(times)])[::-1]
    longest = max((b + a + 1 for b, a in zip(before, after, strict=True)), default=0)
    on_run = [b + a + 1 == longest for b, a in zip(before, after, strict=True)]
    rivals = Counter(b for b, on in zip(before, on_run, strict=True) if on)
    sure = [on and rivals[b] == 1 for b, on in zip(before, on_run, strict=True)]
    result, group = [], -1
    for n in range(len(marks)):
        group += n == 0 or marks[n] != marks[n - 1]
        result.append(sure[group])
    return result


def _ranks(times: list[float]) -> list[int]:
    """For each entry, the length of the longest increasing run that ends just before it."""
    tails: list[float] = []
    ranks = []
    for time in times:
        rank = bisect_left(tails, time)
        tails[rank : rank + 1] = [time]
        ranks.append(rank)
    return ranks
