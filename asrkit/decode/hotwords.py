"""Words and phrases that are expected: read from files, spelled, and favored in a search.

What is favored is a sequence of what the language model counts: words of a lexicon, or tokens. All
of its boost is given on the way, an equal part with each item, so that the beam keeps it, and taken
back where it does not go on (Aho and Corasick 1975: parts that are begun inside of others count).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from flashlight.lib.text.decoder import LM, LMState

from asrkit.decode.lexicon import Lexicon
from asrkit.decode.overlap import respell, some
from asrkit.decode.ties import TieBreaker
from asrkit.files import DataError, read_lines
from asrkit.text.non_linguistic import characters
from asrkit.text.normalize import NormalizeError, normalize
from asrkit.text.phonemize import Phonemizer
from asrkit.tokens import SPACE, UNK, TokenList
from asrkit.vocabulary import type_of

BOOST = 6.0  # natural log: an expected word may be so much less likely than another
HIGHEST = 100.0


class HotwordError(DataError):
    """Expected words that cannot be used; says which."""


class Hotword(NamedTuple):
    """A word or a phrase, and what is added to the score of a text for each time it has it: a
    natural log, negative to keep it out."""

    words: tuple[str, ...]
    boost: float = BOOST


def hotword(
    text: str, boost: float = BOOST, *, lang: str | None, where: str = "hotwords"
) -> Hotword:
    """A phrase in asrkit's spelling of the language; as it is where that is unknown. Raises
    HotwordError (``where``) for what holds no word or is no spelling, and a boost beyond 100."""
    try:
        words = tuple((normalize(text, lang) if lang else text).split())
    except NormalizeError as error:
        raise HotwordError(f"{where}: {error}") from None
    if not words:
        raise HotwordError(f"{where}: {text!r} holds no word")
    if not abs(boost) <= HIGHEST:
        raise HotwordError(f"{where}: the boost of {text!r} is {boost:g}, not -100 to 100")
    return Hotword(words, float(boost))


def refuse_two_boosts(given: Iterable[tuple[str, Hotword]]) -> None:
    """Raises HotwordError for a phrase with two boosts; ``given``: where each is from, and it."""
    first: dict[tuple[str, ...], tuple[str, float]] = {}
    for where, (words, boost) in given:
        place, before = first.setdefault(words, (where, boost))
        if boost != before:
            raise HotwordError(
                f"{where}: the boost of {' '.join(words)!r} is {boost:g}, but {before:g} in "
                f"{place}; leave one out"
            )


def read_hotwords(path: Path, boost: float = BOOST, *, lang: str | None) -> tuple[Hotword, ...]:
    """Lines of a phrase, or ``phrase<TAB>boost``; empty lines are passed over. Raises HotwordError
    (file, line)."""
    found: dict[str, Hotword] = {}
    for number, line in enumerate(read_lines(path), start=1):
        phrase, tab, own = line.partition("\t")
        if not line.strip():
            continue
        try:
            value = float(own) if tab else boost
        except ValueError:
            raise HotwordError(
                f"{path}:{number}: not 'phrase' or 'phrase<TAB>boost': {line!r}"
            ) from None
        where = f"{path}:{number}"
        found[where] = hotword(phrase, value, lang=lang, where=where)
    if not found:
        raise HotwordError(f"{path}: holds no word")
    refuse_two_boosts(found.items())
    return tuple(found.values())


def read_words(path: Path, *, lang: str | None) -> dict[str, list[tuple[str, ...]]]:
    """Lines of a word, or ``word<TAB>pronunciation``: word -> its pronunciations, none of those
    that have to be spelled. Raises HotwordError (file, line)."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for number, line in enumerate(read_lines(path), start=1):
        text, tab, spelling = line.partition("\t")
        if not line.strip():
            continue
        where = f"{path}:{number}"
        words = hotword(text, lang=lang, where=where).words
        if len(words) > 1 or (tab and not spelling.split()):
            raise HotwordError(f"{where}: not 'word' or 'word<TAB>pronunciation': {line!r}")
        known = found.setdefault(words[0], [])
        if tab and tuple(spelling.split()) not in known:
            known.append(tuple(spelling.split()))
    if not found:
        raise HotwordError(f"{path}: holds no word")
    return found


def spelled(words: Iterable[str], token_file: str, lang: str | None) -> Lexicon:
    """Pronunciations in the tokens of a model (``text.phn``, ``text.char``): espeak's, or letters.
    Raises HotwordError for words that espeak cannot read, without a language to read them in, and
    for models of other tokens."""
    wanted = list(dict.fromkeys(words))
    if not wanted:
        return {}
    kind, _ = type_of(token_file)
    if kind.startswith("bpe") or kind == "word":
        raise HotwordError(
            f"{wanted[0]!r}: this model writes {kind}, neither phones nor letters: give the word's "
            "tokens, as the lexicon has them (--add_words, word<TAB>tokens)"
        )
    if kind != "phn":
        return {word: [tuple(characters(word))] for word in wanted}
    if lang is None:
        raise HotwordError(
            f"{wanted[0]!r} is not in the lexicon, and this model writes phones: name the language "
            "that espeak reads it in (--lang), or give its pronunciation with --add_words"
        )
    made: Lexicon = {}
    for word, sentence in zip(wanted, Phonemizer(lang).each(wanted, "words"), strict=True):
        phones = tuple(phone for group in sentence.phones for phone in group)
        if sentence.unread or not phones:
            raise HotwordError(
                f"{word!r}: espeak cannot read it; give its pronunciation "
                "(--add_words, word<TAB>phones)"
            )
        made[word] = [phones]
    return made


class _Node:
    """A beginning of phrases. given: of the boosts of those that may go on, so far. reward: of all
    phrases that end here, whatever was before."""

    def __init__(self, given: float) -> None:
        self.after: dict[int, _Node] = {}
        self.given, self.boost, self.reward = given, 0.0, 0.0
        self.back: _Node | None = None


class Favored:
    """Boosts of sequences of numbers, as a machine that reads one number after the other."""

    def __init__(self, phrases: Iterable[tuple[Sequence[int], float]]) -> None:
        phrases = list(phrases)
        self.root = _Node(0.0)
        for phrase, boost in phrases:
            node = self.root
            for number in phrase:
                node = node.after.setdefault(number, _Node(0.0))
            node.boost = boost
        for phrase, boost in phrases:  # a phrase inside a longer one has its boost by then
            node, share = self.root, boost / len(phrase)
            for number in phrase[:-1]:
                before, node = node, node.after[number]
                ended = node.boost != 0.0
                given = 0.0 if ended else before.given + share
                node.given = max(node.given, given, key=abs)
        self._link()

    def _link(self) -> None:
        waiting = deque([self.root])
        while waiting:
            node = waiting.popleft()
            for number, child in node.after.items():
                back = node.back
                while back is not None and number not in back.after:
                    back = back.back
                child.back = self.root if back is None else back.after[number]
                child.reward = child.boost + child.back.reward
                waiting.append(child)

    def step(self, node: _Node, number: int) -> tuple[_Node, float]:
        """The node behind ``number``, and what is added to the score there."""
        at: _Node | None = node
        while at is not None and number not in at.after:
            at = at.back
        reached = self.root if at is None else at.after[number]
        return reached, reached.reward + reached.given - node.given


class Biased(LM):
    """A language model times its weight, with the boosts of phrases.

    unknown: numbers that the model does not know, which count as ``usual`` (as it counts: log10)
    in place of what it has for them. begin: a number that all texts begin and end with, for the
    phrases.
    """

    def __init__(
        self,
        inner: Any,
        weight: float,
        favored: Favored,
        *,
        unknown: Collection[int] = (),
        usual: float = 0.0,
        begin: int | None = None,
    ) -> None:
        super().__init__()
        self.inner, self.weight, self._favored = inner, weight, favored
        self._unknown, self._usual, self._begin = frozenset(unknown), usual, begin
        self._first = favored.root if begin is None else favored.step(favored.root, begin)[0]
        self._states: dict[LMState, tuple[Any, _Node]] = {}

    def alone(self) -> Biased:
        """The same for a search of its own: ``start`` forgets the states of one before."""
        inner = self.inner.alone() if isinstance(self.inner, TieBreaker) else self.inner
        return self._with(inner, self.weight)

    def weighed(self, weight: float) -> Biased:
        """The same with another weight of the language model."""
        return self._with(self.inner, weight)

    def _with(self, inner: Any, weight: float) -> Biased:
        return Biased(
            inner,
            weight,
            self._favored,
            unknown=self._unknown,
            usual=self._usual,
            begin=self._begin,
        )

    def start(self, start_with_nothing: bool) -> LMState:
        state = LMState()
        self._states = {state: (self.inner.start(start_with_nothing), self._first)}
        return state

    def score(self, state: LMState, token: int) -> tuple[LMState, float]:
        inner, node = self._states[state]
        reached, score = self.inner.score(inner, token)
        if token in self._unknown:
            score = self._usual
        node, boost = self._favored.step(node, token)
        child = state.child(token)
        self._states[child] = reached, node
        return child, self.weight * score + boost

    def finish(self, state: LMState) -> tuple[LMState, float]:
        inner, node = self._states[state]
        _, score = self.inner.finish(inner)
        end, boost = (node, 0.0) if self._begin is None else self._favored.step(node, self._begin)
        # what the beginning would have given was taken back, and never counted
        return state, self.weight * score + boost - end.given + self._first.given


def of_tokens(hotwords: Iterable[tuple[Sequence[str], float]], tokens: TokenList) -> Favored:
    """Phrases of tokens; where the model writes word separators, between two of these. Raises
    HotwordError for tokens that it has not."""
    edge = tokens.encode([SPACE]) if SPACE in tokens else []
    phrases = []
    for phrase, boost in hotwords:
        spelling = respell(phrase, tokens)
        if spelling is None:
            missing = [symbol for symbol in phrase if tokens.own_form(symbol) is None]
            raise HotwordError(f"{' '.join(phrase)!r}: the model has no {some(missing)}")
        phrases.append(([*edge, *tokens.encode(spelling), *edge], boost))
    return Favored(phrases)


def of_words(
    lm: Any,
    weight: float,
    numbers: Mapping[str, int],
    hotwords: Iterable[tuple[Sequence[str], float]],
    new: Collection[str],
) -> Biased:
    """Phrases of words, whose ``numbers`` the language model knows. One of ``new`` that it scores
    as ``<unk>`` counts as the mean of those that it does not. Raises HotwordError for words that
    have no number."""
    phrases = []
    for phrase, boost in hotwords:
        if lost := [word for word in phrase if word not in numbers]:
            raise HotwordError(
                f"{' '.join(phrase)!r}: the model has not all phones or letters of {lost[0]!r}; "
                "give a pronunciation that it has (--add_words)"
            )
        phrases.append(([numbers[word] for word in phrase], boost))
    start = lm.start(False)
    scores = {word: lm.score(start, number)[1] for word, number in numbers.items()}
    floor = scores[UNK]
    known = [score for score in scores.values() if score != floor]
    unknown = [numbers[word] for word in new if scores.get(word) == floor]
    usual = sum(known) / len(known) if known else floor
    return Biased(lm, weight, Favored(phrases), unknown=unknown, usual=usual)
