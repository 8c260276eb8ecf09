"""Chooses the weights of a search on a validation set whose log-probabilities were stored."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from asrkit.arguments import at_least, boolean, finite, refuse_unused, run_main
from asrkit.decode.beam import TOKENS_A_FRAME
from asrkit.decode.parallel import BeamTask, load_scores
from asrkit.decode.prior import LabelPrior
from asrkit.decode.tune import tune, write_trials
from asrkit.kaldi.kaldi_text import languages_of, read_keyed
from asrkit.text.normalize import HYPHEN_POLICIES, HYPHENS_HELP, normalize
from asrkit.tokens import SPACE, TokenList
from asrkit.vocabulary import restrict

LM_WEIGHTS = [0.5, 1.0, 2.0, 3.0, 4.0]
WORD_SCORES = [-2.0, -1.0, 0.0, 1.0, 2.0]
PRIOR_WEIGHTS = [0.0, 0.3, 0.6]


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--scores", type=Path, required=True, help=".npz of log-probabilities by utterance")
    add("--ref", type=Path, required=True, help="references: '<id> <words>'")
    add("--token_list", type=Path, required=True)
    add("--lexicon", type=Path)
    add("--lm", type=Path)
    add("--unit", choices=("wer", "cer", "per", "ter"), default="wer")
    add("--lm_weights", type=finite, nargs="+", default=LM_WEIGHTS, help="with --lm")
    add("--word_scores", type=finite, nargs="+", default=WORD_SCORES, help="with --lexicon")
    add("--prior", type=Path, help="the model's label_prior.json (asrkit lm prior)")
    add("--prior_weights", type=finite, nargs="+", default=PRIOR_WEIGHTS, help="with --prior")
    add("--beam_size", type=at_least(1), default=50)
    add("--beam_size_token", type=at_least(1), default=TOKENS_A_FRAME, help="tried in a frame")
    add("--beam_threshold", type=finite, default=50.0)
    add("--normalize", type=boolean, default=False, help="bring references to asrkit's spelling")
    add("--hyphens", choices=HYPHEN_POLICIES, default="split", help=HYPHENS_HELP)
    add("--lang", help="for --normalize and --restrict_langs")
    add(
        "--restrict_langs",
        type=boolean,
        default=False,
        help="with separate vocabularies: only tokens of --lang, as asr_infer does",
    )
    add("--nj", type=at_least(1), default=1, help="processes, each with some pairs of weights")
    add("--utt2lang", type=Path, help="for --normalize")
    add("--out", type=Path, required=True, help="JSON: best weights and all trials")
    return parser


def run(args: argparse.Namespace) -> None:
    refuse_unused(
        args,
        (args.lm is None, "lm_weights", "without --lm"),
        (args.lexicon is None, "word_scores", "without --lexicon"),
        (args.prior is None, "prior_weights", "without --prior"),
        (not args.normalize, "hyphens", "without --normalize true"),
        (not (args.normalize or args.restrict_langs), "lang", "without --normalize true"),
        (
            not args.normalize or args.lang is not None,
            "utt2lang",
            "but for --normalize",
        ),
    )
    tokens, offsets = TokenList.read(args.token_list), None
    if args.unit in ("wer", "cer") and args.lexicon is None and SPACE not in tokens:
        raise ValueError(
            f"--unit {args.unit}: a search of these tokens, without {SPACE} among them, writes no "
            "words; give --lexicon, or --unit per or ter and references of tokens"
        )
    scores = load_scores(args.scores)
    references = read_keyed(args.ref)
    if args.normalize:
        languages = languages_of(references, lang=args.lang, utt2lang=args.utt2lang)
        pairs = zip(references.items(), languages, strict=True)
        references = {
            key: normalize(text, language, hyphens=args.hyphens) for (key, text), language in pairs
        }
    if args.prior is not None:
        offsets = LabelPrior.read(args.prior).offsets(tokens)
    if args.restrict_langs:
        if not args.lang:
            raise ValueError("--restrict_langs true needs --lang")
        columns = restrict(tokens, args.lang).columns
        scores = {key: row[:, columns] for key, row in scores.items()}
        offsets = None if offsets is None else offsets[columns]
    options = {
        "lexicon": args.lexicon,
        "lm": args.lm,
        "beam_size": args.beam_size,
        "beam_size_token": args.beam_size_token,
        "beam_threshold": args.beam_threshold,
    }
    trials = tune(
        BeamTask(args.token_list, options, args.lang if args.restrict_langs else None),
        scores,
        references,
        unit=args.unit,
        lm_weights=args.lm_weights if args.lm is not None else [0.0],
        word_scores=args.word_scores if args.lexicon is not None else [0.0],
        prior_weights=args.prior_weights if args.prior is not None else [0.0],
        offsets=offsets,
        nj=args.nj,
    )
    write_trials(args.out, args.unit, trials)


def main(argv: list[str] | None = None) -> int:
    return run_main(get_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
