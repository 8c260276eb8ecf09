"""Averages the weights of several checkpoints of one model."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from asrkit.arguments import run_main
from asrkit.train import checkpoint


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("inputs", nargs="+", type=Path, help="files such as exp/x/checkpoints/*.pt")
    parser.add_argument("--out", required=True, type=Path, help="file to write")
    return parser


def run(args: argparse.Namespace) -> None:
    content = checkpoint.load(args.inputs[0])
    state = checkpoint.average(args.inputs)
    kept = {"step": content["step"], "config": content["config"], "model": state}
    checkpoint.save(args.out, kept | {"averaged": [str(path) for path in args.inputs]})
    print(f"{args.out}: average of {len(args.inputs)} checkpoints")


def main(argv: list[str] | None = None) -> int:
    return run_main(get_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
