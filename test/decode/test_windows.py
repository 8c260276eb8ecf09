"""Windows of long recordings, and their frames as those of the whole."""

from __future__ import annotations

import itertools

import pytest
import torch

from asrkit.decode.timing import Clock
from asrkit.decode.windows import Window, WindowError, plan, stitched

CLOCK = Clock(hop=320, seen=400)


def frames_of(window: Window) -> int:
    return max(0, (window.stop - window.start - CLOCK.seen) // CLOCK.hop + 1)


@pytest.mark.parametrize("seconds", [0.1, 0.3, 1.0, 2.5, 10.0])
@pytest.mark.parametrize("length", [0, 399, 5_000, 16_000, 100_000, 163_217, 480_000])
def test_windows_cover_the_recording_and_stitch_to_its_frames(seconds, length):
    """A network that sees no context: each frame tells its own number."""
    windows = plan(length, CLOCK, seconds)
    assert windows[0].start == 0 and windows[-1].stop == length
    for one, following in itertools.pairwise(windows):
        assert following.start % CLOCK.hop == 0 and one.start < following.start < one.stop
        assert following.stop > one.stop
    assert max(stop - start for start, stop in windows) <= max(int(seconds * 16_000), 1040)
    results = []
    for window in windows:
        row = torch.full((frames_of(window), 3), -50.0)
        row[:, 1] = torch.arange(len(row)) + window.start // CLOCK.hop
        results.append(row)
    parts = list(stitched(windows, iter(results), CLOCK))
    whole = torch.cat(parts)[:, 1].tolist()
    assert whole == list(range(frames_of(Window(0, length))))


def test_windows_share_seconds():
    windows = plan(100 * 16_000, CLOCK, 20.0)
    shared = {one.stop - two.start for one, two in itertools.pairwise(windows)}
    assert shared == {4 * 16_000}
    with pytest.raises(WindowError, match=r"at least 0\.1, not 0\.05"):
        plan(100, CLOCK, 0.05)


@pytest.mark.parametrize("best", [False, True])
def test_the_stitch_is_where_both_windows_are_silent(best):
    """The last token of a window and the first of the next are there only; the one between them
    is in both, a frame later in one, and is neither doubled nor lost."""
    windows = [Window(0, 12 * 320 + 80), Window(8 * 320, 20 * 320 + 80)]
    first, second = (torch.zeros(12, dtype=torch.int32) for _ in windows)
    first[[2, 8, 11]] = torch.tensor([5, 6, 7], dtype=torch.int32)
    second[[1, 3, 9]] = torch.tensor([6, 7, 4], dtype=torch.int32)
    results = [first, second]
    if not best:
        results = [torch.nn.functional.one_hot(r.long(), 8) * 20.0 for r in results]
        results = [r.log_softmax(-1) for r in results]
    whole = torch.cat(list(stitched(windows, iter(results), CLOCK)))
    found = whole if best else whole.argmax(-1)
    assert found[found != 0].tolist() == [5, 6, 7, 4]
    assert found.nonzero()[:, 0].tolist() == [2, 8, 11, 17]
