"""How a recognizer's scores become text: the best path, or a beam search; and with which files."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from asrkit.decode.beam import TOKENS_A_FRAME, DecodeError
from asrkit.decode.hotwords import (
    BOOST,
    Hotword,
    HotwordError,
    hotword,
    read_words,
    refuse_two_boosts,
    spelled,
)
from asrkit.decode.lexicon import lexicon_name, read_lexicon
from asrkit.decode.parallel import BeamTask
from asrkit.decode.prior import FILE as PRIOR
from asrkit.tokens import SPACE
from asrkit.vocabulary import type_of

MODES = ("greedy", "free", "lexicon", "lexicon_lm")
TUNED = "tune_lm"  # <model>/tune_lm/<lang>/<mode>.json, which stage 12 makes


class Weights(NamedTuple):
    """Of a search: of the n-gram's log10, added for each word, of the label priors."""

    lm_weight: float
    word_score: float
    prior_weight: float = 0.0


# Of a mode; without an n-gram, nothing else holds short words back.
WEIGHTS = {name: Weights(2.0, -4.0 if name == "lexicon" else -1.0) for name in MODES}


class Model(Protocol):
    """What of a recognizer decides where its lexicon and n-gram lie."""

    @property
    def folder(self) -> Path: ...

    @property
    def token_file(self) -> str: ...


@dataclasses.dataclass(frozen=True)
class Search:
    """mode: greedy: the best path; free: beam search without lexicon; lexicon: words; lexicon_lm:
    words and an n-gram. None: lexicon_lm or lexicon where there are such files, else greedy.

    lexicon: ``word<TAB>tokens``. lm: KenLM file, of words with a lexicon, of tokens without. Where
    they are None and a language is named, those of stage 9: <model>/../ngram/<lang>.
    beam_size, beam_size_token, beam_threshold, lm_weight, word_score: of BeamDecoder.
    prior_weight: of the model's label priors (prior.py). Where no weight is given and a language is
    named, those that the model was tuned with for it, if it was
    (<model>/tune_lm/<lang>/<mode>.json); else WEIGHTS. nbest: texts of each segment, at most.
    hotwords: words and phrases that are expected (hotwords.py); with any, greedy is free unless it
    is asked for. add_words: file of words beside those of the lexicon, with a pronunciation
    or without.
    """

    mode: str | None = None
    lexicon: Path | None = None
    lm: Path | None = None
    beam_size: int = 50
    beam_size_token: int = TOKENS_A_FRAME
    beam_threshold: float = 50.0
    lm_weight: float | None = None
    word_score: float | None = None
    prior_weight: float | None = None
    nbest: int = 1
    hotwords: tuple[Hotword, ...] = ()
    add_words: Path | None = None

    def __post_init__(self) -> None:
        if self.mode is not None and self.mode not in MODES:
            raise DecodeError(f"no way to decode is called {self.mode!r}; {', '.join(MODES)} are")
        if self.mode == "greedy" and (self.hotwords or self.add_words):
            raise DecodeError("--decode greedy does not search: it has no use for expected words")
        refuse_two_boosts((f"hotwords[{n}]", one) for n, one in enumerate(self.hotwords))
        if self.add_words is not None and not Path(self.add_words).is_file():
            raise DecodeError(f"--add_words: no file {self.add_words}")
        for option, path in {"lexicon": self.lexicon, "lm": self.lm}.items():
            if path is not None and not Path(path).is_file():
                raise DecodeError(f"--{option}: no file {path}; stage 9 makes lexicons and n-grams")


def expecting(
    search: Search | None, hotwords: Iterable[str | tuple[str, float]], lang: str | None
) -> Search | None:
    """The search with words and phrases, or pairs of one and its boost, beside its own."""
    pairs = [(one, BOOST) if isinstance(one, str) else one for one in hotwords]
    more = tuple(hotword(text, boost, lang=lang) for text, boost in pairs)
    if not more:
        return search
    search = search or Search()
    return dataclasses.replace(search, hotwords=(*search.hotwords, *more))


@dataclasses.dataclass(frozen=True)
class Found:
    """What a search has to work with. mode: one of MODES. lexicon, lm: where they were looked for,
    whether they are there or not. weights: what the search asks for, or those of the file tuned.
    note: what somebody who named a language should know."""

    search: Search
    mode: str
    lexicon: Path | None
    lm: Path | None
    weights: Weights
    tuned: Path | None = None
    note: str = ""

    @property
    def has_lm(self) -> bool:
        return self.lm is not None and self.lm.exists()

    def task(self, model: Model, lang: str | None, *, restricted: bool = False) -> BeamTask | None:
        """The search of the model's tokens; None for the best path. Raises DecodeError where a
        file that the mode needs is not there, and for one that was given and the mode has no use
        for."""
        search, mode = self.search, self.mode
        idle = {"lexicon": mode in ("greedy", "free"), "lm": mode in ("greedy", "lexicon")}
        for option in (name for name, is_idle in idle.items() if is_idle):
            if (path := vars(search)[option]) is not None:
                raise DecodeError(
                    f"--{option} {path}: has no use with --decode {mode}; leave it out, or choose "
                    "another: an n-gram of tokens is for free, of words for lexicon_lm"
                )
        if mode == "greedy":
            return None
        if mode == "free" and lang and not (self.has_lm or restricted or search.hotwords):
            raise DecodeError(
                f"--lang {lang}: no n-gram of tokens at {self.lm}; give --lm, or run stage 9"
            )
        options: dict[str, Any] = {
            "beam_size": search.beam_size,
            "beam_size_token": search.beam_size_token,
            "beam_threshold": search.beam_threshold,
            "word_score": self.weights.word_score,
        }
        if mode.startswith("lexicon"):
            if self.lexicon is None or not self.lexicon.exists():
                raise DecodeError(
                    f"--decode {mode}: no lexicon at {self.lexicon}; give --lexicon, or run stage 9"
                )
            options["lexicon"] = self.lexicon
            options |= self._expected_words(model.token_file, lang)
        elif search.add_words is not None:
            raise DecodeError(f"--add_words has no use with --decode {mode}: it needs a lexicon")
        elif search.hotwords:
            options["hotwords"] = _as_tokens(search.hotwords, model.token_file, lang)
        if mode == "lexicon_lm" and not self.has_lm:
            raise DecodeError(f"--decode {mode}: no n-gram at {self.lm}; give --lm, or run stage 9")
        if mode == "lexicon_lm" or (mode == "free" and self.has_lm):
            options |= {"lm": self.lm, "lm_weight": self.weights.lm_weight}
        task = BeamTask(model.folder / "tokens.txt", options)
        return self._with_prior(task, model)

    def _with_prior(self, task: BeamTask, model: Model) -> BeamTask:
        if not self.weights.prior_weight:
            return task
        path = model.folder / PRIOR
        if not path.is_file():
            raise DecodeError(
                f"--prior_weight {self.weights.prior_weight:g}: no label priors at {path}; make "
                f"them: asrkit lm prior --model {model.folder} --data_dir FOLDER, of its training"
            )
        return dataclasses.replace(task, prior=path, prior_weight=self.weights.prior_weight)

    def _expected_words(self, token_file: str, lang: str | None) -> dict[str, Any]:
        """Options of BeamDecoder: what is expected, and pronunciations of what is not in the
        lexicon."""
        search = self.search
        added = read_words(search.add_words, lang=lang) if search.add_words else {}
        if not (search.hotwords or added):
            return {}
        assert self.lexicon is not None
        known = read_lexicon(self.lexicon)
        named = [*added, *(word for phrase in search.hotwords for word in phrase.words)]
        missing = [word for word in named if not added.get(word) and word not in known]
        added |= spelled(missing, token_file, lang)
        found: dict[str, Any] = {"added": {word: added[word] for word in added if added[word]}}
        if search.hotwords:
            found["hotwords"] = tuple((one.words, one.boost) for one in search.hotwords)
        return found


def _as_tokens(
    hotwords: Sequence[Hotword], token_file: str, lang: str | None
) -> tuple[tuple[tuple[str, ...], float], ...]:
    """Phrases in tokens of a model, for a search without a lexicon: letters with word separators,
    or phones. Raises HotwordError for models of other tokens."""
    kind, _ = type_of(token_file)
    if kind.startswith("bpe") or kind == "word":
        raise HotwordError(
            f"{' '.join(hotwords[0].words)!r}: this model writes {kind}, neither phones nor "
            "letters: expected words need a lexicon of its tokens (--lexicon)"
        )
    parts = spelled((word for one in hotwords for word in one.words), token_file, lang)
    edge = (SPACE,) if kind == "char" else ()
    found = []
    for one in hotwords:
        tokens = [parts[word][0] for word in one.words]
        joined = [symbol for word in tokens for symbol in (*edge, *word)]
        found.append((tuple(joined[len(edge) :]), one.boost))
    return tuple(found)


def find(search: Search, model: Model, lang: str | None) -> Found:
    """Where the files of a search are, and what mode follows from those that there are."""
    lexicon, lm = search.lexicon, search.lm
    folder = model.folder.parent / "ngram" / (lang or "")
    if lang:
        lexicon = lexicon or folder / lexicon_name(model.token_file)
    words = lexicon is not None and lexicon.exists()
    best = "free" if search.hotwords else "greedy"
    if lang and not lm:
        without = search.mode == "free" or not (search.mode or words or best == "greedy")
        lm = folder / (f"{type_of(model.token_file)[0]}.bin" if without else "word.bin")
    both = words and lm is not None and lm.exists()
    mode = search.mode or ("lexicon_lm" if both else "lexicon" if words else best)
    note = ""
    if not words and lang and not search.mode:
        instead = "best path" if mode == "greedy" else "tokens"
        note = f"no lexicon {lexicon} (stage 9): {instead} instead"
    own = model.folder / TUNED / (lang or "") / f"{mode}.json"
    asked = {name: vars(search)[name] for name in Weights._fields}
    given = {name: value for name, value in asked.items() if value is not None}
    tuned = own if lang and not given and own.is_file() else None
    weights = read_weights(tuned) if tuned else WEIGHTS[mode]._replace(**given)
    return Found(search, mode, lexicon, lm, weights, tuned, note)


def one_language(search: Search) -> None:
    """Raises DecodeError for files of a search, which are of one language, where it is not known
    which is spoken."""
    for option, path in {"lexicon": search.lexicon, "lm": search.lm}.items():
        if path is not None:
            raise DecodeError(
                f"--{option} {path}: is of one language, and --lang auto takes that which is "
                "spoken; leave it out"
            )


def read_weights(path: Path) -> Weights:
    """Those of a file of write_trials. Raises DecodeError if it is none."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        found = Weights(float(content["lm_weight"]), float(content["word_score"]))
        return found._replace(prior_weight=float(content.get("prior_weight", 0.0)))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DecodeError(
            f"{path}: no weights of tune_lm ({type(error).__name__}: {error})"
        ) from None
