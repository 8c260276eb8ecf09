"""Segments from a path: borders, scores, cuts."""

from __future__ import annotations

import itertools
import math

import pytest
from segmentation_toy import frames, in_scores, posteriors, spelled

from asrkit.segmentation.chain import PathFrames
from asrkit.segmentation.found import PAD, Found, Reader
from asrkit.segmentation.frames import FEE
from asrkit.segmentation.search import find_path

TEXT = ["the quick brown fox", "jumps over lazy dogs", "and runs away again"]


def read(said: str, text: list[str] = TEXT, longest: float = math.inf) -> list[Found]:
    found = frames(posteriors(spelled(said), pause=20))
    reader = Reader([in_scores(spelled(unit)) for unit in text])
    path = PathFrames.of(found.scores, found.garbage)
    return reader.read(found, path, find_path(reader.chain, path), longest=longest)


def test_what_is_said_as_it_is_written() -> None:
    found = read(" ".join(TEXT))
    assert [(one.unit, one.first, one.last, len(one.words)) for one in found] == [
        (unit, 0, 3, 4) for unit in range(3)
    ]
    assert all(one.score == pytest.approx(1, abs=1e-3) for one in found)
    fox = found[0].words[3]  # 13 letters of 4 frames and three pauses of 20 before
    assert fox.begin == pytest.approx(0.02 * (13 * 4 + 60 + 1))
    assert fox.end == pytest.approx(fox.begin + 0.02 * (2 * 4 + 1))
    assert found[0].end == pytest.approx(fox.end + PAD)
    assert found[1].begin > found[0].end


def test_a_word_that_is_not_said_and_one_that_is_not_written_count_alike() -> None:
    missing, extra = (
        read(" ".join(TEXT).replace("over ", "")),
        read(" ".join(TEXT).replace("over", "over zzyy")),
    )
    letters = len(TEXT[1].replace(" ", ""))
    expected = math.exp(-FEE * 4 / letters)
    assert missing[1].score == pytest.approx(expected, rel=0.02)
    assert [word.number for word in missing[1].words] == [0, 2, 3]
    assert extra[1].score == pytest.approx(expected, rel=0.02)
    assert missing[0].score == pytest.approx(1, abs=1e-3)


def test_long_units_are_cut_at_pauses() -> None:
    whole = read(" ".join(TEXT), [" ".join(TEXT)])
    assert len(whole) == 1
    parts = read(" ".join(TEXT), [" ".join(TEXT)], longest=3)
    assert all(part.end - part.begin <= 3 for part in parts) and len(parts) > 2
    assert [n for part in parts for n in range(part.first, part.last + 1)] == list(range(12))
    assert all(one.end <= other.begin for one, other in itertools.pairwise(parts))


def test_words_without_tokens_are_passed_over() -> None:
    reader = Reader([[[1], [], [2]], []])
    assert reader.chain.words == 2 and reader.sizes == [[1, 0, 1], []]
