"""The parser from which completion is made."""

from __future__ import annotations

import argparse
import sys

import pytest

from asrkit.bin.completion import main, whole_parser
from asrkit.commands import programs


def choices(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    (commands,) = (a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
    return commands.choices


def test_every_command_with_its_options() -> None:
    parser, found = whole_parser(), {}
    for name, below in choices(parser).items():
        if name in programs():
            found[name] = below
        else:
            found |= {f"{name} {second}": leaf for second, leaf in choices(below).items()}
    assert set(found) == set(programs())
    assert "--output_dir" in found["train"]._option_string_actions
    assert "--lang" in found["data fix"]._option_string_actions


def test_without_shtab(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(sys.modules, "shtab", None)
    assert main(["bash"]) == 1
    assert 'pip install "asrkit[completion]"' in capsys.readouterr().err
