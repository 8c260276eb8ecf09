"""What several recognizers say, word for word: a vote in a network of their words (Fiscus 1997)."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple


class Voted(NamedTuple):
    """A word, and how sure it is: in [0, 1]."""

    word: str
    confidence: float


@dataclasses.dataclass(frozen=True)
class Vote:
    """A place goes to the word with the most of ``alpha`` * share of the systems that have it +
    (1 - alpha) * its highest confidence; ``null``: the confidence of saying nothing there.

    Raises ValueError for what is not between 0 and 1.
    """

    alpha: float = 0.5
    null: float = 0.5

    def __post_init__(self) -> None:
        if not (0 <= self.alpha <= 1 and 0 <= self.null <= 1):
            raise ValueError(
                f"alpha and null are between 0 and 1, not {self.alpha:g} and {self.null:g}"
            )


SUBSTITUTION, GAP = 4, 3  # sclite's: a word of another place is rather none of this one
Slot = dict[int, Voted | None]  # system -> its word there, None if it has none


def rover(systems: Sequence[Sequence[Voted]], vote: Vote) -> list[Voted]:
    """The words that the vote leaves, with their part of it as confidence.

    Systems are aligned one after the other with what those before have said: the order can matter.
    Ties go to the word of the system that comes first.
    """
    slots: list[Slot] = []
    for number, words in enumerate(systems):
        slots = _joined(slots, list(words), number)
    found = (_elected(slot, vote) for slot in slots)
    return [one for one in found if one is not None]


def _joined(slots: list[Slot], words: list[Voted], system: int) -> list[Slot]:
    """The slots with the words of one more system, by the cheapest edits: a word costs nothing in
    a slot that has it, and no word in one where a system has none."""

    def price(slot: Slot, word: str | None) -> int:
        there = any((one.word if one else None) == word for one in slot.values())
        return 0 if there else GAP if word is None else SUBSTITUTION

    costs = [[0] * (len(words) + 1) for _ in range(len(slots) + 1)]
    for row in range(len(slots) + 1):
        for column in range(len(words) + 1):
            ways = []
            if row and column:
                change = price(slots[row - 1], words[column - 1].word)
                ways.append(costs[row - 1][column - 1] + change)
            if row:
                ways.append(costs[row - 1][column] + price(slots[row - 1], None))
            if column:
                ways.append(costs[row][column - 1] + GAP)
            costs[row][column] = min(ways, default=0)
    made: list[Slot] = []
    row, column = len(slots), len(words)
    while row or column:
        here = costs[row][column]
        slot = slots[row - 1] if row else {}
        if row and column:
            word = words[column - 1]
            if here == costs[row - 1][column - 1] + price(slot, word.word):
                made.append({**slot, system: word})
                row, column = row - 1, column - 1
                continue
        if row and here == costs[row - 1][column] + price(slot, None):
            made.append({**slot, system: None})
            row -= 1
        else:
            made.append({**dict.fromkeys(range(system)), system: words[column - 1]})
            column -= 1
    return made[::-1]


def _elected(slot: Slot, vote: Vote) -> Voted | None:
    counts: defaultdict[str | None, int] = defaultdict(int)
    surest: dict[str | None, float] = {None: vote.null}
    for one in slot.values():
        word = one.word if one else None
        counts[word] += 1
        if one:
            surest[word] = max(surest.get(word, 0.0), one.confidence)
    votes = {
        word: vote.alpha * count / len(slot) + (1 - vote.alpha) * surest[word]
        for word, count in counts.items()
    }
    best = max(votes, key=lambda word: votes[word])
    return None if best is None else Voted(best, min(1.0, votes[best]))
