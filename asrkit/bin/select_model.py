"""Links a name to the run that is best on the validation set, e.g. of several learning rates."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from asrkit.arguments import run_main
from asrkit.train.selection import select_best


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, help="finished runs: exp/x_lr2e-5 ...")
    parser.add_argument(
        "--out", type=Path, required=True, help="link to make; the table goes to <out>_sweep.json"
    )
    return parser


def run(args: argparse.Namespace) -> None:
    ranked = select_best(args.folders, args.out)
    for place, candidate in enumerate(ranked):
        lr = "-" if candidate.lr is None else f"{candidate.lr:g}"
        note = f"  <- {args.out}" if place == 0 else ""
        print(
            f"{candidate.folder}: learning rate {lr}, {candidate.metric} {candidate.value:.4g}"
            f" at update {candidate.step}{note}"
        )


def main(argv: list[str] | None = None) -> int:
    return run_main(get_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
