"""Every change is kept over a crash; two who change the same piece lose nothing."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from asrkit.files import DataError
from asrkit.serve.journal import NAME
from asrkit.serve.pieces import LONGEST_TEXT, PieceError
from asrkit.serve.recordings import Conflict, Recording, Unknown
from asrkit.serve.store import Store
from asrkit.transcript import Word

ONE = Recording("one-1", "one.wav", "one-1.wav", "", 10.0)


def words(text: str, start: float, confidence: float | None = 0.9) -> list[Word]:
    return [Word(w, start + n, start + n + 0.8, confidence) for n, w in enumerate(text.split())]


def filled(folder: Path) -> Store:
    """Three pieces of one recording: a b, c d, e f; the second is the least certain."""
    store = Store(folder, "it")
    store.add_recording(ONE)
    store.add_heard("one-1", [(0, 2, words("a b", 0)), (2, 4, words("c d", 2, 0.4))], 4.0)
    store.add_heard("one-1", [(4, 6, words("e f", 4))], 10.0)
    return store


def seen(store: Store) -> object:
    return store.pieces, store.recordings, store.sequence, store.changed, store.lang


A, B, C = "one-1.0001", "one-1.0002", "one-1.0003"


def test_everything_is_there_again(tmp_path: Path) -> None:
    store = filled(tmp_path)
    store.write(A, 0, "a bé", "x")
    store.split(B, 0, "c", " d")
    with pytest.raises(Conflict):
        store.write(A, 0, "late", "y")
    store.mark(C, 0, True)
    store.merge(A, 1, B, 1)
    store.move(C, 1, 4.5, 6)
    store.rename("one-1", "uno.wav", "anna")
    store.add_recording(Recording("two-2", "two", "two-2", "", 1.0))
    store.fail("two-2", "no sound")
    store.remove("two-2")
    before = seen(store)
    store.close()
    again = Store(tmp_path)
    assert seen(again) == before
    assert [piece.text for piece in again.pieces_of("one-1")] == ["a bé c", "d", "e f"]
    again.close()


def test_whatever_line_is_the_last_one_the_state_is_that_of_then(tmp_path: Path) -> None:
    """A crash after, or within, any line of the journal."""
    store = filled(tmp_path / "a")
    states = []
    for number in range(20):
        store.write(A, number, f"a b {number}")
        states.append(store.pieces[A].text)
    store.close()
    lines = (tmp_path / "a" / NAME).read_bytes().splitlines(keepends=True)
    for kept in range(len(lines) - 20, len(lines)):
        folder = tmp_path / str(kept)
        folder.mkdir()
        (folder / NAME).write_bytes(b"".join(lines[:kept]) + lines[kept][: len(lines[kept]) // 2])
        again = Store(folder)
        done = kept - len(lines) + 20
        assert again.pieces[A].text == (states[done - 1] if done else "a b")
        assert again.write(A, done, "on").rev == done + 1
        again.close()


def test_queue_has_what_is_least_certain_and_not_done(tmp_path: Path) -> None:
    store = filled(tmp_path)
    assert [piece.id for piece in store.queue(5)] == [B, A, C]
    assert len(store.queue(1)) == 1
    store.mark(B, 0, True)
    assert [piece.id for piece in store.queue(5)] == [A, C]
    store.close()


def test_a_late_text_is_kept_beside_the_other(tmp_path: Path) -> None:
    store = filled(tmp_path)
    store.write(A, 0, "first", "x")
    for text in ("s", "se", "second"):
        with pytest.raises(Conflict) as conflict:
            store.write(A, 0, text, "y")
    assert conflict.value.piece.text == "first"
    assert conflict.value.piece.others == {"y": "second"}
    assert store.write(A, 1, "both", "y").others == {"y": "second"}
    assert store.settle(A, "y").others == {}
    store.close()


def test_the_same_text_again_is_no_conflict(tmp_path: Path) -> None:
    """The answer was lost on its way: the page says it again."""
    store = filled(tmp_path)
    sequence = store.write(A, 0, "x").rev, store.sequence
    assert (store.write(A, 0, "x").rev, store.sequence) == sequence
    store.close()


def test_a_text_for_a_piece_that_was_merged_goes_to_the_whole(tmp_path: Path) -> None:
    store = filled(tmp_path)
    store.merge(A, 0, B, 0)
    store.merge(A, 1, C, 0)
    with pytest.raises(Conflict) as conflict:
        store.write(C, 0, "e fg", "y")
    assert conflict.value.piece.id == A and conflict.value.piece.others == {"y": "e fg"}
    store.close()


def test_other_changes_of_an_old_revision_are_refused(tmp_path: Path) -> None:
    store = filled(tmp_path)
    store.write(B, 0, "c d x")
    before = store.sequence
    for change in (
        lambda: store.mark(B, 0, True),
        lambda: store.split(B, 0, "c", " d"),
        lambda: store.merge(A, 0, B, 0),
        lambda: store.merge(B, 0, C, 0),
        lambda: store.move(B, 0, 2, 3),
    ):
        with pytest.raises(Conflict):
            change()
    assert store.sequence == before
    store.close()


def test_new_pieces_never_take_an_old_name(tmp_path: Path) -> None:
    store = filled(tmp_path)
    store.merge(B, 0, C, 0)
    store.close()
    store = Store(tmp_path)
    assert [piece.id for piece in store.split(A, 0, "a", " b")] == [A, "one-1.0004"]
    store.close()


@pytest.mark.parametrize(
    ("start", "end"), [(3, 2), (3, 3), (11, 12), (float("nan"), 3), (2, float("nan"))]
)
def test_borders_that_make_no_sense(tmp_path: Path, start: float, end: float) -> None:
    store = filled(tmp_path)
    with pytest.raises(PieceError, match="ends after it starts"):
        store.move(B, 0, start, end)
    store.close()


def test_borders_stay_between_those_of_the_neighbors(tmp_path: Path) -> None:
    store = filled(tmp_path)
    moved = store.move(B, 0, -5, 99)
    assert (moved.start, moved.end) == (2, 4)
    store.move(B, 1, 2.5, 3.5)
    moved = store.move(C, 0, 0, 99)
    assert (moved.start, moved.end) == (3.5, 10.0)
    assert store.move(A, 0, -1, 9).end == 2.5
    store.close()


def test_a_new_piece_where_nothing_was_heard(tmp_path: Path) -> None:
    store = filled(tmp_path)
    store.move(B, 0, 2, 3)
    made = store.insert("one-1", 3.25)
    assert (made.id, made.start, made.end, made.text) == ("one-1.0004", 3.25, 4, "")
    assert store.insert("one-1", 6.0).end == 10.0
    for at in (0.0, 2.5, 3.3, 6.0, 10.0, -1.0, float("nan")):
        with pytest.raises(PieceError, match="begins where no line is"):
            store.insert("one-1", at)
    store.close()


def test_no_new_piece_where_the_recognizer_is_yet_to_come(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.add_recording(ONE)
    with pytest.raises(PieceError, match="that is recognized"):
        store.insert("one-1", 5.0)
    store.fail("one-1", "no model")
    written = store.write(store.insert("one-1", 5.0).id, 0, "by hand")
    assert [(w.text, w.start, w.end) for w in written.words] == [
        ("by", 5.0, 6.667),
        ("hand", 6.667, 10.0),
    ]
    store.close()


def test_merge_only_with_the_next(tmp_path: Path) -> None:
    store = filled(tmp_path)
    for one, other in ((A, C), (B, A), (A, A)):
        with pytest.raises(PieceError, match="only a piece and the one that follows"):
            store.merge(one, 0, other, 0)
    store.close()


def test_texts_that_are_none(tmp_path: Path) -> None:
    store = filled(tmp_path)
    assert store.write(A, 0, "a\nb\tc\0\u2028d\x1b\uffff").text == "a b c d"
    with pytest.raises(PieceError, match="lone surrogate"):
        store.write(A, 1, "\ud800")
    with pytest.raises(PieceError, match="at most 10,000 characters"):
        store.write(A, 1, "x" * (LONGEST_TEXT + 1))
    with pytest.raises(Unknown):
        store.write("one-1.0009", 0, "x")
    store.close()


def test_a_removed_recording_is_gone(tmp_path: Path) -> None:
    store = filled(tmp_path)
    store.remove("one-1")
    assert store.present() == [] and store.queue(9) == [] and store.by_recording() == {}
    with pytest.raises(Unknown):
        store.audio("one-1")
    with pytest.raises(Unknown):
        store.add_heard("one-1", [], 10.0)
    store.close()


def test_a_full_disk_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = filled(tmp_path)
    before = seen(store)

    def full(event: object) -> None:
        raise DataError("no space left")

    monkeypatch.setattr(store._journal, "add", full)
    with pytest.raises(DataError, match="no space"):
        store.write(A, 0, "x")
    with pytest.raises(DataError, match="no space"):
        store.split(A, 0, "a", " b")
    assert seen(store) == before
    store.close()


def test_threads_that_write_at_once(tmp_path: Path) -> None:
    """Each change is accepted once, on top of the one before it; late texts are beside it."""
    store = filled(tmp_path)
    late = []

    def work(who: str) -> None:
        for number in range(20):
            try:
                store.write(A, number, f"{who} {number}", who)
            except Conflict as conflict:
                late.append(conflict.piece.others[who])

    threads = [threading.Thread(target=work, args=(who,)) for who in "xyz"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.pieces[A].rev + len(late) == 60
    before = seen(store)
    store.close()
    again = Store(tmp_path)
    assert seen(again) == before
    again.close()


def test_the_folder_remembers_its_language(tmp_path: Path) -> None:
    Store(tmp_path, "qxx").close()
    again = Store(tmp_path)
    assert again.lang == "qxx"
    again.close()
    with pytest.raises(DataError, match=r"holds speech of 'qxx', not 'it'; give another --data"):
        Store(tmp_path, "it")
    Store(tmp_path, "qxx").close()  # the refused one has let it go
    store = Store(tmp_path / "new")
    assert store.lang == "und"
    store.close()


@pytest.mark.parametrize(
    "event",
    [
        {"do": "fly"},
        {"do": "text", "id": "x.1", "text": ""},
        {"do": "put", "pieces": [{"id": "x"}]},
        {"text": "x"},
        {"do": "begin", "format": "asrkit corrections 2", "lang": "it"},
    ],
)
def test_a_journal_of_another_version_is_named(tmp_path: Path, event: dict[str, object]) -> None:
    (tmp_path / NAME).write_text(json.dumps(event) + "\n")
    with pytest.raises(DataError, match=rf"{NAME}:1: cannot be followed"):
        Store(tmp_path)


def test_transcript_of_a_recording(tmp_path: Path) -> None:
    store = filled(tmp_path)
    store.write(B, 0, " ")
    store.rename("one-1", "uno.wav", "anna")
    found = store.transcript("one-1")
    assert [segment.text for segment in found.segments] == ["a b", "e f"]
    assert (found.duration, found.language) == (10.0, "it")
    assert found.audio == str(tmp_path / "originals" / "one-1.wav")
    assert {segment.speaker for segment in found.segments} == {"anna"}
    store.close()


def test_closed_is_closed(tmp_path: Path) -> None:
    store = filled(tmp_path)
    store.close()
    with pytest.raises(DataError, match="is closed"):
        store.write(A, 0, "x")
