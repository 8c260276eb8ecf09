"""CTC beam search with flashlight-text: with or without lexicon, with or without KenLM.

Flashlight's lexicon search leaves a word at its last phone and cannot hold that phone over more
frames. So each spelling also exists with an end mark behind it, a second name of the blank: a word
ends directly in the next one, or after frames of its last phone and a blank.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from flashlight.lib.text.decoder import (
    CriterionType,
    LexiconDecoder,
    LexiconDecoderOptions,
    LexiconFreeDecoder,
    LexiconFreeDecoderOptions,
    Trie,
    ZeroLM,
)
from flashlight.lib.text.dictionary import Dictionary

from asrkit.decode.hotwords import Biased, of_tokens, of_words
from asrkit.decode.hypothesis import Hypothesis
from asrkit.decode.lexicon import Lexicon, read_lexicon, usable, with_words
from asrkit.decode.overlap import load_ngram, losses, some
from asrkit.decode.ties import TieBreaker
from asrkit.decode.trie import fill
from asrkit.text.non_linguistic import join_characters
from asrkit.tokens import BLANK, SPACE, UNK, TokenList

if TYPE_CHECKING:
    from torch import Tensor

IMPOSSIBLE = -1e4  # a log-probability that no beam keeps, finite so that sums stay ordered
TOKENS_A_FRAME = 128  # all phones or letters of several languages; not all characters of Chinese
OTHER_SPELLING = "are they of one spelling (case, encoding, language)?"
_NO_WORDS = frozenset([BLANK, UNK, SPACE, "</end>", "</dead>"])


class DecodeError(ValueError):
    """Scores or models that cannot be decoded with."""


class BeamDecoder:
    """Decodes one utterance at a time; keep it, since building the trie takes seconds.

    lexicon: ``word<TAB>phones`` file or mapping; None searches all token sequences.
    lm: KenLM file (ARPA or binary): of words with a lexicon, of tokens without; None for no LM.
    beam_size, beam_threshold: the search. beam_size_token: the likeliest tokens of a frame that are
    tried in it; with all 4,000 characters of a language a search takes minutes instead of seconds.
    lm_weight multiplies log10 probabilities; word_score is added for each word (a negative one is
    a penalty). nbest: hypotheses returned at most.
    hotwords: pairs of a phrase, of words with a lexicon, of tokens without, and its boost
    (hotwords.py). added: words beside the lexicon's, with their pronunciations, to an unknowing
    n-gram as likely as others. offsets: [V], of label priors, for the scores of each frame.

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
        hotwords: Sequence[tuple[Sequence[str], float]] = (),
        added: Lexicon | None = None,
        offsets: np.ndarray | None = None,
    ) -> None:
        if min(beam_size, beam_size_token, nbest) < 1 or beam_threshold <= 0:
            raise DecodeError(
                "beam_size, beam_size_token and nbest are at least 1, beam_threshold is above 0"
            )
        self.tokens = tokens
        self.nbest, self._offsets = nbest, 0.0 if offsets is None else offsets
        self._columns = len(tokens) + 2
        self._end, self._dead = len(tokens), len(tokens) + 1
        self._space = tokens.encode([SPACE])[0] if SPACE in tokens else None
        self._silence = self._dead if self._space is None else self._space
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
        self._ties: TieBreaker | None = None
        if lexicon is None:
            names = [*tokens.symbols, "</end>", "</dead>"]
            self._lm, self.notes = load_lm(
                lm,
                names,
                "tokens of the model",
                "without a lexicon the n-gram is one of tokens: train_ngram --text FOLDER/text.phn",
            )
            if hotwords:
                favored = of_tokens(hotwords, tokens)
                self._lm = Biased(self._lm, lm_weight, favored, begin=self._space)
        else:
            if not isinstance(lexicon, Mapping):
                lexicon = read_lexicon(lexicon)
            new = {word for word in added or {} if word not in lexicon}
            self._spelled, _, lost = usable(with_words(lexicon, added or {}), tokens)
            words = [*self._spelled, UNK] if UNK not in self._spelled else list(self._spelled)
            self._words = Dictionary(words)
            self._lm, unknown = load_lm(lm, words, "words of the lexicon", OTHER_SPELLING, new)
            if lm is None:
                self._lm = self._ties = TieBreaker(self._words)
            if hotwords or new:
                weight = lm_weight if self._ties is None else 1.0
                numbers = {word: self._words.get_index(word) for word in words}
                self._lm = of_words(self._lm, weight, numbers, hotwords, new)
            self._trie, crowded = self._made_trie()
            self.notes = [*lost, *unknown, *crowded]
        self._decoder = self._make_decoder()
        self._frames = 0

    def with_weights(self, *, lm_weight: float, word_score: float) -> BeamDecoder:
        """The same search with other weights; shares the trie and the language model."""
        other = copy.copy(self)
        other._search = {**self._search, "lm_weight": lm_weight}
        other._word_score = word_score
        if isinstance(self._lm, Biased) and self._ties is None:  # boosts stay as they are
            other._lm = self._lm.weighed(lm_weight)
            if self._trie is not None:
                other._trie, _ = other._made_trie()
        other._decoder = other._make_decoder()
        return other

    def __call__(self, log_probs: Tensor | np.ndarray) -> list[Hypothesis]:
        """Log-probabilities [T, V] of one utterance to its ``nbest`` hypotheses, best first.

        T = 0 gives one empty hypothesis. Raises DecodeError on another V, and on NaN.
        """
        self.begin()
        self.add(log_probs)
        return self.end()

    def alone(self) -> BeamDecoder:
        """The same search, which may be in the middle of another utterance; shares the trie and
        what of the language model has no state."""
        other = copy.copy(self)
        if isinstance(self._lm, TieBreaker | Biased):
            other._lm = self._lm.alone()
        other._decoder = other._make_decoder()
        return other

    def begin(self) -> None:
        """An utterance begins, whose frames come in parts; what was not ended is dropped."""
        self._decoder.decode_begin()
        self._frames = 0

    def add(self, log_probs: Tensor | np.ndarray) -> None:
        """The next frames [T, V] of the utterance. Raises DecodeError as a call does."""
        if not isinstance(log_probs, np.ndarray):
            log_probs = log_probs.detach().float().cpu().numpy()
        scores = log_probs.astype(np.float32, copy=False)
        if scores.ndim != 2 or scores.shape[1] != len(self.tokens):
            raise DecodeError(
                f"scores are [T, {len(self.tokens)}], not {scores.shape}: of another token list"
            )
        if np.isnan(scores).any():
            raise DecodeError("the scores hold NaN; the model or its input is broken")
        if len(scores):
            self._frames += len(scores)
            self._step(self._emissions(scores + self._offsets))

    def best(self) -> Hypothesis:
        """The best hypothesis of the frames so far, of a word of a lexicon only where all of it was
        said."""
        if not self._frames:
            return Hypothesis([], [], 0.0)
        return self._hypothesis(self._decoder.get_best_hypothesis(0), ended=False)

    def end(self) -> list[Hypothesis]:
        """The ``nbest`` hypotheses of the utterance, which is over, best first."""
        if not self._frames:
            return [Hypothesis([], [], 0.0)]
        self._step(self._last_frame())
        self._decoder.decode_end()
        found = map(self._hypothesis, self._decoder.get_all_final_hypothesis())
        # Flashlight orders equal scores by addresses in memory.
        ranked = sorted(found, key=lambda h: (-round(h.score, 3), h.words, h.tokens))
        unique: dict[tuple[tuple[int, ...], tuple[str, ...]], Hypothesis] = {}
        for hypothesis in ranked:
            unique.setdefault((tuple(hypothesis.tokens), tuple(hypothesis.words)), hypothesis)
            if len(unique) == self.nbest:
                break
        return list(unique.values()) or [Hypothesis([], [], IMPOSSIBLE)]

    def _step(self, emissions: np.ndarray) -> None:
        self._decoder.decode_step(emissions.ctypes.data, *emissions.shape)

    def _emissions(self, scores: np.ndarray) -> np.ndarray:
        """[T, V + 2]: end mark (the blank again), a dead column."""
        frames, size = scores.shape
        out = np.full((frames, self._columns), IMPOSSIBLE, dtype=np.float32)
        out[:, :size] = np.maximum(scores, IMPOSSIBLE)
        if self._trie is not None and self._space is None:
            out[:, self._end] = out[:, 0]
        return out

    def _last_frame(self) -> np.ndarray:
        """[1, V + 2]: a free frame, in which the last word may end."""
        out = np.full((1, self._columns), IMPOSSIBLE, dtype=np.float32)
        out[0, 0] = 0.0
        if self._trie is not None:
            out[0, self._end if self._space is None else self._space] = 0.0
        return out

    def _made_trie(self) -> tuple[Trie, list[str]]:
        assert self._words is not None
        ends = [(), (self._end,)] if self._space is None else [(self._space,)]
        trie = Trie(self._columns, self._silence)
        return trie, fill(trie, self._spelled, ends, self.tokens, self._words, self._lm)

    def _make_decoder(self) -> Any:
        search = dict(self._search)
        if isinstance(self._lm, TieBreaker | Biased):
            search["lm_weight"] = 1.0
        if self._trie is None:
            options = LexiconFreeDecoderOptions(**search)
            return LexiconFreeDecoder(options, self._lm, self._silence, 0, [])
        assert self._words is not None
        options = LexiconDecoderOptions(
            **search, word_score=self._word_score, unk_score=float("-inf")
        )
        unknown = self._words.get_index(UNK)
        return LexiconDecoder(options, self._trie, self._lm, self._silence, 0, unknown, [], False)

    def _hypothesis(self, result: Any, *, ended: bool = True) -> Hypothesis:
        # Flashlight adds a silence before the first and after the last frame.
        tokens = result.tokens[1:-1] if ended else result.tokens[1:]
        numbers = [n for n, _ in itertools.groupby(tokens) if n not in (0, self._end, self._dead)]
        if self._trie is not None and self._space is not None:
            while numbers and numbers[-1] == self._space:
                numbers.pop()
        score = float(result.score)
        words: list[str] = []
        ends: tuple[int, ...] = ()
        if self._words is not None:
            found = [n for n in result.words if n >= 0]
            ends = self._ends(result.tokens, result.words, len(numbers))
            words = [self._words.get_entry(n) for n in found]
            if self._ties is not None:
                score -= self._ties.of(found)
        elif self._space is not None:
            words = join_characters(self.tokens.decode(numbers), SPACE)
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
    path: str | Path | None,
    names: Sequence[str],
    what: str,
    remedy: str,
    beside: Collection[str] = (),
) -> tuple[Any, list[str]]:
    """KenLM over ``names``, or a language model that scores nothing; and a note on unknown names.

    what, remedy: words for that note, and for OverlapError where all but the marks are unknown.
    beside: names that need not be known.
    """
    if path is None:
        return ZeroLM(), []
    if not Path(path).is_file():
        raise DecodeError(f"{path}: no such file; python -m asrkit.bin.train_ngram makes one")
    try:
        lm, unknown = load_ngram(path, names)
    except (RuntimeError, ValueError) as error:
        raise DecodeError(f"{path}: KenLM cannot read it ({error})") from None
    others = {*_NO_WORDS, *beside}
    lost = [name for name in unknown if name not in others]
    total = sum(name not in others for name in names)
    why = f"to it they are {UNK}: {some(lost)}"
    return lm, losses(len(lost), total, f"{what} are not in {path}", why, remedy)
