"""N-best words from what a Transcoder finds possible at every position, with a word n-gram."""

from __future__ import annotations

import copy
import heapq
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from asrkit.decode.beam import OTHER_SPELLING, load_lm
from asrkit.tokens import TokenList

if TYPE_CHECKING:
    from asrkit.transcoder.objective import Candidates

CERTAIN = math.log(0.999)  # a star as likely as this leaves the hypotheses as they are
FAR = 7.0  # natural logs behind the best at a position: not tried


class WordHypothesis(NamedTuple):
    """words, and the natural log of their probability plus lm_weight times log10 of the n-gram
    plus word_score for each word."""

    words: list[str]
    score: float


Key = tuple[int, int]  # words as (number of the words before the last, the last): short to compare
NO_WORDS: Key = (-1, -1)


class _Path(NamedTuple):
    total: float  # what paths are ranked by
    own: float  # natural log of the Transcoder's probability, summed over alignments
    bonus: float  # language model and word scores
    state: Any


LM_WEIGHT = 0.5  # multiplies log10 of the n-gram
BEAM_SIZE = 8  # hypotheses kept


class WordSearch:
    """Left-to-right beam search over word sequences; alignments of the same words are summed.

    lm: KenLM file of words, or None. count: words tried at a position. notes: words that it has not
    seen.
    """

    count = 8

    def __init__(
        self,
        tokens: TokenList,
        *,
        lm: str | Path | None = None,
        lm_weight: float = LM_WEIGHT,
        word_score: float = 0.0,
        beam_size: int = BEAM_SIZE,
        nbest: int = 1,
    ) -> None:
        if beam_size < 1 or nbest < 1:
            raise ValueError("beam_size and nbest are at least 1")
        self.tokens = tokens
        self.lm_weight, self.word_score = lm_weight, word_score
        self.nbest, self.beam_size = nbest, max(beam_size, nbest)
        self._lm, self.notes = load_lm(
            lm, tokens.symbols, "words of the Transcoder", OTHER_SPELLING
        )

    def with_weights(self, *, lm_weight: float, word_score: float) -> WordSearch:
        """The same search with other weights; shares the language model."""
        other = copy.copy(self)
        other.lm_weight, other.word_score = lm_weight, word_score
        return other

    def __call__(self, candidates: Candidates) -> list[WordHypothesis]:
        """Candidates of one utterance (star [L], scores and words [L, K]) to its n-best."""
        beam: dict[Key, _Path] = {NO_WORDS: _Path(0.0, 0.0, 0.0, self._lm.start(False))}
        numbers: dict[Key, int] = {}  # of all that were in the beam, in order
        rows = zip(
            candidates.star.tolist(),
            candidates.scores.tolist(),
            candidates.words.tolist(),
            strict=True,
        )
        for star, scores, words in rows:
            if star > CERTAIN:
                continue
            floor = max(star, scores[0]) - FAR
            tried = [(s, w) for s, w in zip(scores, words, strict=True) if s > floor]
            grown: dict[Key, _Path] = {}
            for key, path in beam.items():
                number = numbers.setdefault(key, len(numbers))
                if star > floor:
                    self._add(grown, key, path._replace(own=path.own + star))
                for score, word in tried:
                    self._add(grown, (number, word), self._step(path, score, word))
            kept = heapq.nlargest(self.beam_size, grown.items(), key=lambda item: item[1].total)
            beam = dict(kept)
        before = list(numbers)
        ended = [(self._end(path), _words(key, before)) for key, path in beam.items()]
        best = sorted(ended, key=lambda item: (-item[0], item[1]))[: self.nbest]
        return [WordHypothesis(self.tokens.decode(words), score) for score, words in best]

    def _step(self, path: _Path, score: float, word: int) -> _Path:
        state, log10 = self._lm.score(path.state, word)
        bonus = path.bonus + self.lm_weight * log10 + self.word_score
        return _Path(0.0, path.own + score, bonus, state)

    def _end(self, path: _Path) -> float:
        _, log10 = self._lm.finish(path.state)
        return path.own + path.bonus + self.lm_weight * float(log10)

    @staticmethod
    def _add(beam: dict[Key, _Path], key: Key, path: _Path) -> None:
        old = beam.get(key)
        own = path.own
        if old is not None:
            high, low = max(old.own, own), min(old.own, own)
            own = high + math.log1p(math.exp(low - high))
        beam[key] = path._replace(own=own, total=own + path.bonus)


def _words(key: Key, before: list[Key]) -> list[int]:
    """The words that a key stands for; ``before`` are the keys by number."""
    words = []
    while key != NO_WORDS:
        words.append(key[1])
        key = before[key[0]]
    return words[::-1]
