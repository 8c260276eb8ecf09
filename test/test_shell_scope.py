"""Shell functions get what they need as arguments, or from variables of the whole script."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = [
    *ROOT.glob("egs/*/asr1/run.sh"),
    ROOT / "egs/TEMPLATE/asr1/asr.sh",
    *(
        ROOT / f"utils/{name}.sh"
        for name in ("corrections", "grid", "local", "slurm", "sbatch_train")
    ),
]
FUNCTION = re.compile(r"^(\w+)\(\) \{\n(.*?)^\}", re.M | re.S)
SET = re.compile(r"(?:^|[\s;&|({\"])(?:local\s+(?:-\w+\s+)?)?([a-z_]\w*)\+?=|\bfor ([a-z_]\w*) in")
READ = re.compile(
    r"\b(?:read(?: -\w)*|mapfile -t(?: -O \S+)?) ([a-z_][\w ]*) <|: \"\$\{([a-z_]\w*):="
)
USED = re.compile(r"\$\{?[#!]?([a-z_]\w*)")


class Function(NamedTuple):
    """Names of variables: declared local, set, read from input, and used."""

    name: str
    local: set[str]
    set: set[str]
    read: set[str]
    used: set[str]


def names(pattern: re.Pattern[str], text: str) -> set[str]:
    return {
        word
        for found in pattern.finditer(text)
        for group in found.groups()
        if group
        for word in group.split()
    }


def locals_of(body: str) -> set[str]:
    lines = re.findall(r"^\s+local (.+)$", body, re.M)
    plain = [re.sub(r"\$\(.*?\)+|\"[^\"]*\"|\([^()]*\)", "", line) for line in lines]
    return {word.split("=")[0] for line in plain for word in line.split() if word[0] not in "-$"}


def parsed(text: str) -> tuple[list[Function], set[str]]:
    """Functions, and the variables that are set outside of them."""
    text = re.sub(r"(^|\s)# .*$", "", text, flags=re.M)
    text = re.sub(r"python3 -c '[^']*'", "", text)
    functions = [
        Function(found[1], locals_of(found[2]), *(names(p, found[2]) for p in (SET, READ, USED)))
        for found in FUNCTION.finditer(text)
    ]
    rest = FUNCTION.sub("", text)
    return functions, names(SET, rest) | names(READ, rest)


def scripts_of(path: Path) -> list[str]:
    """The texts of a script and of all that it sources."""
    waiting, found = [path], {}
    while waiting:
        if (file := waiting.pop()) not in found:
            found[file] = file.read_text("utf-8")
            names = re.findall(r"^\s*\. .*?(\w+\.sh)\b", found[file], re.M)
            waiting += [ROOT / "utils" / name for name in names if name != "path.sh"]
    return list(found.values())


def borrowed(texts: list[str]) -> Iterator[str]:
    """``function: variable`` for what is local to another function, and set nowhere outside."""
    found = [parsed(text) for text in texts]
    functions = [function for some, _ in found for function in some]
    outside = set().union(*(names for _, names in found))
    declared = set().union(*(function.local for function in functions))
    for function in functions:
        touched = function.set | function.read | function.used
        for name in sorted((touched - function.local) & declared - outside):
            yield f"{function.name}: {name}"


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: "-".join(path.parts[-3:]))
def test_no_function_uses_its_callers_locals(path: Path) -> None:
    assert list(borrowed(scripts_of(path))) == []


def test_one_that_does_is_found() -> None:
    caller = "outer() {\n    local size=3 names=()\n    inner\n}\n"
    reads, sets = 'inner() {\n    echo "${size}"\n}\n', "inner() {\n    size=4\n}\n"
    assert list(borrowed([caller, reads])) == list(borrowed([caller, sets])) == ["inner: size"]
    assert list(borrowed([caller, "size=1\n", reads])) == []
    assert list(borrowed([caller, reads.replace("    echo", "    local size=$1\n    echo")])) == []
