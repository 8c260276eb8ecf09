"""The wheel, installed in an environment that holds the packages it requires and no sources."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest
import tones

from asrkit import __version__
from asrkit.bin.asr_train import main as train

ROOT = Path(__file__).resolve().parents[1]
CLIP = ROOT / "test/corpora/clips/it/00.opus"
# Packages of the tests alone must not be needed to import anything.
IMPORT_ALL = """
import importlib, pkgutil, sys
sys.modules.update(dict.fromkeys(("transformers", "pytest", "kenlm")))
import asrkit
names = [module.name for module in pkgutil.walk_packages(asrkit.__path__, "asrkit.")]
for name in names:
    importlib.import_module(name)
print(len(names), asrkit.__file__)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    command = [str(ROOT / "tools/wheel.sh"), str(folder)]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return Path(printed.strip())


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs' folder of a new environment with this wheel and this environment's packages."""
    folder = tmp_path_factory.mktemp("fresh")
    venv.create(folder, symlinks=True)
    python = folder / "bin/python"
    command = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
    subprocess.run([*command, "--no-deps", "--no-index", str(wheel)], check=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "required.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "bin"


def run(program: Path, *args: str, cwd: Path) -> str:
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [str(program), *args], cwd=cwd, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_contents(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tracked = subprocess.run(
        ["git", "ls-files", "asrkit"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    inside = {name for name in names if ".dist-info/" not in name}
    assert inside == set(tracked.stdout.split())  # pages and tables, too
    assert any(name.endswith("licenses/LICENSE") for name in names)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_every_module_can_be_imported(installed: Path, tmp_path: Path) -> None:
    count, file = run(installed / "python", "-c", IMPORT_ALL, cwd=tmp_path).split()
    assert int(count) > 100
    assert Path(file).is_relative_to(installed.parent)


@pytest.mark.slow
def test_programs_on_the_path_have_names_of_their_own(installed: Path, wheel: Path) -> None:
    entries = zipfile.ZipFile(wheel).read(f"asrkit-{__version__}.dist-info/entry_points.txt")
    names = {line.split(" = ")[0] for line in entries.decode().splitlines() if " = " in line}
    assert names == {"asrkit", "asr_train.py", "asr_infer.py"}
    assert all((installed / name).is_file() for name in names)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_audio_to_text(installed: Path, tmp_path: Path) -> None:
    tones.corpus(tmp_path)
    assert train([*tones.ctc_args(tmp_path, tmp_path / "exp"), "--max_update", "2"]) == 0
    words = ("--model", str(tmp_path / "exp"), str(CLIP))
    printed = run(installed / "asrkit", "infer", *words, cwd=tmp_path)
    assert run(installed / "asr_infer.py", *words, cwd=tmp_path) == printed
    name, _, text = printed.rstrip("\n").partition("\t")
    assert name == str(CLIP)
    assert set(text.split()) <= set(tones.TONES)
