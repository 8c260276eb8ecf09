"""Which of equally likely words a search takes: the same in every run."""

from __future__ import annotations

from collections.abc import Iterable

from flashlight.lib.text.decoder import LM, LMState
from flashlight.lib.text.dictionary import Dictionary

from asrkit.keys import key_of


class TieBreaker(LM):
    """Adds to every word a constant of its own, about a ten-thousandth at most, and a thousandth of
    it for each word before: homophones in another order differ too. ``of`` tells the sum.

    Why: without language model, homophones score the same, and which of many equal hypotheses
    flashlight keeps depends on their addresses in memory: others in every run.
    """

    def __init__(self, names: Dictionary) -> None:
        super().__init__()
        self._names = names
        words = map(names.get_entry, range(names.index_size()))
        self._of = [-(key_of(word, "tie") % 2**20) / 2**20 * 1e-4 for word in words]
        self._before: dict[LMState, int] = {}  # words before; also keeps the states alive

    def alone(self) -> TieBreaker:
        """The same for a search of its own: ``start`` forgets the states of one before."""
        return TieBreaker(self._names)

    def _add(self, word: int, before: int) -> float:
        return self._of[word] * (1 + before / 1024)

    def of(self, words: Iterable[int]) -> float:
        return sum(self._add(word, before) for before, word in enumerate(words))

    def start(self, start_with_nothing: bool) -> LMState:
        state = LMState()
        self._before = {state: 0}
        return state

    def score(self, state: LMState, token: int) -> tuple[LMState, float]:
        before = self._before[state]
        child = state.child(token)
        self._before[child] = before + 1
        return child, self._add(token, before)

    def finish(self, state: LMState) -> tuple[LMState, float]:
        return state, 0.0
