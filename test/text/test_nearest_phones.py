"""The phone that is nearest to one that an inventory does not have."""

from __future__ import annotations

import pytest

from asrkit.text.nearest_phones import Nearest

ROMANCE = "a e i o u ɛ ɔ p b t d k ɡ f v s z ʃ m n ɲ l ʎ r j w tʃ dʒ".split()


@pytest.mark.parametrize(
    ("phone", "nearest"),
    [
        ("aː", "a"),
        ("y", "i"),
        ("ɪ", "i"),
        ("θ", "s"),
        ("ç", "ʃ"),
        ("x", "k"),
        ("ɖ", "d"),
        ("t̪ʰ", "t"),
        ("ɾ", "r"),
        ("aɪ", "a i"),
        ("pf", "p f"),
        ("tʃʲ", "tʃ"),
        ("a2", "a"),
    ],
)
def test_fewest_features_differ(phone: str, nearest: str) -> None:
    assert " ".join(Nearest(ROMANCE)(phone)) == nearest


@pytest.mark.parametrize("phone", ["ʘ", "", "Ж", "(en)"])
def test_what_is_no_phone_has_none(phone: str) -> None:
    assert Nearest(ROMANCE)(phone) == ()


def test_no_vowel_stands_for_a_consonant() -> None:
    assert Nearest("aeiou")("k") == ()
    assert Nearest("aeiou")("j") == ("i",)
    assert Nearest([])("k") == ()
