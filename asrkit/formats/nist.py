"""NIST's files of times for sclite: CTM of words, STM of segments (sctk, doc/infmts.htm)."""

from __future__ import annotations

from asrkit.files import DataError
from asrkit.transcript import Transcript


def ctm(transcript: Transcript, name: str) -> str:
    """``<name> 1 <start> <duration> <word> [<confidence>]``. Raises DataError where words have no
    times."""
    rows = []
    for number, segment in enumerate(transcript.segments):
        if segment.text and not segment.words:
            raise DataError(
                f"{name}: CTM holds times of words, and segments[{number}] has none: "
                f"{segment.text!r:.60}; write it as stm, or align it first"
            )
        for word in segment.words:
            sure = "" if word.confidence is None else f" {word.confidence:.4f}"
            length = word.end - word.start
            rows.append(f"{_id(name)} 1 {word.start:.3f} {length:.3f} {word.text}{sure}\n")
    return "".join(rows)


def stm(transcript: Transcript, name: str) -> str:
    """``<name> 1 <speaker> <start> <end> <label> <text>``, the label being the language."""
    rows = []
    for segment in transcript.segments:
        lang = segment.lang or transcript.language
        label = f"<{_id(lang)}> " if lang else ""
        speaker = _id(segment.speaker or name)
        times = f"{segment.start:.3f} {segment.end:.3f}"
        rows.append(f"{_id(name)} 1 {speaker} {times} {label}{segment.text}\n")
    return "".join(rows)


def _id(name: str) -> str:
    """A name as one field: white space separates them."""
    return "_".join(name.split()) or "unknown"
