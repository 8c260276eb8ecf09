"""Patterns in names: what they fit, and what is said where they fit nothing."""

from __future__ import annotations

import pytest

from asrkit.patterns import fitting

NAMES = [f"encoder.layers.{n}.attention.{m}" for n in range(12) for m in ("qkv", "out")] + ["head"]


def test_a_pattern_is_searched_in_names():
    assert fitting(r"layers\.(3|11)\..*qkv", NAMES, "x", "it") == [
        "encoder.layers.3.attention.qkv",
        "encoder.layers.11.attention.qkv",
    ]


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        ("hed", "did you mean 'head'?"),
        (r"\.attention\.qvk$", "did you mean 'attention.qkv'"),
        (r"layers\.\d+\.attentoin", "did you mean 'layers.N.attention'"),
        ("zzz", "there are encoder.layers.N.attention.qkv, encoder.layers.N.attention.out, head"),
        ("(", "not a regular expression"),
        (3, "not a regular expression"),
    ],
)
def test_what_fits_nothing_is_told_with_the_nearest_names(pattern, told):
    with pytest.raises(ValueError, match=r"^here: ") as caught:
        fitting(pattern, NAMES, "here", "a part")
    assert told in str(caught.value)


def test_names_are_few_in_the_message():
    with pytest.raises(ValueError) as caught:
        fitting("zzz", [f"{letter}x.{letter}" for letter in "abcdefghijklmnop"], "here", "a part")
    assert str(caught.value).endswith("jx.j and 6 more")
    with pytest.raises(ValueError, match="there are none"):
        fitting("a", [], "here", "a part")
