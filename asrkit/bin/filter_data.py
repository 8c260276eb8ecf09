"""Leaves out too short, too long or unlabeled utterances; prints hours by language."""

from __future__ import annotations

import argparse
import sys

from asrkit.arguments import at_least, boolean, finite, refuse_unused, run_main
from asrkit.kaldi.filter import filter_dir


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--in_dir", required=True)
    parser.add_argument("--out_dir", required=True, help="what was removed is in its file removed")
    parser.add_argument("--min_seconds", type=finite, default=0)
    parser.add_argument("--max_seconds", type=float, default=float("inf"))
    parser.add_argument(
        "--allow_empty_text", type=boolean, default=False, help="keep unlabeled utterances"
    )
    parser.add_argument(
        "--token_file", help="e.g. text.phn: leave out what has more tokens than CTC has frames"
    )
    parser.add_argument(
        "--frame_shift", type=at_least(1), default=320, help="samples a frame (with it)"
    )
    return parser


def run(args: argparse.Namespace) -> None:
    refuse_unused(args, (args.token_file is None, "frame_shift", "without --token_file"))
    result = filter_dir(
        args.in_dir,
        args.out_dir,
        min_seconds=args.min_seconds,
        max_seconds=args.max_seconds,
        allow_empty_text=args.allow_empty_text,
        token_file=args.token_file,
        frame_shift=args.frame_shift,
    )
    print(result.table())
    if result.reasons:
        print(f"{len(result.reasons)} utterances removed, listed in {args.out_dir}/removed")


def main(argv: list[str] | None = None) -> int:
    return run_main(get_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
