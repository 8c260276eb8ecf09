"""What espeak is given for words."""

import pytest

from asrkit.text.phonemize import Phonemizer
from asrkit.text.spoken import spoken


@pytest.mark.parametrize(
    ("language", "text", "said"),
    [
        ("ne", "25 वर्ष २५", "२५ वर्ष २५"),
        ("ur", "۲۵", "25"),
        ("shn", "၂၅", "25"),
        ("hi", "२५ ॲप", "25 ऍप"),
        ("de", "20-30", "20 30"),
        ("fr", "on y va allez-y", "on y va allez-i"),
        ("fr-CA", "je veux y", "je veux i"),
        ("fr", "y", "y"),
        ("es", "voy y", "voy y"),
    ],
)
def test_spoken(language: str, text: str, said: str) -> None:
    assert spoken(text, language) == said


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [("hi", "ॲप", "ऍप"), ("mr", "ॲक्शन", "ऍक्शन"), ("ne", "2020", "२०२०"), ("sd", "۲۵", "25")],
)
def test_what_voices_pass_over_or_read_in_english(language: str, one: str, other: str) -> None:
    phonemizer = Phonemizer(language)
    first, second = phonemizer([one, other])
    assert first.tokens() == second.tokens() and len(first.tokens()) > 1
    assert not first.switches and not first.unread


@pytest.mark.parametrize(
    ("language", "text", "unread"),
    [
        ("cv", "25 ҫул", ["2", "5"]),  # reads no digits
        ("lb", "25 Joer", ["2"]),  # reads the last
        ("lb", "20 Joer", []),
        ("en", "100, 20 and 2022", []),
        ("it", "il 1° maggio 1900", []),
    ],
)
def test_digits_that_a_voice_passes_over_are_unread(
    language: str, text: str, unread: list[str]
) -> None:
    assert Phonemizer(language)([text])[0].unread == unread
