"""Labels audio with what a model writes down, where it is sure: self-training.

Reads a dump folder and writes one with the surest utterances, their text and utt2confidence.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from pathlib import Path

from asrkit.arguments import at_least, finite, refuse_unused, run_main, warn
from asrkit.decode.labels import label
from asrkit.decode.options import add_network_options, open_recognizer
from asrkit.decode.search import MODES, Search, find, read_weights
from asrkit.files import DataError


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--model", type=Path, required=True, help="exp/<name>, or a pack")
    add("--in_dir", type=Path, required=True, help="dump folder; its text, if any, is not read")
    add("--out_dir", type=Path, required=True)
    add(
        "--without",
        type=Path,
        nargs="*",
        default=[],
        help="folders whose utterances are labeled already and left out",
    )
    add(
        "--min_confidence",
        type=finite,
        default=0.5,
        help="share of an utterance's words expected to be right that it takes to keep it",
    )
    add("--lang", help="language of the words: takes lexicon and n-gram of <model>/../ngram/<lang>")
    add("--decode", choices=MODES, help="default: as asr_infer")
    add("--lexicon", type=Path, help="word<TAB>tokens")
    add("--lm", type=Path, help="KenLM file: of words with a lexicon, of tokens without")
    add("--weights", type=Path, help="file of tune_lm: its weights count")
    add("--nj", type=at_least(1), default=1, help="processes of the beam search")
    add_network_options(parser)
    return parser


def run(args: argparse.Namespace) -> int:
    if not 0 <= args.min_confidence <= 1:
        raise DataError(f"--min_confidence is between 0 and 1, not {args.min_confidence:g}")
    greedy = args.decode == "greedy"
    refuse_unused(args, (greedy, "lang lexicon lm weights nj", "with --decode greedy"))
    model = open_recognizer(args.model, args)
    weights = {} if args.weights is None else read_weights(args.weights)._asdict()
    search = Search(args.decode, args.lexicon, args.lm, **weights)
    found = find(search, model, args.lang)
    how = f"with --decode {found.mode}"
    refuse_unused(
        args,
        (found.mode == "greedy", "weights nj", how),
        (found.mode == "free" and not found.has_lm, "weights", f"{how} and no n-gram"),
    )
    plan = model.plan(search, args.lang, max_seconds=args.max_seconds, vad="none")
    plan = dataclasses.replace(plan, nj=args.nj)
    part, count, failed = label(
        model,
        args.in_dir,
        args.out_dir,
        plan,
        min_confidence=args.min_confidence,
        without=args.without,
    )
    for name, reason in sorted(failed.items()):
        warn(f"{name}: {reason}")
    minutes = sum(part.seconds(args.in_dir).values()) / 60
    kept = len(part.utterances)
    print(f"{args.out_dir}: {kept} of {count} utterances, {minutes:.1f} minutes")
    return 3 if failed else 0


def main(argv: list[str] | None = None) -> int:
    return run_main(get_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
