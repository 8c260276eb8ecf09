"""Every command of README, docs and the recipes' pages: its options exist, its dry run is well."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys

import pytest
from documented import ROOT, Command, commands

COMMANDS = commands()
# The tables of the papers have tests of their own, which say more: test/recipes/test_*_table.py.
TABLES = ("docs/methods/xlsr.md", "docs/methods/tranusr.md")
SCRIPTS = [c for c in COMMANDS if c.script and not (c.page in TABLES and c.words[0][:4] == "egs/")]
PROGRAMS = [command for command in COMMANDS if command.program[0]]


def test_they_are_found() -> None:
    assert len(SCRIPTS) > 40 and len(PROGRAMS) > 20
    pages = {command.page for command in COMMANDS}
    assert {"README.md", "docs/own_data.md", "docs/methods/tranusr.md"} < pages


@pytest.mark.parametrize("command", PROGRAMS, ids=str)
def test_a_program_has_the_options(command: Command) -> None:
    name, words = command.program
    parser = importlib.import_module(f"asrkit.bin.{name}").get_parser()
    shown = parser.format_help()
    for word in words:
        if word.startswith("--") and word != "--help":
            assert re.search(rf"{re.escape(word)}\b", shown), word


@pytest.mark.recipe
@pytest.mark.timeout(120)
@pytest.mark.parametrize("command", SCRIPTS, ids=str)
def test_a_script_says_what_it_would_do(command: Command) -> None:
    script = ROOT / command.script
    before = sorted(path.name for path in script.parent.iterdir())
    words = [f"./{script.name}", *command.words[1:]]
    if "--help" not in words:
        words += ["--dry_run", "true"]
    env = {**os.environ, "ASRKIT_VENV": sys.prefix}
    done = subprocess.run(words, cwd=script.parent, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    assert ("+ " in done.stderr) != ("--help" in words)
    assert sorted(path.name for path in script.parent.iterdir()) == before
