"""Atomic writing and checked reading."""

import errno
import os
import resource
from pathlib import Path

import pytest

from asrkit.files import (
    DataError,
    atomic,
    atomic_folder,
    read_lines,
    scan_lines,
    sha256,
    write_json,
    writing,
)


def names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


def test_atomic_writes_and_replaces(tmp_path: Path) -> None:
    path = tmp_path / "a"
    for text in ("один\n", "due\n"):
        with atomic(path) as stream:
            stream.write(text)
            assert not path.exists() or path.read_text(encoding="utf-8") != text
        assert path.read_bytes() == text.encode()
    assert names(tmp_path) == ["a"]


def test_atomic_keeps_the_old_file_on_any_exception(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt), atomic(path, "wb") as stream:
        stream.write(b"new")
        raise KeyboardInterrupt
    assert path.read_text() == "old" and names(tmp_path) == ["a"]


def test_atomic_on_a_full_disk(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, hard))
    try:
        with pytest.raises(DataError, match="File too large"), atomic(path, "wb") as stream:
            stream.write(bytes(1 << 17))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_text() == "old" and names(tmp_path) == ["a"]


def test_atomic_no_space_at_fsync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DataError, match="No space left"), atomic(tmp_path / "a") as stream:
        stream.write("x")
    assert names(tmp_path) == []


def test_atomic_says_which_folder_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "no" / "a"
    with pytest.raises(DataError, match="no/a: cannot be written"), atomic(path):
        pass


def test_atomic_leaves_errors_about_other_files_alone(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), atomic(tmp_path / "a"):
        (tmp_path / "other").read_text()
    assert names(tmp_path) == []


def test_a_copy_that_finds_the_disk_full_is_about_writing(tmp_path: Path) -> None:
    """An error of two names, of which the second was written."""
    told = rf"^{tmp_path}/new: cannot be written .No space left"
    with pytest.raises(DataError, match=told), atomic_folder(tmp_path / "new") as folder:
        raise OSError(errno.ENOSPC, "No space left on device", "a", None, str(folder / "a"))
    with pytest.raises(FileNotFoundError), atomic_folder(tmp_path / "new") as folder:
        os.rename(folder / "a", tmp_path / "b")


def test_read_lines(tmp_path: Path) -> None:
    path = tmp_path / "t"
    path.write_bytes("a città\nb \u2028 c\n\nd".encode())
    assert read_lines(path) == ["a città", "b \u2028 c", "", "d"]
    path.write_bytes(b"")
    assert read_lines(path) == []


@pytest.mark.parametrize(
    ("data", "line", "what"),
    [
        (b"a 1\nb \xe8\n", 2, "not valid UTF-8 .byte 0xe8 at 3"),
        (b"a 1\r\n", 1, "carriage return"),
        (b"a 1\nb\0 1\n", 2, "NUL"),
        (b"\xef\xbb\xbfa 1\n", 1, "byte order mark"),
    ],
)
def test_read_lines_names_file_and_line(tmp_path: Path, data: bytes, line: int, what: str) -> None:
    path = tmp_path / "t"
    path.write_bytes(data)
    with pytest.raises(DataError, match=f"{path}:{line}: .*{what}"):
        read_lines(path)


def test_scan_lines_repairs_and_reports_all(tmp_path: Path) -> None:
    path = tmp_path / "t"
    path.write_bytes(b"\xef\xbb\xbfa 1\r\nb \xff\nc\0 3\n")
    lines, flaws = scan_lines(path)
    assert lines == ["a 1", "", "c 3"]
    assert [flaw.line for flaw in flaws] == [1, 1, 2, 3]


def test_read_lines_missing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read_lines(tmp_path / "t")


def test_a_folder_appears_whole_or_not_at_all(tmp_path):
    with atomic_folder(tmp_path / "a" / "b") as folder:
        (folder / "x").write_text("1")
        assert not (tmp_path / "a/b").exists()
    assert [p.name for p in (tmp_path / "a").iterdir()] == ["b"]
    with pytest.raises(DataError, match="exists already"), atomic_folder(tmp_path / "a/b"):
        pass
    with pytest.raises(RuntimeError), atomic_folder(tmp_path / "c") as folder:
        (folder / "x").write_text("1")
        raise RuntimeError
    assert [p.name for p in tmp_path.iterdir()] == ["a"]
    (tmp_path / "empty").mkdir()
    with atomic_folder(tmp_path / "empty") as folder:
        (folder / "x").write_text("1")
    assert (tmp_path / "empty/x").exists()


def test_sha256(tmp_path):
    (tmp_path / "x").write_bytes(b"abc")
    assert sha256(tmp_path / "x").startswith("ba7816bf8f01cfea")


@pytest.mark.parametrize(
    ("readable", "text"),
    [(False, '{\n "\\u00e8": [\n  1\n ]\n}\n'), (True, '{\n  "è": [\n    1\n  ]\n}\n')],
)
def test_json_in_ascii_and_for_people(tmp_path: Path, readable: bool, text: str) -> None:
    write_json(tmp_path / "x.json", {"è": [1]}, readable=readable)
    assert (tmp_path / "x.json").read_bytes() == text.encode()


def test_writing_names_the_file_that_the_system_does_not(tmp_path: Path) -> None:
    told = r"/full: cannot be written \(No space left on device\)"
    with (
        pytest.raises(DataError, match=told),
        writing("/dev/full"),
        open("/dev/full", "w") as out,
    ):
        out.write("x")
    with pytest.raises(FileNotFoundError), writing(tmp_path / "a"):
        os.stat(tmp_path / "other")
