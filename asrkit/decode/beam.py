"""CTC beam search with flashlight-text: with or without lexicon, with or without KenLM.

Flashlight's lexicon search leaves a word at its last phone and cannot hold that phone over more
frames. So each spelling also exists with an end mark behind it, a second name of the blank: a word
ends directly in the next one, or after frames of its last phone and a blank.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from flashlight.lib.text.decoder import (
    LM,
    CriterionType,
    LexiconDecoder,
    LexiconDecoderOptions,
    LexiconFreeDecoder,
    LexiconFreeDecoderOptions,
    LMState,
    SmearingMode,
    Trie,
    ZeroLM,
)
from flashlight.lib.text.dictionary import Dictionary

from asrkit.decode.lexicon import Lexicon, read_lexicon, usable
from asrkit.decode.overlap import load_ngram, losses, some
from asrkit.keys import key_of
from asrkit.text.non_linguistic import join_characters
from asrkit.tokens import BLANK, SPACE, UNK, TokenList

if TYPE_CHECKING:
    from torch import Tensor

IMPOSSIBLE = -1e4  # a log-probability that no beam keeps, finite so that sums stay ordered
TOKENS_A_FRAME = 128  # all phones or letters of several languages; not all characters of Chinese
OTHER_SPELLING = "are they of one spelling (case, encoding, language)?"
_NO_WORDS = frozenset([BLANK, UNK, SPACE, "</end>", "</dead>"])
_HOMOPHONES = 6  # what a node of flashlight's trie can hold


class DecodeError(ValueError):
    """Scores or models that cannot be decoded with."""


class Hypothesis(NamedTuple):
    """tokens: numbers without blanks. words: empty without lexicon or ``<space>``. score: natural
    log of the best path, plus lm_weight times log10 of the LM, plus the word scores. ends: of words
    of a lexicon, how many tokens there are up to the end of each."""

    tokens: list[int]
    words: list[str]
    score: float
    ends: tuple[int, ...] = ()


class TieBreaker(LM):
    """Adds to every word a constant of its own, about a ten-thousandth at most, and a thousandth of
    it for each word before: homophones in another order differ too. ``of`` tells the sum.

    Why: without language model, homophones score the same, and which of many equal hypotheses
    flashlight keeps depends on their addresses in memory: others in every run.
    """

    def __init__(self, names: Dictionary) -> None:
        super().__init__()
        words = map(names.get_entry, range(names.index_size()))
        self._of = [-(key_of(word, "tie") % 2**20) / 2**20 * 1e-4 for word in words]
        self._before: dict[LMState, int] = {}  # words before; also keeps the states alive

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


class BeamDecoder:
    """Decodes one utterance at a time; keep it, since building the trie takes seconds.

    lexicon: ``word<TAB>phones`` file or mapping; None searches all token sequences.
    lm: KenLM file (ARPA or binary): of words with a lexicon, of tokens without; None for no LM.
    beam_size, beam_threshold: the search. beam_size_token: the likeliest tokens of a frame that are
    tried in it; with all 4,000 characters of a language a search takes minutes instead of seconds.
    lm_weight multiplies log10 probabilities; word_score is added for each word (a negative one is
    a penalty). nbest: hypotheses returned at most.

    notes: what is missing between lexicon, n-gram and tokens, a sentence each. Raises OverlapError
    where they share nothing.
    """

    def __init__(
        self,
        tokens: TokenList,
        *,
        lexicon: str | Path | Lexicon | None = None,
        lm: str | Path | None = None,
        beam_size: int = 50,
        beam_size_token: int = TOKENS_A_FRAME,
        beam_threshold: float = 50.0,
        lm_weight: float = 2.0,
        word_score: float = -1.0,
        nbest: int = 1,
    ) -> None:
        if min(beam_size, beam_size_token, nbest) < 1 or beam_threshold <= 0:
            raise DecodeError(
                "beam_size, beam_size_token and nbest are at least 1, beam_threshold is above 0"
            )
        self.tokens = tokens
        self.nbest = nbest
        self._columns = len(tokens) + 2
        self._end, self._dead = len(tokens), len(tokens) + 1
        self._space = tokens.encode([SPACE])[0] if SPACE in tokens else None
        self._search = {
            "beam_size": beam_size,
            "beam_size_token": min(beam_size_token, self._columns),
            "beam_threshold": beam_threshold,
            "lm_weight": lm_weight,
            "sil_score": 0.0,
            "log_add": False,
            "criterion_type": CriterionType.CTC,
        }
        self._word_score = word_score
        self._words: Dictionary | None = None
        self._trie: Trie | None = None
        if lexicon is None:
            names = [*tokens.symbols, "</end>", "</dead>"]
            self._lm, self.notes = load_lm(
                lm,
                names,
                "tokens of the model",
                "without a lexicon the n-gram is one of tokens: train_ngram --text FOLDER/text.phn",
            )
        else:
            if not isinstance(lexicon, Mapping):
                lexicon = read_lexicon(lexicon)
            spelled, _, lost = usable(lexicon, tokens)
            words = [*spelled, UNK] if UNK not in spelled else list(spelled)
            self._words = Dictionary(words)
            self._lm, unknown = load_lm(lm, words, "words of the lexicon", OTHER_SPELLING)
            if lm is None:
                self._lm = TieBreaker(self._words)
            self._trie, crowded = self._make_trie(spelled)
            self.notes = [*lost, *unknown, *crowded]
        self._decoder = self._make_decoder()

    def with_weights(self, *, lm_weight: float, word_score: float) -> BeamDecoder:
        """The same search with other weights; shares the trie and the language model."""
        other = copy.copy(self)
        other._search = {**self._search, "lm_weight": lm_weight}
        other._word_score = word_score
        other._decoder = other._make_decoder()
        return other

    def __call__(self, log_probs: Tensor | np.ndarray) -> list[Hypothesis]:
        """Log-probabilities [T, V] of one utterance to its ``nbest`` hypotheses, best first.

        T = 0 gives one empty hypothesis. Raises DecodeError on another V, and on NaN.
        """
        if not isinstance(log_probs, np.ndarray):
            log_probs = log_probs.detach().float().cpu().numpy()
        scores = log_probs.astype(np.float32, copy=False)
        if scores.ndim != 2 or scores.shape[1] != len(self.tokens):
            raise DecodeError(
                f"scores are [T, {len(self.tokens)}] for this token list, not {scores.shape};"
                " the model was trained with another one"
            )
        if not scores.shape[0]:
            return [Hypothesis([], [], 0.0)]
        if np.isnan(scores).any():
            raise DecodeError("the scores hold NaN; the model or its input is broken")
        emissions = self._emissions(scores)
        found = map(self._hypothesis, self._decoder.decode(emissions.ctypes.data, *emissions.shape))
        # Flashlight orders equal scores by addresses in memory.
        ranked = sorted(found, key=lambda h: (-round(h.score, 3), h.words, h.tokens))
        unique: dict[tuple[tuple[int, ...], tuple[str, ...]], Hypothesis] = {}
        for hypothesis in ranked:
            unique.setdefault((tuple(hypothesis.tokens), tuple(hypothesis.words)), hypothesis)
            if len(unique) == self.nbest:
                break
        return list(unique.values()) or [Hypothesis([], [], IMPOSSIBLE)]

    def _emissions(self, scores: np.ndarray) -> np.ndarray:
        """[T + 1, V + 2]: end mark (the blank again), a dead column, and a free last frame in which
        the last word may end."""
        frames, size = scores.shape
        out = np.full((frames + 1, self._columns), IMPOSSIBLE, dtype=np.float32)
        out[:frames, :size] = np.maximum(scores, IMPOSSIBLE)
        if self._trie is not None and self._space is None:
            out[:frames, self._end] = out[:frames, 0]
            out[frames, self._end] = 0.0
        elif self._trie is not None:
            out[frames, self._space] = 0.0
        out[frames, 0] = 0.0
        return out

    def _make_trie(self, lexicon: Lexicon) -> tuple[Trie, list[str]]:
        """The trie, and a note on the homophones that it cannot hold."""
        trie = Trie(self._columns, self._dead if self._space is None else self._space)
        assert self._words is not None
        start = self._lm.start(False)
        scored = {}
        for word in lexicon:
            number = self._words.get_index(word)
            scored[word] = (number, self._lm.score(start, number)[1])
        homophones: dict[tuple[str, ...], int] = {}
        crowded = []
        for word in sorted(lexicon, key=lambda w: (-scored[w][1], w)):
            number, score = scored[word]
            for phones in lexicon[word]:
                homophones[phones] = homophones.get(phones, 0) + 1
                if homophones[phones] > _HOMOPHONES:
                    crowded.append(word)
                    continue
                spelling = self.tokens.encode(phones)
                if self._space is None:
                    trie.insert(spelling, number, score)
                    trie.insert([*spelling, self._end], number, score)
                else:
                    trie.insert([*spelling, self._space], number, score)
        trie.smear(SmearingMode.MAX)
        why = f"{_HOMOPHONES} likelier words sound alike: {some(crowded)}"
        total = sum(map(len, lexicon.values()))
        return trie, losses(len(crowded), total, "pronunciations are left out", why, "")

    def _make_decoder(self) -> Any:
        silence = self._dead if self._space is None else self._space
        if self._trie is None:
            options = LexiconFreeDecoderOptions(**self._search)
            return LexiconFreeDecoder(options, self._lm, silence, 0, [])
        assert self._words is not None
        search = dict(self._search)
        if isinstance(self._lm, TieBreaker):
            search["lm_weight"] = 1.0
        options = LexiconDecoderOptions(
            **search, word_score=self._word_score, unk_score=float("-inf")
        )
        unknown = self._words.get_index(UNK)
        return LexiconDecoder(options, self._trie, self._lm, silence, 0, unknown, [], False)

    def _hypothesis(self, result: Any) -> Hypothesis:
        # Flashlight adds a silence before the first and after the last frame.
        path = [number for number, _ in itertools.groupby(result.tokens[1:-1])]
        numbers = [n for n in path if n not in (0, self._end, self._dead)]
        if self._trie is not None and self._space is not None:
            while numbers and numbers[-1] == self._space:
                numbers.pop()
        score = float(result.score)
        ends: tuple[int, ...] = ()
        if self._words is not None:
            found = [n for n in result.words if n >= 0]
            ends = self._ends(result.tokens, result.words, len(numbers))
            words = [self._words.get_entry(n) for n in found]
            if isinstance(self._lm, TieBreaker):
                score -= self._lm.of(found)
        elif self._space is not None:
            words = join_characters(self.tokens.decode(numbers), SPACE)
        else:
            words = []
        return Hypothesis(numbers, words, score, ends)

    def _ends(self, tokens: list[int], words: list[int], count: int) -> tuple[int, ...]:
        """Tokens up to the end of each word: flashlight tells a word in the frame in which its
        spelling is complete, with its last token or the end mark behind it."""
        silent = (0, self._end, self._dead)
        so_far, before, ends = 0, -1, []
        for token, word in zip(tokens[1:], words[1:], strict=True):
            so_far += token != before and token not in silent
            before = token
            if word >= 0:
                ends.append(min(so_far, count))
        return tuple(ends)


def load_lm(
    path: str | Path | None, names: Sequence[str], what: str, remedy: str
) -> tuple[Any, list[str]]:
    """KenLM over ``names``, or a language model that scores nothing; and a note on unknown names.

    what, remedy: words for that note, and for OverlapError where all but the marks are unknown.
    """
    if path is None:
        return ZeroLM(), []
    if not Path(path).is_file():
        raise DecodeError(f"{path}: no such file; python -m asrkit.bin.train_ngram makes one")
    try:
        lm, unknown = load_ngram(path, names)
    except (RuntimeError, ValueError) as error:
        raise DecodeError(f"{path}: KenLM cannot read it ({error})") from None
    lost = [name for name in unknown if name not in _NO_WORDS]
    total = sum(name not in _NO_WORDS for name in names)
    why = f"to it they are {UNK}: {some(lost)}"
    return lm, losses(len(lost), total, f"{what} are not in {path}", why, remedy)
