"""Stage 3: writes a data folder's audio as 16 kHz mono FLAC, one file an utterance."""

from __future__ import annotations

import argparse
import sys

from asrkit.arguments import at_least, finite, run_main, warn
from asrkit.kaldi.format import deal, format_dir, format_shard
from asrkit.shards import add_arguments, refuse_both


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--in_dir", required=True, help="data folder; its pipes are run")
    parser.add_argument("--out_dir", required=True, help="dump folder to write, e.g. dump/raw/x")
    parser.add_argument("--nj", type=int, default=1, help="processes (default 1)")
    parser.add_argument(
        "--max_bad",
        type=finite,
        default=0,
        help="unreadable utterances to leave out: a number or, below 1, a share (default 0)",
    )
    parser.add_argument(
        "--channel",
        type=at_least(1),
        help="number of the channel to take of each recording, from 1; default: the mean of all",
    )
    add_arguments(parser)
    return parser


def run(args: argparse.Namespace) -> None:
    refuse_both(args)
    if args.split:
        print(deal(args.in_dir, args.out_dir, args.split, channel=args.channel))
        return
    if args.shard:
        result = format_shard(args.out_dir, args.shard)
        print(f"{args.out_dir}: shard {args.shard}: {result.written} written, ", end="")
        print(f"{len(result.bad)} cannot be used")
        return
    result = format_dir(
        args.in_dir, args.out_dir, nj=args.nj, max_bad=args.max_bad, channel=args.channel
    )
    print(f"{args.out_dir}: {result.written} written, {result.skipped} were done already", end="")
    print(f", {len(result.bad)} left out (see bad_audio)" if result.bad else "")
    for note in result.notes:
        warn(note)


def main(argv: list[str] | None = None) -> int:
    return run_main(get_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
