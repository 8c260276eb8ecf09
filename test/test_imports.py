"""Imports point one way: no module needs itself, and lower packages know nothing of higher ones."""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "asrkit"
MODELS = {"encoders", "quantizers", "objectives", "transcoder", "choices", "build", "model_io"}
USE = {"train", "decode", "infer", "convert", "pack", "analysis", "serve", "bin"}
# package -> what it may not import, whatever is convenient
FORBIDDEN = {
    "text": {"data", "score"} | MODELS | USE,
    "audio": {"text", "kaldi", "data"} | MODELS | USE,
    "kaldi": {"data"} | MODELS | USE,
    "data": MODELS | USE,
    "formats": {"audio", "kaldi", "data", "importers", "segmentation"} | MODELS | USE,
    "importers": {"data", "formats", "segmentation"} | MODELS | USE,
    "segmentation": {"data", "importers"} | MODELS | USE - {"decode", "infer"},
    "tuning": {"kaldi", "text", "data"} | MODELS - {"encoders"} | USE,
    "transcoder": {"quantizers", "choices", "build"} | USE - {"decode", "infer"},
    "encoders": {"kaldi", "text", "data", "quantizers", "objectives"} | USE,
    "quantizers": {"kaldi", "text", "data", "encoders", "objectives"} | USE,
    "objectives": {"kaldi", "text", "data", "transcoder"} | USE - {"decode"},
    "score": {"data"} | MODELS | USE,
    "train": {"infer", "convert", "pack", "analysis", "bin"},
    "decode": {"quantizers", "convert", "analysis", "bin"},
    "convert": {"infer", "pack", "analysis", "bin"},
    "pack": {"infer", "analysis", "bin"},
    "analysis": {"bin"},
    "serve": {"train", "convert", "pack", "analysis", "bin"},
}


def module_of(path: Path) -> str:
    return ".".join(["asrkit", *path.relative_to(ROOT).with_suffix("").parts])


def imports_of(path: Path) -> set[str]:
    """Modules of asrkit that a module imports, wherever in it; not for type checkers alone."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("asrkit"):
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                is_module = ROOT.joinpath(*inner.split(".")[1:]).with_suffix(".py").exists()
                found.add(inner if is_module else node.module)
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name.startswith("asrkit")}
    return found


IMPORTS = {module_of(path): imports_of(path) for path in sorted(ROOT.rglob("*.py"))}


def package_of(module: str) -> str:
    return module.partition(".")[2].partition(".")[0]


def test_every_package_has_its_place() -> None:
    packages = {path.parent.name for path in ROOT.glob("*/*.py")}
    assert packages - FORBIDDEN.keys() == {"bin"}  # programs import whatever they need


def test_no_module_needs_itself() -> None:
    try:
        order = list(TopologicalSorter(IMPORTS).static_order())
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))
    assert len(order) > 200


@pytest.mark.parametrize("package", FORBIDDEN)
def test_lower_packages_know_nothing_of_higher_ones(package: str) -> None:
    assert (ROOT / package).is_dir()
    for module, imported in IMPORTS.items():
        if package_of(module) == package:
            wrong = sorted(name for name in imported if package_of(name) in FORBIDDEN[package])
            assert not wrong, f"{module} imports {', '.join(wrong)}"


def test_the_loop_knows_one_contract() -> None:
    known = {name for name in IMPORTS["asrkit.train.trainer"] if package_of(name) in MODELS}
    assert known == {"asrkit.objectives.base"}
    greedy = IMPORTS["asrkit.objectives.ctc"] & {m for m in IMPORTS if package_of(m) == "decode"}
    assert greedy == {"asrkit.decode.greedy"}
