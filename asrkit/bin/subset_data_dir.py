"""Writes a part of a data folder: so many minutes or utterances, random or ranked, or a list."""

from __future__ import annotations

import argparse
import sys

from asrkit.arguments import at_least, boolean, finite, refuse_unused, run_main
from asrkit.kaldi.subset import subset


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--in_dir", required=True)
    parser.add_argument("--out_dir", required=True)
    parser.add_argument(
        "--minutes", type=finite, help="at most so much audio; smaller is within larger"
    )
    parser.add_argument("--utterances", type=at_least(1))
    parser.add_argument("--utt_list", help="file whose first fields are the ids to take")
    parser.add_argument(
        "--max_missing",
        type=finite,
        default=0,
        help="share of --utt_list that may be missing from --in_dir",
    )
    parser.add_argument(
        "--per_language", type=boolean, default=False, help="so much of each language"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--lowest",
        metavar="TABLE",
        default="",
        help="not random: those with the lowest numbers in this table of --in_dir, such as the "
        "utt2confidence of label_data, for what is worth correcting",
    )
    return parser


def run(args: argparse.Namespace) -> None:
    refuse_unused(
        args,
        (args.utt_list is None, "max_missing", "without --utt_list"),
        (args.utt_list is not None, "per_language seed lowest", "with --utt_list, which names all"),
        (bool(args.lowest), "seed", "with --lowest: nothing is random"),
    )
    part = subset(
        args.in_dir,
        args.out_dir,
        minutes=args.minutes,
        utterances=args.utterances,
        utt_list=args.utt_list,
        max_missing=args.max_missing,
        per_language=args.per_language,
        seed=args.seed,
        lowest=args.lowest,
    )
    print(f"{args.out_dir}: {len(part.utterances)} utterances")


def main(argv: list[str] | None = None) -> int:
    return run_main(get_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
