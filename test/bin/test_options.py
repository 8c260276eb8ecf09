"""What programs read of their arguments, themselves or in the library, they have options for."""

from __future__ import annotations

import argparse
import ast
import importlib
from pathlib import Path

import pytest

from asrkit.commands import programs

ROOT = Path(__file__).resolve().parents[2] / "asrkit"
Function = ast.FunctionDef | ast.Module


def read(part: Function) -> set[str]:
    """Names of what is read of ``args`` in a function, or in all of a module."""
    return {
        node.attr
        for node in ast.walk(part)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "args"
    }


def named(part: Function) -> set[str]:
    return {node.id for node in ast.walk(part) if isinstance(node, ast.Name)}


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def takes_arguments(function: ast.FunctionDef) -> bool:
    return any(one.arg == "args" and one.annotation for one in function.args.args)


# Of the library: functions of arguments, by their names.
HELPERS = {
    node.name: node
    for path in ROOT.rglob("*.py")
    if path.parent.name != "bin"
    for node in ast.walk(tree(path))
    if isinstance(node, ast.FunctionDef) and takes_arguments(node)
}


def needed(part: Function) -> set[str]:
    """What a module or function reads, and what the helpers that it names do."""
    found, waiting, done = read(part), named(part) & HELPERS.keys(), set()
    while waiting:
        name = waiting.pop()
        done.add(name)
        found |= read(HELPERS[name])
        waiting |= (named(HELPERS[name]) & HELPERS.keys()) - done
    return found


def test_helpers_are_found() -> None:
    assert {"open_recognizer", "choose_search", "do_part"} <= HELPERS.keys()
    assert {"precision", "batch_seconds"} <= read(HELPERS["open_recognizer"])


@pytest.mark.parametrize("program", sorted(set(programs().values()) - {"asr_train"}))
def test_programs_have_options_for_what_they_read(program: str) -> None:
    parser = importlib.import_module(f"asrkit.bin.{program}").get_parser()
    assert isinstance(parser, argparse.ArgumentParser)
    options = {action.dest for action in parser._actions} | parser._defaults.keys()
    assert needed(tree(ROOT / f"bin/{program}.py")) - {"given"} <= options
