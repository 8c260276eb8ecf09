"""The vote of systems, against networks worked out by hand."""

from __future__ import annotations

import pytest

from asrkit.decode.rover import Vote, Voted, rover


def said(text: str, confidence: float = 0.5) -> list[Voted]:
    return [Voted(word, confidence) for word in text.split()]


def words(found: list[Voted]) -> str:
    return " ".join(one.word for one in found)


COUNT = Vote(alpha=1.0)


def test_two_of_three_decide_word_by_word():
    """Places: the | cat cat hat | sat - sat | on on - | mats mat mat."""
    systems = [said("the cat sat on mats"), said("the cat on mat"), said("the hat sat mat")]
    found = rover(systems, COUNT)
    assert words(found) == "the cat sat on mat"
    assert [one.confidence for one in found] == pytest.approx([1, 2 / 3, 2 / 3, 2 / 3, 2 / 3])


def test_a_word_of_one_system_alone_is_left_out():
    systems = [said("a b"), said("a x b"), said("a b")]
    assert words(rover(systems, COUNT)) == "a b"
    assert words(rover([said("a b"), said("")], COUNT)) == "a b"  # a tie goes to the first
    assert words(rover([said(""), said("a b")], COUNT)) == ""


def test_confidence_outvotes_two_unsure_systems():
    """alpha 0.5: x has 0.5 * 1/3 + 0.5 * 0.95 = 0.642, y 0.5 * 2/3 + 0.5 * 0.2 = 0.433."""
    systems = [said("y", 0.2), said("x", 0.95), said("y", 0.1)]
    (found,) = rover(systems, Vote(alpha=0.5))
    assert found.word == "x" and found.confidence == pytest.approx(0.5 / 3 + 0.5 * 0.95)
    assert words(rover(systems, COUNT)) == "y"


def test_null_is_the_confidence_of_silence():
    """One of two says a, with 0.6: 0.3 + 0.25 against 0.5 * null + 0.25."""
    systems = [said("a", 0.6), said("")]
    assert words(rover(systems, Vote(0.5, 0.7))) == ""
    assert words(rover(systems, Vote(0.5, 0.5))) == "a"


def test_one_system_and_none():
    assert words(rover([said("a b", 1.0)], Vote())) == "a b"
    assert rover([], Vote()) == rover([[], []], Vote()) == []
    with pytest.raises(ValueError, match=r"between 0 and 1, not 1\.5"):
        Vote(1.5)


def test_later_systems_are_aligned_with_all_that_was_said():
    """x of the third is in the place where the second has it, not in a new one."""
    systems = [said("a b c"), said("a x c"), said("x c")]
    assert words(rover(systems, COUNT)) == "a x c"
