"""Splits a data folder into parts of about equal size, for jobs side by side."""

from __future__ import annotations

import argparse
import sys

from asrkit.arguments import at_least, boolean, run_main
from asrkit.kaldi.subset import split


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--in_dir", required=True)
    parser.add_argument(
        "--parts", type=at_least(1), required=True, help="written to in_dir/split<parts>/"
    )
    parser.add_argument(
        "--by_speaker", type=boolean, default=False, help="a speaker lies in one part only"
    )
    return parser


def run(args: argparse.Namespace) -> None:
    for folder in split(args.in_dir, args.parts, by_speaker=args.by_speaker):
        print(folder)


def main(argv: list[str] | None = None) -> int:
    return run_main(get_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
