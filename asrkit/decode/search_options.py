"""Options of the search of programs that recognize speech, and what follows from them."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import Any, NamedTuple

from asrkit.arguments import at_least, boolean, finite, refuse_unused, warn
from asrkit.decode.beam import TOKENS_A_FRAME
from asrkit.decode.hotwords import BOOST, Hotword, read_hotwords
from asrkit.decode.options import known_weights
from asrkit.decode.parallel import BeamTask
from asrkit.decode.plan import Plan
from asrkit.decode.prior import FILE as PRIOR
from asrkit.decode.search import MODES, Found, Search, Weights, find, read_weights
from asrkit.infer import Speech2Text
from asrkit.kaldi.datadir import read_dump
from asrkit.kaldi.kaldi_text import read_keyed
from asrkit.model_io import ModelError
from asrkit.shards import stamped
from asrkit.transcoder.search import BEAM_SIZE, LM_WEIGHT
from asrkit.vocabulary import languages_in

# What a Transcoder, which searches in its own way, has no use for.
NO_TRANSCODER = (
    "decode lexicon prior_weight beam_size_token beam_threshold nj restrict_langs hotwords boost "
    "add_words"
)
AUTO_REFUSES = "lexicon lm weights restrict_langs transcoder data_dir"  # are of one language


def add_search_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--decode",
        choices=MODES,
        help="greedy; free: beam without lexicon; lexicon: words; lexicon_lm: words and n-gram. "
        "Default: lexicon_lm or lexicon if --lang has one, else greedy",
    )
    add(
        "--lang",
        help="language of the words: takes lexicon and n-gram of <model>/../ngram/<lang>; auto: of "
        "files, that which is spoken, in each part of one",
    )
    add(
        "--classifier",
        type=Path,
        help="of --lang auto: model of objective classify; default: <model>/../language",
    )
    add("--lexicon", type=Path, help="word<TAB>tokens")
    add(
        "--lm",
        type=Path,
        help="KenLM file: of words with a lexicon or --transcoder, of tokens without",
    )
    add(
        "--hotwords",
        type=Path,
        help="words and phrases that are expected, one a line, with a boost behind a tab if it is "
        "another than --boost; unknown words are spelled by letters, or by espeak",
    )
    add("--boost", type=finite, default=BOOST, help="of --hotwords: natural log")
    add(
        "--add_words",
        type=Path,
        help="words beside the lexicon's, one a line, with tokens behind a tab or spelled as above",
    )
    add(
        "--beam_size",
        type=at_least(1),
        help=f"default: {Search.beam_size}, or {BEAM_SIZE} with --transcoder",
    )
    add("--beam_size_token", type=at_least(1), default=TOKENS_A_FRAME, help="tried in a frame")
    add("--beam_threshold", type=finite, default=50.0)
    add(
        "--lm_weight",
        type=finite,
        help=f"default: as the model was tuned for --lang, else 2; {LM_WEIGHT:g} with --transcoder",
    )
    add(
        "--word_score",
        type=finite,
        help="added for each word; default: as the model was tuned for --lang, else -1, or -4 with "
        "a lexicon and no n-gram; 0 with --transcoder",
    )
    add(
        "--weights",
        type=Path,
        help="file of tune_lm, or tune_transcoder: its weights count",
    )
    add(
        "--prior_weight",
        type=finite,
        help="of the model's label priors, which asrkit lm prior makes: 0.3 to 0.7 often lowers "
        "word errors; default: as the model was tuned for --lang, else 0",
    )
    add(
        "--restrict_langs",
        type=boolean,
        help="with separate vocabularies: only tokens of the utterance's language (utt2lang, or "
        "--lang); lexicon and n-gram then hold tokens without its name. Default: if --lang is",
    )
    add("--nj", type=at_least(1), default=1, help="processes of the beam search")


class Chosen(NamedTuple):
    """What a program searches with.

    mode: one of MODES; None with a Transcoder. task: None for the best path, and with a Transcoder.
    restricted: only tokens of the utterance's language. weights: file that those of the task are
    of, if they are of any.
    """

    mode: str | None
    task: BeamTask | None
    restricted: bool
    weights: Path | None = None

    def record(self) -> dict[str, Any]:
        """What decoding.json says of it, beside the hypotheses."""
        options = sorted(self.task.options.items()) if self.task else []
        return {
            "decode": self.mode,
            "restrict_langs": self.restricted,
            "tuned": None if self.weights is None else str(self.weights),
            **{name: str(v) if isinstance(v, Path) else v for name, v in options},
            **({"prior_weight": self.task.prior_weight} if self.task and self.task.prior else {}),
        }


def choose_search(args: argparse.Namespace, model: Speech2Text) -> Chosen:
    """Warns where it is another than somebody who named a language might expect.

    Raises UsageError for options that it has no use for, DecodeError for files that are not there.
    """
    restricted = args.restrict_langs
    if restricted is None:
        restricted = bool(args.lang and languages_in(model.tokens))
    if args.transcoder is not None:
        return Chosen(None, None, restricted)
    if restricted and not (args.lang or args.data_dir):
        raise ModelError("--restrict_langs true needs --lang, the language of the files")
    found = find(search_of(args, args.lang), model, args.lang)
    _refuse_unused(args, found, restricted=restricted)
    if found.note:
        warn(found.note)
    task = found.task(model, args.lang, restricted=restricted)
    return Chosen(found.mode, task, restricted, args.weights or found.tuned)


def search_of(args: argparse.Namespace, lang: str | None) -> Search:
    """What the options say; expected words are read by the rules of ``lang``."""
    names = ("lexicon", "lm", "beam_size", "beam_size_token", "beam_threshold", "nbest")
    options = {name: vars(args)[name] for name in (*names, *Weights._fields)}
    options["beam_size"] = args.beam_size or Search.beam_size
    if args.weights is not None:
        options |= read_weights(args.weights)._asdict()
    expected: tuple[Hotword, ...] = ()
    if args.hotwords is not None:
        expected = read_hotwords(args.hotwords, args.boost, lang=lang)
    return Search(args.decode, **options, hotwords=expected, add_words=args.add_words)


def auto_plan(args: argparse.Namespace, model: Speech2Text) -> Plan:
    """What is done with ``--lang auto``: the options are those of whichever language is spoken."""
    how = {"max_seconds": args.max_seconds, "vad": args.vad}

    def plan_of(lang: str) -> Plan:
        plan = model.plan(search_of(args, lang), lang, **how)
        return dataclasses.replace(plan, nj=args.nj)

    auto = model.auto(plan_of, forced=args.decode is not None)
    return Plan(nbest=args.nbest, **how, auto=auto)


def known_languages(args: argparse.Namespace, model: Speech2Text) -> dict[str, Any]:
    """What transcripts with ``--lang auto`` depend on beside the network, plain values."""
    languages = {}
    for lang in model.classifier.classes:
        found = find(search_of(args, lang), model, lang)
        files = {"lexicon": found.lexicon, "lm": found.lm}
        if found.weights.prior_weight:
            files["prior"] = model.folder / PRIOR
        there = {name: path for name, path in files.items() if path is not None and path.exists()}
        languages[lang] = [found.mode, list(found.weights), stamped(there)]
    names = "hotwords add_words boost beam_size beam_size_token beam_threshold".split()
    given = stamped({name: vars(args)[name] for name in names})
    classifier = list(known_weights(model.classifier.path))
    return {"classifier": classifier, "languages": languages, **given}


def _refuse_unused(args: argparse.Namespace, found: Found, *, restricted: bool) -> None:
    asked, mode = args.decode, found.mode  # which follows from the other options, if not asked for
    search = f"with --decode {mode}"
    spells = args.hotwords is not None or args.add_words is not None  # in a language
    files = args.lexicon is not None and (mode == "lexicon" or args.lm is not None)
    no_lexicon = "without --lexicon, or --decode free and an n-gram of tokens"
    of_search = "beam_size beam_size_token beam_threshold prior_weight nj nbest"
    weights = " ".join(Weights._fields)
    without_lm = mode == "lexicon" or (mode == "free" and not found.has_lm)
    refuse_unused(
        args,
        (mode == "greedy" and asked is None, "lm", no_lexicon),
        (mode in ("greedy", "free"), "lexicon word_score", search),
        (mode in ("greedy", "lexicon"), "lm", search),
        (mode == "greedy", of_search, search),
        (args.hotwords is None, "boost", "without --hotwords"),
        (mode == "greedy" or without_lm, "lm_weight", f"{search} and no n-gram"),
        (mode == "greedy" or (mode == "free" and not found.has_lm), "weights", search),
        (asked == "greedy" and not restricted, "lang", search),
        (files and not (restricted or spells), "lang", "beside the files it would choose"),
        (args.weights is not None, weights, "beside --weights, whose numbers count"),
    )


def restricted_languages(args: argparse.Namespace, *, restricted: bool) -> dict[str, str] | None:
    """id -> language of the utterances whose tokens are restricted to it."""
    if not restricted:
        return None
    if args.data_dir and not args.lang:
        return read_keyed(args.data_dir / "utt2lang", allow_empty=False)
    return dict.fromkeys(read_dump(args.data_dir) if args.data_dir else args.audio, args.lang)
