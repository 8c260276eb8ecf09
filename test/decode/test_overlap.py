"""Spellings that are the same, and what is said of those that are not."""

import pytest

from asrkit.decode.overlap import OverlapError, losses, respell
from asrkit.tokens import TokenList

MARK = "\u0308"  # the dots of a decomposed letter


@pytest.mark.parametrize(
    ("tokens", "spelling", "found"),
    [
        (["ä", "b"], ["b", "ä"], ("b", "ä")),
        (["ä", "b"], ["b", f"a{MARK}"], ("b", "ä")),
        (["ä", "b"], ["b", "a", MARK], ("b", "ä")),
        ([f"a{MARK}", "b"], ["b", "ä"], ("b", f"a{MARK}")),
        (["a", MARK, "b"], ["b", "ä"], ("b", "a", MARK)),
        (["a", MARK, "ä"], ["a", MARK], ("a", MARK)),  # as it stands, where that can be
        (["a", "b"], ["b", "ä"], None),
        (["ä", "b"], [MARK, "b"], None),
        (["a"], [], ()),
    ],
)
def test_pronunciations_in_the_form_of_the_tokens(tokens, spelling, found):
    assert respell(spelling, TokenList.build(tokens)) == found


def test_what_is_said():
    assert losses(0, 3, "words", "x", "y") == []
    assert losses(2, 3, "words are lost", "a b", "why?") == ["2 of 3 words are lost: a b"]
    with pytest.raises(OverlapError, match=r"3 of 3 words are lost: a b c; why"):
        losses(3, 3, "words are lost", "a b c", "why?")
