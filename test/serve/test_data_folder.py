"""Corrected pieces as a folder that the recipes train on."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from asrkit.audio.reading import write_flac
from asrkit.bin import format_audio
from asrkit.files import DataError
from asrkit.kaldi.datadir import DataDir
from asrkit.kaldi.validate import validate
from asrkit.serve import data_folder
from asrkit.serve.data_folder import TABLES, Saver, save
from asrkit.serve.recordings import Recording
from asrkit.serve.store import Store
from asrkit.transcript import Word


def filled(folder: Path) -> Store:
    """Two recordings of 4 s, two pieces each; nothing is done."""
    store = Store(folder, "it")
    (folder / "audio").mkdir()
    for name, speaker in (("öne-1", ""), ("two-2", "anna")):
        noise = np.random.default_rng(0).normal(0, 0.1, 64_000).astype(np.float32)
        with open(folder / "audio" / f"{name}.flac", "wb") as stream:
            write_flac(stream, noise)
        store.add_recording(Recording(name, f"{name}.wav", f"{name}.wav", speaker, 4.0))
        parts = [(0, 2, [Word("a", 0.5, 1.5)]), (2, 4, [Word("b", 2.5, 3.5)])]
        store.add_heard(name, parts, 4.0)
    return store


def test_done_pieces_make_a_valid_folder_that_stage_3_formats(tmp_path: Path) -> None:
    folder = tmp_path / "data with blank"
    store = filled(folder)
    store.write("öne-1.0001", 0, " àa  bb ")
    store.mark("öne-1.0001", 1, True)
    store.mark("two-2.0002", 0, True)
    saved = save(store)
    assert (saved.utterances, saved.seconds, saved.problem) == (2, 4.0, "")
    report = validate(folder)
    assert report.problems == [] and report.utterances == 2
    tables = DataDir.read(folder).tables
    assert tables["text"] == {"anna-two-2-0002": "b", "öne-1-0001": "àa bb"}
    assert tables["utt2spk"] == {"anna-two-2-0002": "anna", "öne-1-0001": "öne-1"}
    assert tables["segments"]["anna-two-2-0002"] == "two-2 2.000 4.000"
    assert set(tables["utt2lang"].values()) == {"it"}
    store.close()
    out = tmp_path / "dump"
    assert format_audio.main(["--in_dir", str(folder), "--out_dir", str(out)]) == 0
    assert DataDir.read(out).tables["utt2num_samples"] == dict.fromkeys(tables["text"], "32000")


def test_what_is_not_done_or_says_nothing_is_left_out(tmp_path: Path) -> None:
    store = filled(tmp_path)
    store.write("two-2.0001", 0, " ")
    store.mark("two-2.0001", 1, True)
    assert save(store).utterances == 0
    assert not any((tmp_path / name).exists() for name in TABLES)
    store.mark("two-2.0002", 0, True)
    assert save(store).utterances == 1
    store.mark("two-2.0002", 1, False)
    assert save(store).utterances == 0
    assert not any((tmp_path / name).exists() for name in TABLES)
    store.close()


def test_saver_follows_and_saves_at_the_end(tmp_path: Path) -> None:
    store = filled(tmp_path)
    store.mark("two-2.0002", 0, True)
    saver = Saver(store)
    assert saver.saved.utterances == 1  # of before
    store.mark("two-2.0001", 0, True)
    until = time.monotonic() + 10
    while saver.saved.utterances < 2:
        assert time.monotonic() < until
        time.sleep(0.02)
    store.mark("öne-1.0001", 0, True)
    saver.close()
    assert len(DataDir.read(tmp_path).tables["text"]) == 3
    store.close()


def test_a_full_disk_is_told_and_made_good(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = filled(tmp_path)
    store.mark("two-2.0002", 0, True)
    whole = data_folder.write_data_dir

    def full(*args: object) -> None:
        raise DataError("no space left")

    monkeypatch.setattr(data_folder, "PAUSE", 0.02)
    monkeypatch.setattr(data_folder, "write_data_dir", full)
    saver = Saver(store)
    assert saver.saved.problem == "no space left"
    monkeypatch.setattr(data_folder, "write_data_dir", whole)
    until = time.monotonic() + 10
    while saver.saved.problem:
        assert time.monotonic() < until
        time.sleep(0.02)
    assert saver.saved.utterances == 1
    saver.close()
    store.close()
