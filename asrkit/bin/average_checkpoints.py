"""Averages the weights of several checkpoints of one model."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from asrkit.arguments import run_main
from asrkit.train import checkpoint
from asrkit.train.average import average


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("inputs", nargs="+", type=Path, help="files such as exp/x/checkpoints/*.pt")
    parser.add_argument("--out", required=True, type=Path, help="file to write")
    return parser


def run(args: argparse.Namespace) -> None:
    content = average(args.inputs)
    kept = {name: content[name] for name in ("step", "config", "model", "base") if name in content}
    checkpoint.save(args.out, kept | {"averaged": [str(path) for path in args.inputs]})
    print(f"{args.out}: average of {len(args.inputs)} checkpoints")


def main(argv: list[str] | None = None) -> int:
    return run_main(get_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
