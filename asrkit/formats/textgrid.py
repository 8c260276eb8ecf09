"""Praat's TextGrid: for each speaker a tier of segments, of words and of tokens."""

from __future__ import annotations

from collections.abc import Iterable

from asrkit.formats.tiers import Interval, speakers
from asrkit.transcript import Transcript

NAMES = ("segments", "words", "tokens")


def textgrid(transcript: Transcript) -> str:
    """The long text format. A tier is called ``words``, or ``words: <speaker>``; tiers of words or
    tokens are left out where nothing is in them."""
    tiers: list[tuple[str, list[Interval]]] = []
    for speaker in speakers(transcript):
        level = list(speaker.segments)
        for depth, name in enumerate(NAMES):
            if level or not depth:
                tiers.append((f"{name}: {speaker.name}" if speaker.name else name, level))
            level = [part for interval in level for part in interval.parts]
    ends = [interval.end for _, tier in tiers for interval in tier]
    end = max([round(transcript.duration * 1000), 1, *ends])
    out = ['File type = "ooTextFile"\nObject class = "TextGrid"\n\n']
    out.append(
        f"xmin = 0\nxmax = {_seconds(end)}\ntiers? <exists>\nsize = {len(tiers)}\nitem []:\n"
    )
    for number, (name, tier) in enumerate(tiers, 1):
        filled = list(_filled(tier, end))
        out.append(f'    item [{number}]:\n        class = "IntervalTier"\n')
        out.append(f"        name = {_quoted(name)}\n        xmin = 0\n")
        out.append(f"        xmax = {_seconds(end)}\n        intervals: size = {len(filled)}\n")
        for at, interval in enumerate(filled, 1):
            out.append(f"        intervals [{at}]:\n")
            out.append(f"            xmin = {_seconds(interval.start)}\n")
            out.append(f"            xmax = {_seconds(interval.end)}\n")
            out.append(f"            text = {_quoted(interval.text)}\n")
    return "".join(out)


def _filled(tier: Iterable[Interval], end: int) -> Iterable[Interval]:
    """With an empty interval wherever nothing is, as Praat wants it."""
    at = 0
    for interval in tier:
        if interval.start > at:
            yield Interval(at, interval.start, "")
        yield interval
        at = interval.end
    if at < end:
        yield Interval(at, end, "")


def _seconds(milliseconds: int) -> str:
    return f"{milliseconds / 1000:.3f}".rstrip("0").rstrip(".")


def _quoted(text: str) -> str:
    doubled = text.replace('"', '""')
    return f'"{doubled}"'
