"""What the small programs share: kinds of options, which of them were given, errors as one line."""

from __future__ import annotations

import argparse
import contextlib
import io
import math
import sys
from collections.abc import Callable, Sequence
from typing import Any

from asrkit.files import DISK_FULL


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


class UsageError(ValueError):
    """Options that do not go together."""


def refuse_unused(
    args: argparse.Namespace,
    *rules: tuple[bool, str, str],
    of_script: argparse.ArgumentParser | None = None,
) -> None:
    """An option that the chosen mode does not consume is an error: it was meant to do something.

    rules: whether one applies, the options that it leaves without use (``lm lm_weight``), and why,
    in words that follow "--lm has no use". Only options of the command line count (``args.given``).
    of_script: the parser, where a script passes all of its options on: those at their defaults say
    nothing.
    """
    given = args.given
    if of_script is not None:
        given = {name for name in given if vars(args)[name] != of_script.get_default(name)}
    for applies, names, why in rules:
        for name in names.split():
            if name not in vars(args):
                raise KeyError(f"the program has no option --{name}")
            if applies and name in given:
                raise UsageError(f"--{name} has no use {why}; leave it out")


def parse(parser: argparse.ArgumentParser, argv: list[str] | None) -> argparse.Namespace:
    """``parser.parse_args`` with ``given`` beside it: names of the options that ``argv`` holds.

    A switch that is set to its default asks for nothing, and is not among them.
    """
    args = parser.parse_args(argv)
    unset = object()  # argparse fills in no default where there is a value
    stated = parser.parse_args(argv, argparse.Namespace(**dict.fromkeys(vars(args), unset)))
    given = {name: value for name, value in vars(stated).items() if value is not unset}
    idle = {n for n, v in given.items() if isinstance(v, bool) and v == parser.get_default(n)}
    args.given = given.keys() - idle
    return args


def warn(said: str) -> None:
    """One line on standard error, where results do not go."""
    print(f"warning: {said}", file=sys.stderr)


class _OldName(argparse.Action):
    """Sets the option of today, whose name is ``const``, and says so, once."""

    _said = False

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        if not self._said:
            warn(f"{option_string} is deprecated; write {self.const}")
        self._said = True
        setattr(namespace, self.dest, values)


def add_old_name(
    parser: argparse.ArgumentParser, old: str, new: str, *, choices: Sequence[str] | None = None
) -> None:
    """``old``, what the option ``new`` was called before: not in --help, and deprecated."""
    dest = new.lstrip("-")
    parser.add_argument(
        old, dest=dest, const=new, action=_OldName, choices=choices,
        default=argparse.SUPPRESS, help=argparse.SUPPRESS,
    )  # fmt: skip


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


_UTF8 = ("utf-8", "utf8")
# What to do about refusals of the system, of which its own message says nothing.
_REMEDIES: dict[type[OSError], str] = {
    FileExistsError: "a file of that name is there; choose another, or remove it",
    NotADirectoryError: "a part of the path is a file, not a folder; check the path",
    IsADirectoryError: "a folder of that name is there; name a file",
    FileNotFoundError: "check the path",
    PermissionError: "check the permissions of it and of the folders above",
}


def format_error(error: Exception) -> str:
    """The message of an error; of the system's, file, reason and what to do."""
    if not isinstance(error, OSError):
        return str(error)
    if error.filename is None:
        full = error.errno in DISK_FULL
        return f"{error}; is the disk full that the output goes to?" if full else str(error)
    where = error.filename if error.filename2 is None else error.filename2
    remedy = _REMEDIES.get(type(error), "check the path and the disk")
    return f"{where}: {error.strerror}; {remedy}"


def in_utf8() -> None:
    """What is printed is UTF-8, as every file is, whatever the locale says."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.encoding.lower() not in _UTF8:
            stream.reconfigure(encoding="utf-8")


def _give_up_output() -> None:
    """Closes standard output that cannot be written: Python would try again, with a traceback."""
    if sys.stdout is sys.__stdout__ and sys.stdout is not None:
        with contextlib.suppress(OSError):
            sys.stdout.close()


def run_main(
    parser: argparse.ArgumentParser,
    run: Callable[[argparse.Namespace], int | None],
    argv: list[str] | None,
) -> int:
    """Parses ``argv`` and runs; a ValueError, OSError or MemoryError becomes ``error: ...`` and
    exit code 1."""
    raw = parser.formatter_class is argparse.RawDescriptionHelpFormatter
    parser.formatter_class = _RawHelp if raw else _Help
    args = parse(parser, argv)
    in_utf8()
    try:
        status = run(args) or 0
        sys.stdout.flush()  # a full disk shows here
        return status
    except (ValueError, OSError) as error:
        print(f"error: {format_error(error)}", file=sys.stderr)
        if isinstance(error, OSError) and error.filename is None:
            _give_up_output()
        return 1
    except MemoryError:
        print("error: needs more memory than there is; give it less at a time", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("error: interrupted", file=sys.stderr)
        return 130
