"""Stage 2: adds copies of the utterances at other speeds to a data folder; stage 3 plays them."""

from __future__ import annotations

import argparse
import sys

from asrkit.arguments import run_main
from asrkit.kaldi.speed import TABLE, perturb_dir


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--in_dir", required=True, help="labeled data folder")
    parser.add_argument("--out_dir", required=True, help=f"data folder to write, with {TABLE}")
    parser.add_argument(
        "--factors", type=float, nargs="+", default=[0.9, 1.0, 1.1], help="1.0 is always there"
    )
    return parser


def run(args: argparse.Namespace) -> None:
    data = perturb_dir(args.in_dir, args.out_dir, args.factors)
    count = len(data.utterances)
    speeds = sorted(set(data.tables[TABLE].values()), key=float)
    print(f"{args.out_dir}: {count} utterances, at speeds {', '.join(speeds)}")


def main(argv: list[str] | None = None) -> int:
    return run_main(get_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
