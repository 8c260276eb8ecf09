"""Averages the weights of several checkpoints of one model."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from asrkit.files import DataError
from asrkit.train import checkpoint
from asrkit.train.checkpoint import CheckpointError


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="average_checkpoints.py", description=__doc__)
    parser.add_argument(
        "inputs", nargs="+", type=Path, help="checkpoints, e.g. exp/x/checkpoints/*.pt"
    )
    parser.add_argument("--out", required=True, type=Path, help="file to write")
    options = parser.parse_args(argv)
    try:
        content = checkpoint.load(options.inputs[0])
        state = checkpoint.average(options.inputs)
        kept = {"step": content["step"], "config": content["config"], "model": state}
        checkpoint.save(options.out, kept | {"averaged": [str(path) for path in options.inputs]})
    except (CheckpointError, DataError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{options.out}: average of {len(options.inputs)} checkpoints")
    return 0


if __name__ == "__main__":
    sys.exit(main())
