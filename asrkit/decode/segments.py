"""Where a long recording is cut: its frames for the search, its words for the reader."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from asrkit.decode.timing import Clock
from asrkit.rate import RATE
from asrkit.transcript import Segment, Word

SEARCHED = 30.0  # seconds of frames that are searched at once
PAUSE = 0.6  # seconds between words that end a segment
LONGEST = 15.0  # seconds of a segment, unless one word is longer


class Cutter:
    """Frames of a recording as pieces of 15 to 30 seconds, cut where blanks follow each other
    longest: a word at which the network is silent for so long is over."""

    def __init__(self, clock: Clock, start: int = 0) -> None:
        """start: the number of the first frame."""
        self._most = max(2, int(SEARCHED * RATE / clock.hop))
        self._held: list[Tensor] = []
        self._size, self._start = 0, start

    def add(self, frames: Tensor) -> Iterator[tuple[int, Tensor]]:
        """The pieces that are complete, with the frame that each begins with."""
        self._held.append(frames)
        self._size += len(frames)
        while self._size > self._most:
            whole = torch.cat(self._held)
            half = self._most // 2
            cut = half + _longest_blank(whole[half : self._most])
            start = self._start
            self._held, self._size = [whole[cut:]], len(whole) - cut
            self._start += cut
            yield start, whole[:cut]

    def rest(self) -> tuple[int, Tensor]:
        """What is left, once all frames were added, or where the recording is to be cut; with the
        frame that it begins with."""
        start, whole = self._start, torch.cat(self._held)
        self._held, self._size, self._start = [], 0, start + len(whole)
        return start, whole

    @property
    def held(self) -> Tensor:
        """The frames since the last cut."""
        return torch.cat(self._held)


def _longest_blank(frames: Tensor) -> int:
    """The middle of the longest run of frames whose best token is blank; without any, where blank
    is likeliest."""
    blank = frames.argmax(-1) == 0
    if not bool(blank.any()):
        return int(frames[:, 0].argmax())
    best = length = at = 0
    for number, quiet in enumerate(blank.tolist()):
        at = at + 1 if quiet else 0
        if at > length:
            best, length = number, at
    return best - length // 2


def segments(words: Sequence[Word]) -> list[Segment]:
    """Words in segments that end at pauses, and at the longest gap inside where they would be
    longer than 15 seconds."""
    groups: list[list[Word]] = []
    for word in words:
        if groups and word.start - groups[-1][-1].end < PAUSE:
            groups[-1].append(word)
        else:
            groups.append([word])
    return [Segment.of(part) for group in groups for part in _short(group)]


def _short(words: list[Word]) -> Iterator[list[Word]]:
    if len(words) < 2 or words[-1].end - words[0].start <= LONGEST:
        yield words
        return
    middle = (words[0].start + words[-1].end) / 2

    def worth(at: int) -> float:
        """A long gap, and one near the middle rather than at an end."""
        gap = words[at].start - words[at - 1].end
        return gap - abs(words[at].start - middle) / 100

    cut = max(range(1, len(words)), key=worth)
    yield from _short(words[:cut])
    yield from _short(words[cut:])
