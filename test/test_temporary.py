"""What a killed process leaves is removed by the next one, and what a live one holds is not."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import signal
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from asrkit import temporary
from asrkit.files import DataError, atomic, atomic_folder, temporary_folder
from asrkit.kaldi import archives
from asrkit.temporary import Temporary, sweep

ROOT = Path(__file__).resolve().parents[1]
HOLD = """
import sys
from pathlib import Path
from asrkit.temporary import Temporary
folder = Path(sys.argv[1])
held = [Temporary(folder / "last.pt"), Temporary(folder / "pack", folder=True)]
(held[1].path / "weights").write_text("x")
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def _each_test_is_a_process_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(temporary, "_swept", set())


def names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


@pytest.fixture
def holder(tmp_path: Path):
    """A process that holds a temporary file and a temporary folder in tmp_path."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    yield process
    process.kill()
    process.communicate()


def test_what_a_live_process_holds_stays(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    held = names(tmp_path)
    assert [re.sub(r"[.]\d+[.][0-9a-f]{8}[.]", ".N.", name) for name in held] == [
        ".last.pt.N.tmp", ".pack.N.tmp",
    ]  # fmt: skip
    sweep(tmp_path)
    assert names(tmp_path) == held
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    sweep(tmp_path)
    assert names(tmp_path) == []


def test_the_next_that_writes_there_removes_it(
    tmp_path: Path, holder: subprocess.Popen[str]
) -> None:
    holder.kill()
    holder.wait()
    with atomic(tmp_path / "other") as out:
        assert names(tmp_path) == [Path(out.name).name]
    assert names(tmp_path) == ["other"]


def test_own_files_are_not_swept(tmp_path: Path) -> None:
    with atomic(tmp_path / "a") as out, temporary_folder(tmp_path / "b") as folder:
        sweep(tmp_path)
        out.write("x")
        (folder / "y").write_text("y")
    assert (tmp_path / "a").read_text() == "x" and names(tmp_path) == ["a"]


def test_other_names_and_links_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for name in (".x.tmp", ".x.12.abcdef.tmp", "x.12.abcdef01.tmp", ".x.12.abcdef01.tmp.old"):
        (tmp_path / name).touch()
    (tmp_path / ".link.12.abcdef01.tmp").symlink_to(tmp_path / "data")
    before = names(tmp_path)
    sweep(tmp_path)
    assert names(tmp_path) == before


def test_without_locks_nothing_is_swept_and_all_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    (tmp_path / ".old.12.abcdef01.tmp").touch()
    with atomic(tmp_path / "a") as out:
        out.write("x")
    assert names(tmp_path) == [".old.12.abcdef01.tmp", "a"]


def test_a_sweep_between_making_and_locking_costs_another_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, made = fcntl.flock, []

    def late(number: int, what: int) -> None:
        if not made:  # the sweep of another process, which has the lock first
            made.append(True)
            sweep(tmp_path)
        real(number, what)

    monkeypatch.setattr(fcntl, "flock", late)
    file = Temporary(tmp_path / "a")
    assert names(tmp_path) == [file.path.name]
    file.rename(tmp_path / "a")
    assert names(tmp_path) == ["a"]


@pytest.mark.parametrize("name", ["щ" * 127, "x" * 255])
def test_the_longest_names_can_be_written(tmp_path: Path, name: str) -> None:
    with atomic(tmp_path / name) as out:
        out.write("x")
    assert names(tmp_path) == [name]


def test_a_private_folder_is_closed_to_others(tmp_path: Path) -> None:
    folder = Temporary(tmp_path / "pack", folder=True, private=True)
    assert folder.path.stat().st_mode & 0o777 == 0o700
    folder.remove()
    assert names(tmp_path) == []


@pytest.mark.parametrize("make", [atomic_folder, temporary_folder])
def test_a_full_disk_names_what_was_to_be_written(tmp_path: Path, make) -> None:
    full = OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(DataError, match=r"lm\.bin: cannot be written .No space left"):  # noqa: SIM117
        with make(tmp_path / "lm.bin"):
            raise full
    assert names(tmp_path) == []
    with pytest.raises(FileNotFoundError), make(tmp_path / "x"):  # some other file
        (tmp_path / "no").read_text()


def test_a_full_disk_names_no_temporary_file(tmp_path: Path) -> None:
    """A file that is written within a folder, which is temporary itself."""
    told = rf"^{tmp_path}/model\.zip: cannot be written .No space left"
    with (
        pytest.raises(DataError, match=told),
        atomic_folder(tmp_path / "model.zip") as folder,
        temporary_folder(folder / "weights") as inner,
        atomic(inner / "last.pt"),
    ):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert names(tmp_path) == []


def test_an_archive_is_not_blamed_for_a_full_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "x").write_text("x")
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        tar.add(tmp_path / "x", "x")

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tarfile.TarFile, "extract", full)
    with pytest.raises(DataError, match=r"out/a: cannot be written .No space left") as caught:
        archives.unpack(tmp_path / "a.tar", tmp_path / "out/a")
    assert "fetch it again" not in str(caught.value)
    assert names(tmp_path / "out") == []
