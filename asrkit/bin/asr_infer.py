"""Recognizes speech: prints what was said in audio files, or decodes a data folder."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path
from typing import Any

from asrkit.arguments import at_least, boolean, finite, refuse_unused, run_main, warn
from asrkit.audio.given import read_dumped, read_file
from asrkit.decode.beam import TOKENS_A_FRAME
from asrkit.decode.lexicon import lexicon_name
from asrkit.decode.options import add_network_options, known_network, open_recognizer
from asrkit.decode.parallel import BeamTask
from asrkit.decode.run import recognition, recognize, recognize_dir, score
from asrkit.decode.tune import read_weights
from asrkit.files import write_json
from asrkit.infer import Speech2Text
from asrkit.kaldi.datadir import read_dump
from asrkit.kaldi.kaldi_text import read_keyed
from asrkit.model_io import ModelError, default_model
from asrkit.shards import add_arguments, do_part, refuse_both
from asrkit.vocabulary import SUFFIX, languages_in

MODES = ("greedy", "free", "lexicon", "lexicon_lm")


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("audio", nargs="*", help="audio files of any rate and codec; - is standard input")
    add(
        "--model",
        type=Path,
        help="exp/<name>, a checkpoint in it, or a pack (.zip); default: exp/asr_multilingual, or "
        "the only recognizer in exp/",
    )
    add("--data_dir", type=Path, help="dump folder to decode instead of files")
    add("--output_dir", type=Path, help="where to write hyp.tokens and hyp.text of --data_dir")
    add(
        "--decode",
        choices=MODES,
        help="greedy; free: beam without lexicon; lexicon: words; lexicon_lm: words and n-gram. "
        "Default: lexicon_lm or lexicon if --lang has one, else greedy",
    )
    add("--lang", help="language of the words: takes lexicon and n-gram of <model>/../ngram/<lang>")
    add("--lexicon", type=Path, help="word<TAB>tokens")
    add("--lm", type=Path, help="KenLM file: of words with a lexicon, of tokens without")
    add("--beam_size", type=at_least(1), default=50)
    add("--beam_size_token", type=at_least(1), default=TOKENS_A_FRAME, help="tried in a frame")
    add("--beam_threshold", type=finite, default=50.0)
    add("--lm_weight", type=finite, default=2.0)
    add("--word_score", type=finite, default=-1.0, help="added for each word")
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
    """What to search with; None for the best path."""
    lexicon, lm = args.lexicon, args.lm
    for option, path in {"--lexicon": lexicon, "--lm": lm}.items():
        if path is not None and not path.is_file():
            raise ModelError(f"{option}: no file {path}; stage 9 makes lexicons and n-grams")
    if args.lang:
        folder = model.folder.parent / "ngram" / args.lang
        lexicon = lexicon or folder / lexicon_name(model.token_file)
        kind = Path(model.token_file).suffix.removeprefix(".").removesuffix(SUFFIX)
        lm = lm or folder / ("word.bin" if args.decode != "free" else f"{kind}.bin")
    found = {"lexicon": lexicon and lexicon.exists(), "lm": lm and lm.exists()}
    mode = args.decode or (
        "lexicon_lm" if all(found.values()) else "lexicon" if found["lexicon"] else "greedy"
    )
    asked, args.decode = args.decode, mode  # for the record
    _refuse_unused(args, mode if asked else None, with_lm=bool(found["lm"]))
    if mode == "free" and args.lang and not found["lm"] and not args.restrict_langs:
        raise ModelError(
            f"--lang {args.lang}: no n-gram of tokens at {lm}; give --lm, or run stage 9"
        )
    if mode == "greedy":
        if args.lang and not asked:
            warn(f"no lexicon {lexicon} (stage 9): best path instead")
        return None
    options: dict[str, Any] = {
        "beam_size": args.beam_size,
        "beam_size_token": args.beam_size_token,
        "beam_threshold": args.beam_threshold,
        "word_score": args.word_score,
    }
    if mode.startswith("lexicon"):
        if not found["lexicon"]:
            raise ModelError(
                f"--decode {mode}: no lexicon at {lexicon}; give --lexicon, or run stage 9"
            )
        options["lexicon"] = lexicon
    if mode == "lexicon_lm" and not found["lm"]:
        raise ModelError(f"--decode {mode}: no n-gram at {lm}; give --lm, or run stage 9")
    if mode == "lexicon_lm" or (mode == "free" and found["lm"]):
        options |= {"lm": lm, "lm_weight": args.lm_weight}
    return BeamTask(model.folder / "tokens.txt", options)


def _refuse_unused(args: argparse.Namespace, asked: str | None, *, with_lm: bool) -> None:
    """asked: --decode, or None where the mode (``args.decode``) follows from the other options."""
    mode, search = args.decode, f"with --decode {args.decode}"
    files = args.lexicon is not None and (mode == "lexicon" or args.lm is not None)
    no_lexicon = "without --lexicon, or --decode free and an n-gram of tokens"
    of_search = "beam_size beam_size_token beam_threshold nj"
    without_lm = mode == "lexicon" or (mode == "free" and not with_lm)
    refuse_unused(
        args,
        (mode == "greedy" and asked is None, "lm", no_lexicon),
        (mode in ("greedy", "free"), "lexicon word_score", search),
        (mode in ("greedy", "lexicon"), "lm", search),
        (mode == "greedy", of_search, search),
        (mode == "greedy" or without_lm, "lm_weight", f"{search} and no n-gram"),
        (mode == "greedy" or (mode == "free" and not with_lm), "weights", search),
        (asked == "greedy" and not args.restrict_langs, "lang", search),
        (files and not args.restrict_langs, "lang", "beside the files it would choose"),
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
    options = {} if beam is None else {k: _plain(v) for k, v in sorted(beam.options.items())}
    tuned = None if args.weights is None else str(args.weights)
    content = {"decode": args.decode, "restrict_langs": args.restrict_langs, "tuned": tuned}
    write_json(args.output_dir / "decoding.json", {**content, **options})


def _plain(value: object) -> object:
    return str(value) if isinstance(value, Path) else value


def run(args: argparse.Namespace) -> int:
    refuse_both(args)
    if bool(args.audio) == bool(args.data_dir):
        raise ModelError("give audio files, or --data_dir and --output_dir")
    refuse_unused(
        args,
        (bool(args.audio), "output_dir", "without --data_dir: what files say is printed"),
        (bool(args.audio), "keep_scores split shard", "without --data_dir"),
        (args.keep_scores, "split shard", "with --keep_scores: shards keep no scores"),
        (bool(args.data_dir), "channel", "with --data_dir: what stage 3 wrote has one channel"),
    )
    if args.data_dir and not args.output_dir:
        raise ModelError("--data_dir needs --output_dir, where the hypotheses go")
    args.model = args.model or default_model()
    model = open_recognizer(args.model, args)
    _read_weights(args)
    if args.restrict_langs is None:
        args.restrict_langs = bool(args.lang and languages_in(model.tokens))
    beam, langs = _beam(args, model), _languages(args)
    if args.data_dir:
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
    failures: dict[str, str] = {}
    rows = ((name, name) for name in args.audio)
    read = partial(read_file, channel=args.channel)
    best = beam is None and langs is None
    scores = score(model, rows, read, failures, max_seconds=args.max_seconds, best=best)
    for result in recognize(model, scores, beam, args.nj, langs):
        print(f"{result.id}\t{' '.join(result.tokens if result.words is None else result.words)}")
    for reason in failures.values():
        print(f"error: {reason}", file=sys.stderr)
    return 1 if failures else 0


def main(argv: list[str] | None = None) -> int:
    return run_main(get_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
