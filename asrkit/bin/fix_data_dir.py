"""Repairs data folders, keeps the old tables in .backup, and says what was removed."""

from __future__ import annotations

import argparse
import sys

from asrkit.arguments import boolean, run_main
from asrkit.kaldi.fix import fix


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data_dir", nargs="+", help="data or dump folders")
    parser.add_argument("--lang", help="ISO 639-1 code of all utterances, if utt2lang is missing")
    parser.add_argument(
        "--allow_empty_text", type=boolean, default=False, help="keep unlabeled utterances"
    )
    parser.add_argument(
        "--check_audio", type=boolean, default=True, help="remove what has no audio"
    )
    return parser


def run(args: argparse.Namespace) -> None:
    for folder in args.data_dir:
        fixed = fix(
            folder,
            lang=args.lang,
            allow_empty_text=args.allow_empty_text,
            check_audio=args.check_audio,
        )
        for note in fixed.notes:
            print(f"{folder}: {note}")
        backup = f"; the old tables are in {fixed.backup}" if fixed.backup else ""
        print(f"{folder}: {fixed.after} of {fixed.before} utterances kept{backup}")


def main(argv: list[str] | None = None) -> int:
    return run_main(get_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
