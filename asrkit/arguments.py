"""What the small programs share: true/false options, and errors as one line and exit code 1."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable


def boolean(text: str) -> bool:
    """``true`` or ``false`` of a command line, in any case."""
    value = {"true": True, "false": False}.get(text.lower())
    if value is None:
        raise argparse.ArgumentTypeError(f"true or false, not {text!r}")
    return value


def run_main(
    parser: argparse.ArgumentParser,
    run: Callable[[argparse.Namespace], int | None],
    argv: list[str] | None,
) -> int:
    """Parses ``argv`` and runs; a ValueError or OSError becomes ``error: ...`` and exit code 1."""
    args = parser.parse_args(argv)
    try:
        return run(args) or 0
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("error: interrupted", file=sys.stderr)
        return 130
