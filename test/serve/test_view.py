"""What the page gets, while others change it."""

from __future__ import annotations

from pathlib import Path

import pytest

from asrkit.serve.data_folder import Saved
from asrkit.serve.pieces import Piece
from asrkit.serve.recordings import Recording
from asrkit.serve.store import Store
from asrkit.serve.view import state


def test_what_comes_while_the_state_is_told_is_in_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path, "it")
    store.add_recording(Recording("one", "one.wav", "one.wav", "", 1.0))
    whole = store.by_recording

    def meanwhile() -> dict[str, list[Piece]]:
        found = whole()
        store.add_recording(Recording("two", "two.wav", "two.wav", "", 1.0))
        return found

    monkeypatch.setattr(store, "by_recording", meanwhile)
    told = state(store, Saved(), 0, "one")
    assert [of["id"] for of in told["recordings"]] == ["one"] and told["sequence"] < store.sequence
    monkeypatch.undo()
    told = state(store, Saved(), told["sequence"], "one")
    assert [of["id"] for of in told["recordings"]] == ["one", "two"]
    store.close()
