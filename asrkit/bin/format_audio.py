"""Stage 3: writes a data folder's audio as 16 kHz mono FLAC, one file an utterance."""

from __future__ import annotations

import argparse
import sys

from asrkit.data.format import format_dir
from asrkit.files import DataError


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="format_audio", description=__doc__)
    parser.add_argument("--in_dir", required=True, help="data folder; its pipes are run")
    parser.add_argument("--out_dir", required=True, help="dump folder to write, e.g. dump/raw/x")
    parser.add_argument("--nj", type=int, default=1, help="processes (default 1)")
    parser.add_argument(
        "--max_bad",
        type=float,
        default=0,
        help="unreadable utterances to leave out: a number or, below 1, a share (default 0)",
    )
    args = parser.parse_args(argv)
    if args.nj < 1 or args.max_bad < 0:
        parser.error("--nj must be at least 1 and --max_bad at least 0")
    try:
        result = format_dir(args.in_dir, args.out_dir, nj=args.nj, max_bad=args.max_bad)
    except (DataError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{args.out_dir}: {result.written} written, {result.skipped} were done already", end="")
    print(f", {len(result.bad)} left out (see bad_audio)" if result.bad else "")
    return 0


if __name__ == "__main__":
    sys.exit(main())
