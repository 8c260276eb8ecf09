"""Reads subtitles, SRT and WebVTT, as intervals of speech."""

from __future__ import annotations

import html
import re
from pathlib import Path

from asrkit.importers.piece import Interval, Left, Tier, read_text

_TIME = r"(?:(\d{1,3}):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})"
_TIMES = re.compile(rf"\s*{_TIME}\s*-->\s*{_TIME}(?:\s.*)?")
_VOICE = re.compile(r"<v(?:\.[^\s>]*)?\s+([^>]+)>")
_STYLE = re.compile(r"</?(?:[biusc]|i\d|lang|font|\d\d:[\d:.]+)(?:[.\s][^<>]*)?>|\{\\[^{}]*\}")
_APART = re.compile(r"</?(?:v|ruby|rt)(?:[.\s][^<>]*)?>")  # other than style, between words
_BLOCKS = ("NOTE", "STYLE", "REGION")


def read(path: Path) -> Tier:
    """The cues of a file. Cues without text are passed over; those with times that are none, or end
    before they begin, are left out with their line. Raises DataError for what is not text."""
    lines = read_text(path).split("\n")
    intervals: list[Interval] = []
    left: list[Left] = []
    at = 0
    while at < len(lines):
        first = lines[at].strip()
        at += 1
        if not first:
            continue
        begin, block = at, [first]
        while at < len(lines) and lines[at].strip():
            block.append(lines[at])
            at += 1
        if (begin == 1 and first.startswith("WEBVTT")) or first.split(" ")[0] in _BLOCKS:
            continue
        number = next((n for n, line in enumerate(block[:2]) if "-->" in line), None)
        if number is None:
            if any(map(str.isalpha, "".join(block[1:] or block))):
                left.append(Left(f"{path}:{begin}", "has no time", repr(first[:40])))
            continue
        where = f"{path}:{begin + number}"
        found = _TIMES.fullmatch(block[number])
        if found is None:
            left.append(Left(where, "is no line of times", repr(block[number].strip()[:40])))
            continue
        start, end = _seconds(found.groups()[:4]), _seconds(found.groups()[4:])
        text = "\n".join(block[number + 1 :])
        voice = _VOICE.search(text)
        text = " ".join(html.unescape(_APART.sub(" ", _STYLE.sub("", text))).split())
        if not text:
            continue
        if not start < end:
            left.append(Left(where, "ends before it begins", f"{start:g} to {end:g} s"))
            continue
        speaker = voice[1].strip() if voice else ""
        intervals.append(Interval(start, end, text, begin + number, speaker))
    return Tier("", path.suffix[1:], intervals, left)


def _seconds(fields: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, parts = fields
    assert minutes and seconds and parts
    whole = int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds)
    return whole + int(parts) / 10 ** len(parts)
