"""Splits a data folder into training, validation and test; no speaker or recording is in two."""

from __future__ import annotations

import argparse
import sys

from asrkit.arguments import finite, run_main
from asrkit.kaldi.partition import UNITS
from asrkit.kaldi.partition_dir import partition_dir


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--in_dir", required=True)
    add("--out", required=True, help="data/it writes data/it_train, data/it_valid and data/it_test")
    add_split(parser)
    return parser


def add_split(parser: argparse.ArgumentParser) -> None:
    """Options of a split."""
    add = parser.add_argument
    add("--valid", type=finite, default=0.1, help="share below 1, else minutes, of validation")
    add("--test", type=finite, default=0.1, help="the same of the test set")
    add("--by", choices=("auto", *UNITS), default="auto", help="what is never in two parts")
    add("--seed", type=int, default=0, help="of the split")


def run(args: argparse.Namespace) -> None:
    made, minutes = partition_dir(
        args.in_dir, args.out, valid=args.valid, test=args.test, by=args.by, seed=args.seed
    )
    for folder, amount in minutes.items():
        count = made.parts.count(folder.name.rpartition("_")[2])
        print(f"{folder}: {count} utterances, {amount:.1f} min")
    print(f"split by {made.unit}, seed {args.seed}")
    for note in made.notes:
        print(f"note: {note}")


def main(argv: list[str] | None = None) -> int:
    return run_main(get_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
