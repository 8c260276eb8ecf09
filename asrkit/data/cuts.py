"""Where sorted utterances are cut into micro-batches."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np


def bucket_edges() -> np.ndarray:
    """Lengths at which buckets begin, in whole numbers: the same on every machine."""
    edges = [1]
    while edges[-1] < np.iinfo(np.int32).max:
        edges.append(max(edges[-1] + 1, edges[-1] * 102 // 100))
    return np.array(edges[:-1], np.int32)


def cut(lengths: np.ndarray, heads: np.ndarray, room_for: Callable[[int], int]) -> np.ndarray:
    """Bounds of batches of at most ``room_for(longest)`` rows; ``heads``: where buckets begin.

    Walks over buckets, not utterances: all of a bucket count as long as its longest, and what does
    not fill a batch joins the next bucket.
    """
    longest = np.maximum.reduceat(lengths, heads)
    ends = np.append(heads[1:], len(lengths))
    bounds = [np.zeros(1, np.int64)]
    begin = carried = 0
    for head, end, length in zip(heads, ends, longest, strict=True):
        # left over clips may be longer than this bucket's where buckets are grouped by speaker
        carried = max(int(length), carried if begin < head else 0)
        room = room_for(carried)
        if head - begin >= room:  # what was left over is already as much as fits
            begin = int(head)
            bounds.append(np.array([begin]))
        whole = np.arange(begin + room, end + 1, room)
        if len(whole):
            bounds.append(whole)
            begin = int(whole[-1])
    if begin < len(lengths):
        bounds.append(np.array([len(lengths)]))
    return np.concatenate(bounds)


def cut_full(
    heads: np.ndarray, rooms: list[int], sizes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Bounds of batches that are full, but for the last one, and the size of each.

    heads: where buckets begin, and the end. A bucket's batches hold rooms[bucket] rows of
    sizes[bucket] samples; what does not fill one joins the next bucket.
    """
    bounds, of_batches = [np.zeros(1, np.int64)], []
    begin = 0
    for end, room, size in zip(heads[1:], rooms, sizes, strict=True):
        full = np.arange(begin + room, end + 1, room)
        if len(full):
            bounds.append(full)
            of_batches.append(np.full(len(full), size))
            begin = int(full[-1])
    if begin < heads[-1]:
        bounds.append(heads[-1:])
        of_batches.append(sizes[-1:])
    return np.concatenate(bounds), np.concatenate(of_batches)
