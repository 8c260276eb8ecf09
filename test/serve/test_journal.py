"""What was confirmed is there again; what was cut by a crash is not, and nothing else goes."""

from __future__ import annotations

import os
import resource
from pathlib import Path

import pytest

from asrkit.files import DataError
from asrkit.serve.journal import NAME, Journal


def events(folder: Path) -> list[dict[str, object]]:
    journal = Journal(folder)
    try:
        return list(journal.read())
    finally:
        journal.close()


def test_events_come_back_in_order(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "new" / "folder")
    assert list(journal.read()) == []
    kept = [{"do": "text", "text": text} for text in ("", "ŋǃa\u0301", "שלום", 'a"\\\u2028b')]
    for event in kept:
        journal.add(event)
    assert list(journal.read()) == kept
    journal.close()
    assert events(tmp_path / "new" / "folder") == kept


@pytest.mark.parametrize("torn", [b"{", b'{"do": "b"}', b'{"text": "\xc3', b"\0\0\0\0"])
def test_a_torn_last_line_goes(tmp_path: Path, torn: bytes) -> None:
    (tmp_path / NAME).write_bytes(b'{"do": "a"}\n' + torn)
    assert events(tmp_path) == [{"do": "a"}]
    assert (tmp_path / NAME).read_bytes() == b'{"do": "a"}\n'


@pytest.mark.parametrize("bad", [b"{", b"[1]", b"\xff", b""])
def test_any_other_line_that_is_no_event_is_named(tmp_path: Path, bad: bytes) -> None:
    content = b'{"do": "a"}\n' + bad + b'\n{"do": "b"}\n'
    (tmp_path / NAME).write_bytes(content)
    with pytest.raises(DataError, match=rf"{NAME}:2: is not an event; restore"):
        events(tmp_path)
    assert (tmp_path / NAME).read_bytes() == content


def test_one_process_a_folder(tmp_path: Path) -> None:
    first = Journal(tmp_path)
    with pytest.raises(DataError, match="another asrkit serve works on it"):
        Journal(tmp_path)
    first.close()
    Journal(tmp_path).close()


def test_a_full_disk_keeps_all_or_nothing(tmp_path: Path) -> None:
    """A limit of file size refuses as a full disk does: in the middle of a line."""
    journal = Journal(tmp_path)
    journal.add({"do": "a"})
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    limit = os.path.getsize(journal.path) + 20
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        with pytest.raises(DataError, match="cannot be written"):
            journal.add({"do": "b" * 100})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    journal.add({"do": "c"})
    assert list(journal.read()) == [{"do": "a"}, {"do": "c"}]
    journal.close()


def test_it_is_on_the_disk_before_it_is_confirmed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(tmp_path)
    synced: list[bytes] = []
    monkeypatch.setattr(os, "fsync", lambda _: synced.append(journal.path.read_bytes()))
    journal.add({"do": "a"})
    assert synced == [b'{"do": "a"}\n']
    journal.close()
