"""At which phones the words of a Transcoder are: the likeliest alignment that writes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from asrkit.transcoder.objective import Candidates


class Place(NamedTuple):
    """end: phones up to the end of a word. confidence: the Transcoder's probability that the word
    ends there or at a neighboring phone, before the next word and after the one before."""

    end: int
    confidence: float


def places(words: Sequence[int], found: Candidates) -> list[Place]:
    """Of words, by number: one of L positions each, in order, where they are likeliest together.

    Raises ValueError for a word that is possible at none of the positions left for it: the
    hypothesis is another utterance's.
    """
    star = found.star.double().numpy()
    size = len(star)
    if not words:
        return []
    scores = np.full((len(words), size), -np.inf)
    listed, likely = found.words.numpy(), found.scores.double().numpy()
    for row, word in enumerate(words):
        here = np.where(listed == word, likely, -np.inf)
        scores[row] = here.max(1, initial=-np.inf)
    gains = scores - star
    best = np.full((len(words), size + 1), -np.inf)  # of words so far before a position
    before, totals = np.zeros(size), []
    for row in range(len(words)):
        total = gains[row] + before
        totals.append(total)
        best[row, 1:] = np.maximum.accumulate(total)
        before = best[row, :-1]
    ends, stop = [], size
    for row in reversed(range(len(words))):
        at = int(totals[row][:stop].argmax()) if stop else -1
        if at < 0 or not np.isfinite(totals[row][at]):
            raise ValueError(f"word {row + 1} of {len(words)} is at none of the {size} phones")
        ends.append(at)
        stop = at
    ends.reverse()
    borders = [-1, *ends, size]
    made = []
    for row, end in enumerate(ends):
        around = np.exp(scores[row, borders[row] + 1 : borders[row + 2]])
        made.append(Place(end + 1, float(min(1.0, around.sum()))))
    return made
