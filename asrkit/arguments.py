"""What the small programs share: true/false options, and errors as one line and exit code 1."""

from __future__ import annotations

import argparse
import contextlib
import math
import sys
from collections.abc import Callable


def boolean(text: str) -> bool:
    """``true`` or ``false`` of a command line, in any case."""
    value = {"true": True, "false": False}.get(text.lower())
    if value is None:
        raise argparse.ArgumentTypeError(f"true or false, not {text!r}")
    return value


def finite(text: str) -> float:
    """A number of a command line, neither infinite nor NaN."""
    with contextlib.suppress(ValueError):
        if math.isfinite(value := float(text)):
            return value
    raise argparse.ArgumentTypeError(f"a finite number, not {text!r}")


def at_least(least: int) -> Callable[[str], int]:
    """A whole number of a command line that is not below ``least``."""

    def whole(text: str) -> int:
        with contextlib.suppress(ValueError):
            if (value := int(text)) >= least:
                return value
        raise argparse.ArgumentTypeError(f"a whole number of at least {least}, not {text!r}")

    return whole


def warn(said: str) -> None:
    """One line on standard error, where results do not go."""
    print(f"warning: {said}", file=sys.stderr)


class _Help(argparse.HelpFormatter):
    """Tells the default of every option that has one, unless its help does so already."""

    def add_argument(self, action: argparse.Action) -> None:
        text, default = action.help or "", action.default
        told = text == argparse.SUPPRESS or "default" in text.lower() or not action.option_strings
        if not told and default not in (None, argparse.SUPPRESS, "", []):
            values = default if isinstance(default, list | tuple) else [default]
            shown = " ".join(str(v).lower() if isinstance(v, bool) else str(v) for v in values)
            action.help = f"{text} (default: {shown.replace('%', '%%')})".lstrip()
        super().add_argument(action)


class _RawHelp(_Help, argparse.RawDescriptionHelpFormatter):
    """The same, with the lines of the description as they are."""


# What to do about refusals of the system, of which its own message says nothing.
_REMEDIES: dict[type[OSError], str] = {
    FileExistsError: "a file of that name is there; choose another, or remove it",
    NotADirectoryError: "a part of the path is a file, not a folder; check the path",
    IsADirectoryError: "a folder of that name is there; name a file",
    FileNotFoundError: "check the path",
    PermissionError: "check the permissions of it and of the folders above",
}


def told(error: Exception) -> str:
    """The message of an error; of the system's, file, reason and what to do."""
    if not isinstance(error, OSError) or error.filename is None:
        return str(error)
    where = error.filename if error.filename2 is None else error.filename2
    remedy = _REMEDIES.get(type(error), "check the path and the disk")
    return f"{where}: {error.strerror}; {remedy}"


def run_main(
    parser: argparse.ArgumentParser,
    run: Callable[[argparse.Namespace], int | None],
    argv: list[str] | None,
) -> int:
    """Parses ``argv`` and runs; a ValueError or OSError becomes ``error: ...`` and exit code 1."""
    raw = parser.formatter_class is argparse.RawDescriptionHelpFormatter
    parser.formatter_class = _RawHelp if raw else _Help
    args = parser.parse_args(argv)
    try:
        return run(args) or 0
    except (ValueError, OSError) as error:
        print(f"error: {told(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("error: interrupted", file=sys.stderr)
        return 130
