"""A recording and its text to segments, and to what is left out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from segmentation_toy import LETTERS, Model, posteriors, random_words, spelled

from asrkit.files import DataError
from asrkit.segmentation.recording import Aligned, Pair, Rules, align_recording, moved
from asrkit.segmentation.spelling import Speller

LINES = ["The quick brown fox jumps.", "Over the lazy dog it flies!", "And then it runs far away.",
         "Nobody has seen it since then.", "So the story ends here, friends."]  # fmt: skip


def plain(line: str) -> str:
    return "".join(c for c in line.lower() if c.isalpha() or c == " ")


def align(folder: Path, said: list[str], text: list[str], noise: int = 0) -> Aligned:
    words = [word for line in said for word in spelled(plain(line))] + random_words(noise)
    model = Model(posteriors(words, errors=0.05))
    soundfile.write(folder / "talk.wav", model.samples, 16000)
    (folder / "talk.txt").write_text("\n".join(text) + "\n")
    pair = Pair("talk", str(folder / "talk.wav"), folder / "talk.txt", "talk")
    speller = Speller(LETTERS, "char", "en")
    return align_recording(model, speller, pair, Rules(max_seconds=5.0))


def test_all_of_it(tmp_path: Path) -> None:
    found = align(tmp_path, LINES, LINES)
    assert [one.unit for one in found.segments] == list(range(5))
    assert not found.rejected and not found.moved and found.speech_outside < 0.05
    assert found.seconds == soundfile.info(tmp_path / "talk.wav").duration


def test_what_is_not_said_is_rejected_with_its_line(tmp_path: Path) -> None:
    found = align(tmp_path, LINES[:2] + LINES[3:], [*LINES[:3], "", *LINES[3:], "***"])
    assert [one.unit for one in found.segments] == [0, 1, 3, 4]
    assert [(one.unit.line, one.reason) for one in found.rejected] == [
        (3, "not found in the recording"), (7, "holds no word")
    ]  # fmt: skip


def test_order_and_repeats_are_told(tmp_path: Path) -> None:
    order = [0, 2, 3, 4, 1, 2]
    found = align(tmp_path, [LINES[n] for n in order], LINES)
    assert [one.unit for one in found.segments] == order
    (told,) = found.moved
    assert told.startswith("lines 2 to 3 said out of order, at ")
    again = moved(found.units, [found.segments[n] for n in (0, 1, 2, 0)])
    assert len(again) == 1 and again[0].startswith("line 1 said again, at ")


def test_speech_without_text(tmp_path: Path) -> None:
    found = align(tmp_path, LINES, LINES, noise=30)
    assert len(found.segments) == 5 and 0.4 < found.speech_outside < 0.8


def test_another_text(tmp_path: Path) -> None:
    other = ["Completely different words about wonderful gardens."] * 4
    found = align(tmp_path, LINES, other)
    assert not found.segments and len(found.rejected) >= 4


def test_silence(tmp_path: Path) -> None:
    model = Model(posteriors([[]] * 20))
    soundfile.write(tmp_path / "talk.wav", np.zeros_like(model.samples), 16000)
    (tmp_path / "talk.txt").write_text("Hello.\n")
    pair = Pair("talk", str(tmp_path / "talk.wav"), tmp_path / "talk.txt", "talk")
    speller = Speller(LETTERS, "char", "en")
    with pytest.raises(DataError, match=r"talk.wav: the model recognizes no speech \(4.0 s\)"):
        align_recording(model, speller, pair, Rules())
