"""Recognizes speech: prints what was said in audio files, or decodes a data folder."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from functools import partial
from pathlib import Path
from typing import Any

from asrkit.arguments import at_least, boolean, finite, refuse_unused, run_main, warn
from asrkit.audio.given import read_dumped, read_file
from asrkit.decode.beam import TOKENS_A_FRAME
from asrkit.decode.files import Job, expand, jobs, left, stamped, transcripts, write_all
from asrkit.decode.hotwords import BOOST, Hotword, read_hotwords
from asrkit.decode.options import (
    add_network_options,
    known_network,
    known_weights,
    open_recognizer,
)
from asrkit.decode.parallel import BeamTask
from asrkit.decode.run import READERS, recognition, recognize_dir
from asrkit.decode.search import MODES, Search, find, read_weights
from asrkit.decode.transcribe import VADS, Plan
from asrkit.files import write_json
from asrkit.formats.table import WRITERS
from asrkit.infer import Speech2Text
from asrkit.kaldi.datadir import read_dump
from asrkit.kaldi.kaldi_text import read_keyed
from asrkit.model_io import ModelError, default_model
from asrkit.shards import add_arguments, do_part, refuse_both
from asrkit.transcoder.model import Phones2Words, Speech2Words
from asrkit.vocabulary import languages_in

NO_SEARCH = (
    "data_dir decode lexicon lm lm_weight word_score weights beam_size beam_size_token "
    "beam_threshold nj nbest restrict_langs hotwords boost add_words"
)


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add(
        "audio",
        nargs="*",
        help="audio files of any rate and codec, or folders of them; - is standard input",
    )
    add(
        "--model",
        type=Path,
        help="exp/<name>, a checkpoint in it, or a pack (.zip); default: exp/asr_multilingual, or "
        "the only recognizer in exp/",
    )
    add("--data_dir", type=Path, help="dump folder to decode instead of files")
    add(
        "--output_dir",
        type=Path,
        help="where --format writes, one output a file, those that are there already left as they "
        "are; hyp.tokens and hyp.text of --data_dir",
    )
    add(
        "--format",
        nargs="+",
        choices=list(WRITERS),
        metavar="FORMAT",
        help=f"write transcripts with times: {', '.join(WRITERS)}; default: print FILE<TAB>TEXT",
    )
    add(
        "--vad",
        choices=VADS,
        default="energy",
        help="where words may be: energy: where sound rises above the noise; none: everywhere",
    )
    add(
        "--nbest",
        type=at_least(1),
        default=1,
        help="alternatives of each segment, in json; of each utterance, in nbest.jsonl",
    )
    add(
        "--decode",
        choices=MODES,
        help="greedy; free: beam without lexicon; lexicon: words; lexicon_lm: words and n-gram. "
        "Default: lexicon_lm or lexicon if --lang has one, else greedy",
    )
    add("--lang", help="language of the words: takes lexicon and n-gram of <model>/../ngram/<lang>")
    add("--transcoder", type=Path, help="exp/<name> of stage 10 or 11: words of --model's phones")
    add("--lexicon", type=Path, help="word<TAB>tokens")
    add("--lm", type=Path, help="KenLM file: of words with a lexicon, of tokens without")
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
    add("--beam_size", type=at_least(1), default=50)
    add("--beam_size_token", type=at_least(1), default=TOKENS_A_FRAME, help="tried in a frame")
    add("--beam_threshold", type=finite, default=50.0)
    add(
        "--lm_weight",
        type=finite,
        help="default: as the model was tuned for --lang, else 2",
    )
    add(
        "--word_score",
        type=finite,
        help="added for each word; default: as the model was tuned for --lang, else -1, or -4 with "
        "a lexicon and no n-gram",
    )
    add("--weights", type=Path, help="file of tune_lm: its lm_weight and word_score count")
    add(
        "--restrict_langs",
        type=boolean,
        help="with separate vocabularies: only tokens of the utterance's language (utt2lang, or "
        "--lang); lexicon and n-gram then hold tokens without its name. Default: if --lang is",
    )
    add("--nj", type=at_least(1), default=1, help="processes of the beam search")
    add(
        "--channel",
        type=at_least(1),
        help="of audio files: the number of the channel to take, from 1; default: the mean of all",
    )
    add_network_options(parser)
    add("--keep_scores", type=boolean, default=False, help="also write scores.npz, to tune weights")
    add_arguments(parser)
    return parser


def _beam(args: argparse.Namespace, model: Speech2Text) -> BeamTask | None:
    """What to search with; None for the best path, and for a Transcoder."""
    if args.transcoder is not None:
        return None
    names = ("lexicon", "lm", "beam_size", "beam_size_token", "beam_threshold", "nbest")
    options = {name: vars(args)[name] for name in (*names, "lm_weight", "word_score")}
    expected: tuple[Hotword, ...] = ()
    if args.hotwords is not None:
        expected = read_hotwords(args.hotwords, args.boost, lang=args.lang)
    search = Search(args.decode, **options, hotwords=expected, add_words=args.add_words)
    found = find(search, model, args.lang)
    asked, args.decode = args.decode, found.mode  # for the record
    _refuse_unused(args, found.mode if asked else None, with_lm=found.has_lm)
    if found.note:
        warn(found.note)
    args.weights = args.weights or found.tuned
    return found.task(model, args.lang, restricted=args.restrict_langs)


def _refuse_unused(args: argparse.Namespace, asked: str | None, *, with_lm: bool) -> None:
    """asked: --decode, or None where the mode (``args.decode``) follows from the other options."""
    mode, search = args.decode, f"with --decode {args.decode}"
    spells = args.hotwords is not None or args.add_words is not None  # in a language
    files = args.lexicon is not None and (mode == "lexicon" or args.lm is not None)
    no_lexicon = "without --lexicon, or --decode free and an n-gram of tokens"
    of_search = "beam_size beam_size_token beam_threshold nj nbest"
    without_lm = mode == "lexicon" or (mode == "free" and not with_lm)
    refuse_unused(
        args,
        (mode == "greedy" and asked is None, "lm", no_lexicon),
        (mode in ("greedy", "free"), "lexicon word_score", search),
        (mode in ("greedy", "lexicon"), "lm", search),
        (mode == "greedy", of_search, search),
        (args.hotwords is None, "boost", "without --hotwords"),
        (mode == "greedy" or without_lm, "lm_weight", f"{search} and no n-gram"),
        (mode == "greedy" or (mode == "free" and not with_lm), "weights", search),
        (asked == "greedy" and not args.restrict_langs, "lang", search),
        (files and not (args.restrict_langs or spells), "lang", "beside the files it would choose"),
        (args.weights is not None, "lm_weight word_score", "beside --weights, whose numbers count"),
    )


def _languages(args: argparse.Namespace) -> dict[str, str] | None:
    """id -> language of the utterances whose tokens are restricted to it."""
    if not args.restrict_langs:
        return None
    if args.data_dir and not args.lang:
        return read_keyed(args.data_dir / "utt2lang", allow_empty=False)
    if not args.lang:
        raise ModelError("--restrict_langs true needs --lang, the language of the files")
    names = read_dump(args.data_dir) if args.data_dir else args.audio
    return dict.fromkeys(names, args.lang)


def _read_weights(args: argparse.Namespace) -> None:
    if args.weights is not None:
        args.lm_weight, args.word_score = read_weights(args.weights)


def _record(args: argparse.Namespace, beam: BeamTask | None) -> None:
    """decoding.json beside the hypotheses: what they were searched with."""
    searched = sorted(beam.options.items()) if beam else []
    options = {name: str(v) if isinstance(v, Path) else v for name, v in searched}
    tuned = None if args.weights is None else str(args.weights)
    content = {"decode": args.decode, "restrict_langs": args.restrict_langs, "tuned": tuned}
    write_json(args.output_dir / "decoding.json", {**content, **options})


def run(args: argparse.Namespace) -> int:
    refuse_both(args)
    if bool(args.audio) == bool(args.data_dir):
        raise ModelError("give audio files, or --data_dir and --output_dir")
    of_files = "with --data_dir, whose outputs are hyp.tokens and hyp.text"
    refuse_unused(
        args,
        (
            bool(args.audio) and not args.format,
            "output_dir nbest",
            "without --format: what files say is printed",
        ),
        (bool(args.audio), "keep_scores split shard", "without --data_dir"),
        (args.keep_scores, "split shard", "with --keep_scores: shards keep no scores"),
        (bool(args.data_dir), "channel", "with --data_dir: what stage 3 wrote has one channel"),
        (bool(args.data_dir), "format vad", of_files),
        (args.transcoder is not None, NO_SEARCH, "with --transcoder: asrkit transcode searches"),
    )
    if (args.data_dir or args.format) and not args.output_dir:
        what = "--data_dir" if args.data_dir else "--format"
        raise ModelError(f"{what} needs --output_dir, where the transcripts go")
    todo = jobs(args.audio, args.output_dir) if args.format else expand(args.audio)
    args.model = args.model or default_model()
    model = open_recognizer(args.model, args)
    _read_weights(args)
    if args.restrict_langs is None:
        args.restrict_langs = bool(args.lang and languages_in(model.tokens))
    beam, langs = _beam(args, model), _languages(args)
    return _folder(args, model, beam, langs) if args.data_dir else _files(args, model, beam, todo)


def _folder(
    args: argparse.Namespace,
    model: Speech2Text,
    beam: BeamTask | None,
    langs: dict[str, str] | None,
) -> int:
    if beam is not None and args.nbest > 1:
        beam = dataclasses.replace(beam, options={**beam.options, "nbest": args.nbest})
    what = (model, args.data_dir, args.output_dir, read_dumped)
    how = {
        "beam": beam,
        "nj": 1 if args.shard else args.nj,
        "max_seconds": args.max_seconds,
        "langs": langs,
        "of": known_network(args.model, args),
    }
    if args.split or args.shard:
        print(do_part(recognition(*what, **how), args))
        return 0
    failed = recognize_dir(*what, **how, keep_scores=args.keep_scores)
    _record(args, beam)
    for name in failed:
        warn(f"{name} could not be read; see {args.output_dir}/failed")
    return 0


def _plan(args: argparse.Namespace, model: Speech2Text, beam: BeamTask | None) -> Plan:
    if args.transcoder is not None:
        transcoder = Phones2Words(args.transcoder, device=args.device)
        both = Speech2Words(model, transcoder, max_seconds=args.max_seconds)
        return both.plan(lang=args.lang, vad=args.vad)
    return Plan(
        beam,
        args.lang,
        args.restrict_langs,
        nj=args.nj,
        nbest=args.nbest,
        max_seconds=args.max_seconds,
        vad=args.vad,
    )


def _files(
    args: argparse.Namespace, model: Speech2Text, beam: BeamTask | None, todo: list[Job]
) -> int:
    """Prints what is said, or writes it to files."""
    plan = _plan(args, model, beam)
    of: dict[str, Any] = {}
    if args.format:
        named = ("lang", "decode", "restrict_langs", "nbest", "vad", "channel")
        of = {name: vars(args)[name] for name in named}
        of["network"] = known_network(args.model, args)
        of |= stamped({} if beam is None else dict(beam.options))
        if args.transcoder is not None:
            of["transcoder"] = known_weights(args.transcoder)
        todo = left(todo, args.format, args.output_dir, of)
    failures: dict[str, str] = {}
    made = transcripts(
        model,
        [job.audio for job in todo],
        partial(read_file, channel=args.channel),
        plan,
        failures,
        name=str(model.path),
        threads=READERS[model.device.type],
        seconds=model.look_ahead,
    )
    if args.format:
        write_all(todo, args.format, args.output_dir, of, made)
    else:
        for transcript in made:
            print(f"{transcript.audio}\t{transcript.text}", flush=True)
    for reason in failures.values():
        print(f"error: {reason}", file=sys.stderr)
    return 1 if failures else 0


def main(argv: list[str] | None = None) -> int:
    return run_main(get_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
