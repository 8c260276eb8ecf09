"""Letters of any alphabet in plain Latin ones."""

from __future__ import annotations

import unicodedata

import pytest

from asrkit.text.romanize import romanize


@pytest.mark.parametrize(
    ("word", "roman"),
    [
        ("žluťoučký", "zlutoucky"),
        ("größe", "grosse"),
        ("привет", "privet"),
        ("ёлка", "elka"),
        ("γειά", "geia"),
        ("नमस्ते", "namaste"),
        ("안녕", "annyeong"),
        ("こんにちは", "konnitiha"),
        ("გამარჯობა", "gamarjoba"),
        ("مرحبا", "mrhba"),
        ("שלום", "shlvm"),
        ("don't", "dont"),
    ],
)
def test_sounds_that_are_alike_come_out_alike(word: str, roman: str) -> None:
    for form in ("NFC", "NFD"):
        found = romanize(unicodedata.normalize(form, word))
        assert "".join(part or "?" if part is None else part for _, part in found) == roman


def test_what_has_no_reading() -> None:
    assert romanize("中a") == [("中", None), ("a", "a")]
