"""Checks data folders against every rule; reports all problems with file, line and repair."""

from __future__ import annotations

import argparse
import sys

from asrkit.arguments import boolean, run_main
from asrkit.files import DataError
from asrkit.kaldi.validate import validate


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data_dir", nargs="+", help="data or dump folders")
    parser.add_argument("--need_text", type=boolean, default=True, help="text must be there")
    parser.add_argument(
        "--allow_empty_text", type=boolean, default=False, help="unlabeled utterances are fine"
    )
    parser.add_argument(
        "--check_audio", type=boolean, default=True, help="audio exists, segments lie within it"
    )
    parser.add_argument("--limit", type=int, default=100, help="problems to print for each folder")
    return parser


def run(args: argparse.Namespace) -> None:
    failed = []
    for folder in args.data_dir:
        report = validate(
            folder,
            need_text=args.need_text,
            allow_empty_text=args.allow_empty_text,
            check_audio=args.check_audio,
        )
        if report.problems:
            print(report.text(args.limit), file=sys.stderr)
        if report.errors:
            failed.append(f"{folder} has {len(report.errors)} problems")
        else:
            print(f"{folder}: valid, {report.utterances} utterances")
    if failed:
        raise DataError("; ".join(failed) + "; fix_data_dir repairs what can be repaired")


def main(argv: list[str] | None = None) -> int:
    return run_main(get_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
