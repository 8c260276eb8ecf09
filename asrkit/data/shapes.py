"""The few lengths that micro-batches have on a GPU.

Why: cuDNN builds a plan for every shape that it meets, of each convolution and attention, and
compiled code is specialized by shapes, too. With lengths of their own, micro-batches spend more
time on that than on arithmetic (docs/gpu.md).
"""

from __future__ import annotations

import numpy as np

# Of 2560 m + 80 samples wav2vec 2.0 makes 8 m frames and uses every sample: rows of attention
# scores then begin at multiples of 16 bytes. Other front ends lose nothing by it.
STEP, REST = 2560, 80


def choose_lengths(lengths: np.ndarray, number: int, *, crop: bool, longest: int) -> np.ndarray:
    """At most ``number`` lengths in samples, ascending, at which ``lengths`` lose least audio.

    crop: clips are cut to the next lower length, else padded to the next higher one. longest:
    samples a micro-batch can hold. Lengths lie on a grid; the first (crop) or last one is off it
    where a clip is too short, or ``longest`` too small for the next point of the grid. The best
    choice, found by dynamic programming over the grid's cells.
    """
    lengths = lengths.astype(np.int64)
    if crop:
        cells = np.maximum(lengths - REST, 0) // STEP
    else:
        cells = np.maximum(-(-(lengths - REST) // STEP), 0)
    first, counts = int(cells.min()), np.bincount(cells - cells.min())
    points = (first + np.arange(len(counts))) * STEP + REST
    points = np.clip(points, int(lengths.min()) if crop else 1, longest)
    if crop:
        points[0] = min(points[0], int(lengths.min()))
        return points[_starts(points, counts, number)]
    # padding up is cropping down with the order reversed: the kept audio becomes the padded one
    return points[::-1][_starts(-points[::-1], counts[::-1], number)][::-1]


def _starts(points: np.ndarray, counts: np.ndarray, number: int) -> np.ndarray:
    """Cells at which segments begin: the sum of counts * points[begin of the segment] is largest.

    Cells of a segment count as its first point; the first segment begins at cell 0.
    """
    size = len(points)
    behind = np.concatenate([np.cumsum(counts[::-1])[::-1], [0]])  # clips from a cell on
    # gain of a segment [i, j): (behind[i] - behind[j]) * points[i]
    best = points[:] * behind[:-1]  # of one segment from cell i to the end
    chosen: list[np.ndarray] = []
    for _ in range(min(number, size) - 1):
        # segment from i to j, then the best of one segment fewer from j on
        table = (behind[:-1, None] - behind[None, :-1]) * points[:, None] + best[None]
        table[np.tril_indices(size)] = np.iinfo(np.int64).min
        after = table.argmax(1)
        gain = table[np.arange(size), after]
        chosen.append(np.where(gain > best, after, size))
        best = np.maximum(gain, best)
    starts, at = [0], 0
    for after in reversed(chosen):
        at = int(after[at])
        if at >= size:
            break
        starts.append(at)
    return np.array(starts)
