"""Utterances of like length go together, within a bound, and come back in order."""

from __future__ import annotations

import random

import torch

from asrkit.decode.grouping import InOrder, like_lengths, rounded, windows


def test_each_is_in_one_group_and_no_group_is_too_large() -> None:
    draw = random.Random(0)
    lengths = [draw.randrange(16_000, 320_000) for _ in range(500)]
    groups = like_lengths(lengths, 2_000_000, 16)
    assert sorted(number for group in groups for number in group) == list(range(500))
    sizes = [rounded(max(lengths[n] for n in group), 16) * len(group) for group in groups]
    assert max(sizes) <= 2_000_000
    assert sum(sizes) < 1.08 * sum(lengths)  # so much is padding


def test_rows_follow_from_the_length_and_shapes_repeat() -> None:
    draw = random.Random(0)
    shapes = set()
    for _ in range(20):
        lengths = [draw.randrange(16_000, 320_000) for _ in range(300)]
        for group in like_lengths(lengths, 1_000_000, 8)[:-1]:
            longest = rounded(lengths[group[0]], 8)
            shapes.add((len(group), longest))
            assert len(group) == 1_000_000 // longest
    assert len(shapes) <= 35  # of 1 to 20 s: 8 an octave


def test_steps_of_an_octave() -> None:
    assert [rounded(n, 4) for n in (0, 1, 3, 8, 9, 11, 15, 16, 17, 100)] == [
        0, 1, 3, 8, 10, 12, 16, 16, 20, 112
    ]  # fmt: skip
    assert rounded(12_345, 0) == 12_345


def test_what_is_longer_than_a_group_and_what_has_no_samples() -> None:
    assert like_lengths([0, 90, 0, 10], 50) == [[1], [3, 0, 2]]
    assert like_lengths([0, 0], 50) == [[0, 1]]
    assert like_lengths([], 50) == []


def test_windows_begin_small() -> None:
    waves = [torch.zeros(10)] * 20
    assert [len(window) for window in windows(iter(waves), 10, 40)] == [1, 2, 4, 4, 4, 4, 1]
    assert list(windows([], 10, 40)) == []


def test_results_come_as_soon_as_those_before() -> None:
    found, rows = InOrder(3), [torch.tensor(number) for number in range(3)]
    found.put(1, rows[1])
    assert list(found.ready()) == []
    found.put(0, rows[0])
    assert list(found.ready()) == rows[:2]
    found.put(2, rows[2])
    assert list(found.ready()) == rows[2:]
