"""Merges data folders into one."""

from __future__ import annotations

import argparse
import sys

from asrkit.arguments import boolean, run_main
from asrkit.kaldi.subset import combine


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("in_dirs", nargs="+", help="data or dump folders")
    parser.add_argument("--out_dir", required=True)
    parser.add_argument(
        "--allow_empty_text",
        type=boolean,
        default=False,
        help="folders without text are unlabeled speech",
    )
    return parser


def run(args: argparse.Namespace) -> None:
    left_out = combine(args.in_dirs, args.out_dir, allow_empty_text=args.allow_empty_text)
    for name in left_out:
        print(f"{args.out_dir}: without {name}, which not all folders have")
    print(f"{args.out_dir}: {len(args.in_dirs)} folders combined")


def main(argv: list[str] | None = None) -> int:
    return run_main(get_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
