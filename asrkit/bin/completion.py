"""Prints a script for bash or zsh that completes the commands of asrkit and their options.

bash: asrkit completion bash >~/.local/share/bash-completion/completions/asrkit
zsh:  asrkit completion zsh >_asrkit, in a folder of $fpath
"""

from __future__ import annotations

import argparse
import importlib
import sys

from asrkit.arguments import run_main
from asrkit.commands import COMMANDS


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("shell", choices=("bash", "zsh"))
    return parser


def whole_parser() -> argparse.ArgumentParser:
    """One parser of all commands, each with the options of its program."""
    root = argparse.ArgumentParser(prog="asrkit")
    below = {"": root.add_subparsers(metavar="command")}
    for heading, commands in COMMANDS.items():
        for command, (module, line) in commands.items():
            group, _, name = command.rpartition(" ")
            if group not in below:
                parser = below[""].add_parser(group, help=heading)
                below[group] = parser.add_subparsers(metavar="command")
            program = importlib.import_module(f"asrkit.bin.{module}").get_parser()
            below[group].add_parser(name, help=line, parents=[program], add_help=False)
    return root


def run(args: argparse.Namespace) -> None:
    try:
        import shtab
    except ImportError:
        raise ValueError('completion needs shtab: pip install "asrkit[completion]"') from None
    print(shtab.complete(whole_parser(), shell=args.shell))


def main(argv: list[str] | None = None) -> int:
    return run_main(get_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
