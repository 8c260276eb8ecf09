"""Where long recordings are cut."""

from __future__ import annotations

import torch

from asrkit.decode.segments import LONGEST, PAUSE, Cutter, segments
from asrkit.decode.timing import Clock
from asrkit.transcript import Word

CLOCK = Clock(hop=320, seen=400)


def said(*times: tuple[float, float]) -> list[Word]:
    return [Word(f"w{at}", *span) for at, span in enumerate(times)]


def test_segments_end_at_pauses():
    words = said((0, 0.4), (0.5, 1.0), (1.0 + PAUSE, 2.0), (2.1, 2.2))
    assert [segment.text for segment in segments(words)] == ["w0 w1", "w2 w3"]
    assert segments([]) == []


def test_no_segment_is_long():
    """Ten minutes without a pause: cut where the gap is longest."""
    times = [(at * 0.5, at * 0.5 + (0.2 if at % 20 == 0 else 0.45)) for at in range(1200)]
    found = segments(said(*times))
    assert [word for segment in found for word in segment.words] == said(*times)
    assert all(0 < segment.end - segment.start <= LONGEST for segment in found)
    assert 40 <= len(found) <= 90
    ends = [int(segment.words[-1].text[1:]) % 20 for segment in found[:-1]]
    assert ends.count(0) > len(ends) / 2
    (long,) = segments(said((0, 40)))
    assert long.end == 40  # a word is not cut


def test_frames_are_cut_at_the_longest_blank():
    frames = torch.full((4000, 3), -10.0)
    frames[:, 1] = 0.0
    for blank in (slice(300, 700), slice(800, 805), slice(1000, 1050), slice(2300, 2310)):
        frames[blank, 1], frames[blank, 0] = -10.0, 0.0
    cutter, found = Cutter(CLOCK), []
    for part in frames.split(130):
        found += list(cutter.add(part))
        assert cutter._size <= 1630
    found.append(cutter.rest())
    assert [start for start, _ in found][:3] == [0, 1024, 2304]
    assert torch.equal(torch.cat([part for _, part in found]), frames)
    assert all(len(part) <= 1500 for _, part in found)


def test_short_recordings_are_searched_whole():
    cutter = Cutter(CLOCK)
    frames = torch.zeros(1500, 3)
    assert list(cutter.add(frames)) == []
    start, rest = cutter.rest()
    assert start == 0 and torch.equal(rest, frames)
