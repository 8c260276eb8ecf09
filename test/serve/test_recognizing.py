"""Recordings are recognized window by window, and after a restart from where it was."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest
from scripted import Scripted

from asrkit.audio.reading import write_flac
from asrkit.files import DataError
from asrkit.serve import recognizing
from asrkit.serve.recognizing import Decoder, Hearing, parts
from asrkit.serve.recordings import Recording
from asrkit.serve.store import Store
from asrkit.transcript import Segment, Word

TONE = (0.2 * np.sin(np.arange(16_000 * 9) / 10)).astype(np.float32)


def wait(done: Callable[[], object]) -> None:
    until = time.monotonic() + 10
    while not done():
        assert time.monotonic() < until
        time.sleep(0.01)


def store_of(folder: Path, samples: np.ndarray = TONE) -> Store:
    store = Store(folder, "it")
    (folder / "audio").mkdir()
    with open(store.folder / "audio" / "one.flac", "wb") as stream:
        write_flac(stream, samples)
    store.add_recording(Recording("one", "one.wav", "one.wav", "", len(samples) / 16_000))
    return store


def test_passages_have_the_times_of_the_whole() -> None:
    recognizer = Scripted("a b c")
    hearing = Hearing(recognizer, "it", 4.0)
    found = list(hearing.passages(TONE))
    assert [until for until, _ in found] == [4.0, 8.0, 9.0]
    assert sum(samples for samples, _ in recognizer.asked) == len(TONE)
    assert {lang for _, lang in recognizer.asked} == {"it"}
    transcript = hearing.transcript(TONE, "x")
    assert transcript.segments == tuple(segment for _, part in found for segment in part)
    assert transcript.duration == 9.0 and transcript.model == "scripted"
    (until, segments), *_ = hearing.passages(TONE, 4.0)
    assert until == 8.0 and [word.start for word in segments[0].words] == [4.1, 5.1, 6.1, 7.1]


def test_who_asks_in_between_waits_for_a_window_alone() -> None:
    hearing = Hearing(Scripted("a b c"), "it", 4.0)
    first = hearing.passages(TONE)
    next(first)
    assert len(hearing.transcript(TONE, "x").segments) == 3
    assert [until for until, _ in first] == [8.0, 9.0]


def test_pieces_take_the_pauses_around_their_words() -> None:
    segments = [
        Segment.of([Word("a", 1.0, 1.5), Word("b", 1.6, 2.0)]),
        Segment.of([Word("c", 2.1, 3.0)]),
    ]
    found = [(start, end) for start, end, _ in parts(segments, 0.0, 5.0)]
    assert found == [(0.85, 2.05), (2.05, 3.15)]
    assert parts([], 0.0, 5.0) == []


def test_silence_is_no_piece(tmp_path: Path) -> None:
    store = store_of(tmp_path, np.zeros(48_000, np.float32))
    decoder = Decoder(Hearing(Scripted("a"), None), store)
    wait(lambda: store.recording("one").heard == 3.0)
    assert store.pieces == {} and not store.recording("one").waiting
    decoder.close()
    store.close()


def test_a_killed_server_goes_on_at_the_window(tmp_path: Path) -> None:
    store = store_of(tmp_path)
    (until, segments), *_ = Hearing(Scripted("a b c"), None, 4.0).passages(TONE)
    store.add_heard("one", parts(segments, 0.0, until), until)
    store.close()
    store = Store(tmp_path)
    recognizer = Scripted("a b c")
    decoder = Decoder(Hearing(recognizer, None, 4.0), store)
    wait(lambda: not store.recording("one").waiting)
    assert sum(samples for samples, _ in recognizer.asked) == 5 * 16_000
    starts = [piece.start for piece in store.pieces_of("one")]
    assert len(starts) == len(set(starts)) == 3
    decoder.close()
    store.close()


def test_a_recording_of_no_whole_milliseconds_ends(tmp_path: Path) -> None:
    samples = TONE[: 2 * 16_000 + 7]  # 2.0004375 s, which recognizers round to 2.0
    store = store_of(tmp_path, samples)
    decoder = Decoder(Hearing(Scripted("a b c"), None), store)
    wait(lambda: store.recording("one").heard)
    decoder.close()
    assert store.recording("one").heard == len(samples) / 16_000
    assert not store.recording("one").waiting and len(store.pieces) == 1
    store.close()


def test_what_is_left_of_a_frame_ends_too(tmp_path: Path) -> None:
    """A journal that was written while such recordings never ended."""
    store = store_of(tmp_path, TONE[: 2 * 16_000 + 7])
    one = store.recording("one")
    store.add_recording(dataclasses.replace(one, heard=2.0))
    decoder = Decoder(Hearing(Scripted("a b c"), None), store)
    wait(lambda: not store.recording("one").waiting)
    decoder.close()
    assert not store.recording("one").failed
    store.close()


def test_a_fault_of_one_recording_is_none_of_the_next(tmp_path: Path) -> None:
    class Refuses(Scripted):
        def passages(self, *args: object, **options: object) -> NoReturn:
            raise RuntimeError("out of luck")

    store = store_of(tmp_path)
    store.add_recording(Recording("gone", "gone.wav", "gone.wav", "", 1.0))
    decoder = Decoder(Hearing(Refuses("a"), None), store)
    wait(lambda: store.recording("gone").failed and store.recording("one").failed)
    assert store.recording("one").failed == "RuntimeError: out of luck"
    assert "gone.flac" in store.recording("gone").failed
    decoder.close()
    store.close()


def test_a_full_disk_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recognizing, "AGAIN", 0.02)
    store = store_of(tmp_path)
    tried = []
    whole = store.add_heard

    def full(*args: object) -> None:
        tried.append(args)
        if len(tried) < 3:
            raise DataError("no space left")
        whole(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(store, "add_heard", full)
    decoder = Decoder(Hearing(Scripted("a b c"), None), store)
    wait(lambda: not store.recording("one").waiting)
    assert len(tried) == 3 and len(store.pieces) == 1 and not store.recording("one").failed
    decoder.close()
    store.close()
