"""Transcripts as lines: the text alone, or a table with times."""

from __future__ import annotations

from asrkit.transcript import Transcript


def txt(transcript: Transcript) -> str:
    """A segment a line."""
    return "".join(f"{segment.text}\n" for segment in transcript.segments)


def tsv(transcript: Transcript) -> str:
    """start, end (seconds), confidence, speaker, text; a segment a line below their names."""
    rows = ["start\tend\tconfidence\tspeaker\ttext\n"]
    for one in transcript.segments:
        sure = "" if one.confidence is None else f"{one.confidence:.4f}"
        rows.append(f"{one.start:.3f}\t{one.end:.3f}\t{sure}\t{one.speaker or ''}\t{one.text}\n")
    return "".join(rows)
