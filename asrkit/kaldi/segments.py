"""Utterances that are parts of recordings: the rows of ``segments``, and cutting by them."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from asrkit.files import DataError

REPAIR = (
    "write: id recording start end (of one channel: cut it out first, sox in.wav out.wav remix 1)"
)
OVERSHOOT = 0.5  # seconds that a segment may reach past the end (as Kaldi): it is cut there


class Segment(NamedTuple):
    """Seconds of a recording; ``end`` is infinity where it reaches to the recording's end."""

    recording: str
    begin: float
    end: float

    def __str__(self) -> str:
        """The value of a row of ``segments``."""
        end = "-1" if self.end == math.inf else f"{self.end:.3f}"
        return f"{self.recording} {self.begin:.3f} {end}"


class ChannelError(DataError):
    """A segment that names a channel, which asrkit does not read."""


def parse_segment(value: str) -> Segment:
    """A row's value: recording, start and end in seconds, the end -1 for that of the recording.

    Raises DataError (without a place) if it is no segment, ChannelError if it has a fourth value.
    """
    fields = value.split()
    if len(fields) == 4:
        raise ChannelError(f"has {value!r}: its fourth value names a channel")
    try:
        recording, begin, end = fields[0], float(fields[1]), float(fields[2])
    except (IndexError, ValueError):
        raise DataError(f"has {value!r}, not a recording and two times") from None
    if len(fields) != 3:
        raise DataError(f"has {value!r}: {len(fields)} values, not a recording and two times")
    if not (0 <= begin < math.inf and (end == -1 or begin < end < math.inf)):
        raise DataError(
            f"has {value!r}: start must be at least 0 and before the end (-1: the recording's end)"
        )
    return Segment(recording, begin, math.inf if end == -1 else end)


def past_end(begin: float, end: float, length: float) -> str | None:
    """What is wrong with seconds ``begin`` to ``end`` of a recording of ``length`` seconds, or None
    if they lie in it; ``end`` may be infinity, and else OVERSHOOT past it."""
    if begin >= length:
        return f"starts at {begin:.2f} s, past the end ({length:.2f} s)"
    if end != math.inf and end > length + OVERSHOOT:
        return f"ends at {end:.2f} s, past the end ({length:.2f} s)"
    return None


def cut(samples: np.ndarray, begin: float, end: float, rate: int) -> np.ndarray:
    """Seconds ``begin`` to ``end`` of [S]; DataError (without a place) where they do not lie in it,
    or hold no sample."""
    if fault := past_end(begin, end, len(samples) / rate):
        raise DataError(fault)
    part = samples[round(begin * rate) : None if end == math.inf else round(end * rate)]
    if not len(part):
        raise DataError(f"({begin:g} to {end:g} s) holds no samples")
    return part
