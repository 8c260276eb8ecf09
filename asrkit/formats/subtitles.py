"""Subtitles: segments as cues of at most two lines, SubRip (.srt) and WebVTT (.vtt).

The limits are those that broadcasters state: 42 characters a line, two lines, a cue stays for one
to seven seconds and no faster than 20 characters a second can be read, where the next cue leaves
the room.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

from asrkit.text.non_linguistic import NLSYMS
from asrkit.transcript import Segment, Transcript

WIDTH, LINES = 42, 2  # characters a line, lines a cue
SHORTEST, LONGEST = 1.0, 7.0  # seconds that a cue stays
FASTEST = 20.0  # characters a second
_ANGLES = str.maketrans("<>", "‹›")


class Cue(NamedTuple):
    """lines: of text, not escaped. Times in seconds."""

    start: float
    end: float
    lines: list[str]


class _Piece(NamedTuple):
    text: str
    start: float
    end: float
    glued: bool = False  # to the piece before it: the rest of a word that no line holds


def cues(transcript: Transcript) -> list[Cue]:
    """The cues of all segments, by start; those of one time are together."""
    found = [cue for segment in transcript.segments for cue in _cut(list(_pieces(segment)))]
    found.sort(key=lambda cue: cue.start)
    following = [cue.start for cue in found[1:]] + [transcript.duration]
    return [_stand(cue, start) for cue, start in zip(found, following, strict=False)]


def _stand(cue: Cue, following: float) -> Cue:
    """Longer where it can be: until it can be read, and no further than the next begins."""
    wanted = max(SHORTEST, sum(map(_width, cue.lines)) / FASTEST)
    end = max(cue.end, min(cue.start + min(wanted, LONGEST), following), cue.start + 0.001)
    return cue._replace(end=end)


def _pieces(segment: Segment) -> Iterator[_Piece]:
    """Words with times; those of a segment without are spread over it by their letters."""
    words = [(word.text, word.start, word.end) for word in segment.words]
    if not words and segment.text:
        texts = segment.text.split()
        each = (segment.end - segment.start) / sum(map(len, texts))
        at = segment.start
        for text in texts:
            words.append((text, at, at + each * len(text)))
            at += each * len(text)
    for text, start, end in words:
        shown = f"[{text[1:-1]}]" if text in NLSYMS else text  # not a tag of a player's
        parts = list(_fitting(shown))
        each = (end - start) / len(parts)
        for number, part in enumerate(parts):
            first = start + number * each
            yield _Piece(part, first, first + each, number > 0)


def _fitting(word: str) -> Iterator[str]:
    """A word in parts that fit a line: scripts without spaces have no other places."""
    part = ""
    for letter in word:
        if not _joins(letter) and _width(part + letter) > WIDTH:
            yield part
            part = ""
        part += letter
    yield part


def _cut(pieces: list[_Piece]) -> Iterator[Cue]:
    held: list[_Piece] = []
    for piece in pieces:
        if held and (piece.end - held[0].start > LONGEST or _lines([*held, piece]) is None):
            yield _cue(held)
            held = []
        held.append(piece)
    if held:
        yield _cue(held)


def _cue(pieces: list[_Piece]) -> Cue:
    lines = _lines(pieces)
    assert lines is not None  # ``_cut`` has tried
    return Cue(pieces[0].start, pieces[-1].end, lines)


def _lines(pieces: list[_Piece]) -> list[str] | None:
    """One line, or the two that are most alike; None where they do not fit."""
    if _width(whole := _join(pieces)) <= WIDTH:
        return [whole]
    splits = [(_join(pieces[:at]), _join(pieces[at:])) for at in range(1, len(pieces))]
    fitting = [pair for pair in splits if max(map(_width, pair)) <= WIDTH]
    return list(min(fitting, key=lambda pair: max(map(_width, pair)))) if fitting else None


def _join(pieces: list[_Piece]) -> str:
    return "".join(p.text if p.glued else f" {p.text}" for p in pieces).removeprefix(" ")


def _width(text: str) -> int:
    """Places in a line: two of a wide letter (UAX 11), none of a mark that combines."""
    return sum(
        0 if _joins(letter) else 1 + (unicodedata.east_asian_width(letter) in "WF")
        for letter in text
    )


def _joins(letter: str) -> bool:
    """Whether it is a mark on the letter before it, such as a vowel sign."""
    return unicodedata.category(letter).startswith("M")


def srt(transcript: Transcript) -> str:
    """SubRip. It has no way to write ``<`` and ``>``, which players take for tags: others stand for
    them."""
    rows = []
    for number, cue in enumerate(cues(transcript), 1):
        text = "\n".join(cue.lines).translate(_ANGLES)
        rows.append(f"{number}\n{_time(cue.start, ',')} --> {_time(cue.end, ',')}\n{text}\n")
    return "\n".join(rows)


def vtt(transcript: Transcript) -> str:
    """WebVTT."""
    rows = ["WEBVTT\n"]
    for cue in cues(transcript):
        text = "\n".join(cue.lines).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        rows.append(f"{_time(cue.start, '.')} --> {_time(cue.end, '.')}\n{text}\n")
    return "\n".join(rows)


def _time(seconds: float, point: str) -> str:
    whole = round(seconds * 1000)
    hours, rest = divmod(whole, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    return f"{hours:02}:{minutes:02}:{rest // 1000:02}{point}{rest % 1000:03}"
