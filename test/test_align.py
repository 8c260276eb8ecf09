"""Alignments and distances against a textbook table."""

import random
from collections.abc import Sequence

import pytest
import torch

from asrkit.align import Alignment, align, edit_distance


def _distance(ref: Sequence[object], hyp: Sequence[object]) -> int:
    """Edit distance by the textbook's table, to check the library against."""
    row = list(range(len(hyp) + 1))
    for i, left in enumerate(ref, 1):
        last, row[0] = row[0], i
        for j, right in enumerate(hyp, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (left != right))
    return row[-1]


def _counts(alignment: Alignment) -> tuple[int, int, int, int]:
    a = alignment
    return a.correct, a.substitutions, a.deletions, a.insertions


@pytest.mark.parametrize(
    ("ref", "hyp", "counts"),
    [
        ("a b c", "a b c", (3, 0, 0, 0)),
        ("a b c", "a x c", (2, 1, 0, 0)),
        ("a b c", "a c", (2, 0, 1, 0)),
        ("a c", "a b c", (2, 0, 0, 1)),
        ("", "a b", (0, 0, 0, 2)),
        ("a b", "", (0, 0, 2, 0)),
        ("", "", (0, 0, 0, 0)),
        ("a b c d", "b c d e", (3, 0, 1, 1)),
    ],
)
def test_counts(ref: str, hyp: str, counts: tuple[int, int, int, int]) -> None:
    assert _counts(align(ref.split(), hyp.split())) == counts


def test_random_alignments_are_shortest_and_complete() -> None:
    draw = random.Random(0)
    for _ in range(200):
        ref = draw.choices("abcd", k=draw.randrange(9))
        hyp = draw.choices("abcd", k=draw.randrange(9))
        found = align(ref, hyp)
        assert [left for left, _ in found.pairs if left is not None] == ref
        assert [right for _, right in found.pairs if right is not None] == hyp
        assert sum(_counts(found)[1:]) == _distance(ref, hyp)
        assert found == align(ref, hyp)


@pytest.mark.parametrize(
    ("one", "two", "distance"),
    [
        ([], [], 0),
        ([1], [], 1),
        ([], [1, 2], 2),
        ([1, 2, 3], [1, 2, 3], 0),
        ([1, 2, 3], [1, 3], 1),
        ([1, 2, 3], [4, 1, 2, 2, 3], 2),
        ([1, 2, 3, 4], [4, 3, 2, 1], 4),
    ],
)
def test_edit_distance(one: list[int], two: list[int], distance: int) -> None:
    assert edit_distance(one, two) == distance == edit_distance(two, one)


def test_random_edit_distances() -> None:
    generator = torch.Generator().manual_seed(0)
    for _ in range(40):
        a, b = (torch.randint(0, 3, (6,), generator=generator).tolist() for _ in range(2))
        assert edit_distance(a, b) == _distance(a, b)
