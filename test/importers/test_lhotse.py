"""lhotse's manifests, as its recipes write them."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from asrkit.files import DataError
from asrkit.importers import lhotse


def recording(name: str, path: str, **more: Any) -> dict[str, Any]:
    source = {"type": "file", "channels": [0], "source": path}
    return {
        "id": name, "sources": [source], "sampling_rate": 16000, "num_samples": 64000,
        "duration": 4.0, "channel_ids": [0], **more,
    }  # fmt: skip


def supervision(name: str, of: str, start: float, duration: float, text: str) -> dict[str, Any]:
    return {
        "id": name, "recording_id": of, "start": start, "duration": duration, "channel": 0,
        "text": text, "language": "Quechua", "speaker": f"spk-{of}",
    }  # fmt: skip


def write(path: Path, *rows: dict[str, Any]) -> None:
    with gzip.open(path, "wt", encoding="utf-8") as stream:
        stream.writelines(json.dumps(row) + "\n" for row in rows)


def spans(folder: Path) -> list[tuple[str, float, float, str, str]]:
    found = lhotse.read(lhotse.manifests_in(folder), None)
    return [(p.audio.name, p.start, p.end, p.text, p.speaker) for p in found.pieces]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.wav", "b.wav"):
        (tmp_path / name).write_bytes(b"x")
    return tmp_path


def test_recordings_with_supervisions(folder: Path) -> None:
    write(
        folder / "x_recordings_train.jsonl.gz",
        recording("a", str(folder / "a.wav")),
        recording("b", "b.wav"),
        recording("c", "c.wav"),
    )
    write(
        folder / "x_supervisions_train.jsonl.gz",
        supervision("1", "a", 0, 4, "uno"),
        supervision("2", "b", 0.5, 1.5, "due"),
        supervision("3", "c", 0, 4, "tre"),
        supervision("4", "d", 0, 4, "quattro"),
    )
    assert spans(folder) == [
        ("a.wav", 0, float("inf"), "uno", "spk-a"), ("b.wav", 0.5, 2, "due", "spk-b"),
    ]  # fmt: skip
    left = lhotse.read(lhotse.manifests_in(folder), None).left
    assert [one.why for one in left] == ["no such audio file", "is of no recording that is named"]


def test_cuts_count_from_their_start(folder: Path) -> None:
    cut = {
        "id": "x", "start": 1.0, "duration": 3.0, "channel": 0, "type": "MonoCut",
        "supervisions": [supervision("1", "a", 0.25, 1, "uno")],
        "recording": recording("a", "a.wav"),
    }  # fmt: skip
    write(folder / "cuts.jsonl.gz", cut, {**cut, "type": "MixedCut"})
    assert spans(folder) == [("a.wav", 1.25, 2.25, "uno", "spk-a")]


def test_audio_that_is_not_simply_a_file(folder: Path) -> None:
    stereo = recording("a", "a.wav")
    stereo["sources"][0]["channels"] = [0, 1]
    write(folder / "recordings.jsonl.gz", stereo, recording("b", "b.wav", transforms=[{}]))
    write(
        folder / "supervisions.jsonl.gz",
        supervision("1", "a", 0, 4, "x"),
        supervision("2", "b", 0, 4, "y"),
    )
    left = lhotse.read(lhotse.manifests_in(folder), None).left
    assert [one.why for one in left] == [
        "is of a recording that is not one file of one channel",
        "is of a recording that lhotse changes as it reads",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}\nx\n", ":2: is no line of a manifest|:1: is not a row"),
        ("[1]\n", ":1: is no line of a manifest"),
        ('{"id": "x"}\n', ":1: is not a row of lhotse's cuts"),
        ("", "holds no supervision"),
    ],
)
def test_broken_manifests(folder: Path, text: str, message: str) -> None:
    (folder / "cuts.jsonl").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        spans(folder)


def test_one_cut_short(folder: Path) -> None:
    write(folder / "cuts.jsonl.gz", {"id": "x"})
    data = (folder / "cuts.jsonl.gz").read_bytes()
    (folder / "cuts.jsonl.gz").write_bytes(data[:-9])
    with pytest.raises(DataError, match=r"cannot be read|is not a row"):
        spans(folder)
