"""What runs leave behind: processes, temporary files, weights; and small disks to leave it on."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from asrkit.train import checkpoint


def session(first: int) -> list[int]:
    """The processes of a session that live."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == first and fields[0] not in "ZX":
            found.append(int(path.parent.name))
    return found


def left_over(folder: Path) -> list[Path]:
    """Temporary files and folders."""
    return [*folder.rglob("*.tmp")]


def same(a: Path, b: Path) -> bool:
    """Whether two checkpoints hold the same weights, bit for bit."""
    one, two = (checkpoint.load(path)["model"] for path in (a, b))
    return one.keys() == two.keys() and all(torch.equal(one[name], two[name]) for name in one)


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """``folder`` as a file system of a size that ``resize`` sets; without root skips the test."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=100k", "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True).returncode:
        pytest.skip("only root can make a small disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def resize(disk: Path, size: str) -> None:
    subprocess.run(["mount", "-o", f"remount,size={size}", str(disk)], check=True)
