"""Ordinals in digits, as voices read them."""

import pytest

from asrkit.text.ordinals import dutch, ordinals
from asrkit.text.phonemize import Phonemizer


@pytest.mark.parametrize(
    ("language", "text", "said"),
    [
        ("nl", "de 3e keer", "de derde keer"),
        ("nl", "op de 20e", "op de twintigste"),
        ("nl", "de 8ste of 22ste", "de achtste of tweeëntwintigste"),
        ("fr", "la 2e fois, le 21e", "la deuxième fois le vingt et unième"),
        ("fr", "1er, 1re et 2nd", "premier première et second"),
        ("fr", "le 1ᵉʳ et la 3ᵉ", "le premier et la troisième"),
        ("es", "3er día, la 2da y el 4to", "tercer día la segunda y el cuarto"),
        ("es", "el 1.er, la 3.ª", "el primer la 3ª"),
        ("it", "il 1° maggio, la 3a", "il primo maggio la terza"),
        ("pt", "n.º 5, a 2a vez", "nº 5 a segunda vez"),
        ("ca", "la 1a, la 2a i el 4t", "la primera la segona i el quart"),
        ("sv", "den 3:e, den 20:e och 1:sta", "den tredje den tjugonde och första"),
        ("de", "der 3te Mann", "der dritte mann"),
        ("el", "ο 2ος και η 20ή", "ο δεύτερος και η εικοστή"),
        ("en", "the 1st and 21st", "the first and twenty-first"),
        ("hu", "a 3. nap", "a harmadik nap"),
        ("af", "die 3de", "die derde"),
    ],
)
def test_ordinals_are_read(language: str, text: str, said: str) -> None:
    phonemizer = Phonemizer(language)
    digits, words = phonemizer([text, said])
    assert "".join(digits.tokens()) == "".join(words.tokens())
    assert not digits.switches and not digits.unread


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("nl", "3 en 3een 1.3e A3e 3e-jaars 1000e"),
        ("fr", "21re 2D 3en 2e-3"),
        ("it", "45° nord, 20 °C, 1° - 2ab"),
        ("es", "1º 2ª 20 no 3en"),
        ("de", "die 3te. 3. 3tel"),
        ("en", "1st 2nd 3e"),
    ],
)
def test_no_ordinals_or_as_they_are(language: str, text: str) -> None:
    assert list(ordinals(text, language)) == []


def test_where_they_are() -> None:
    assert list(ordinals("Willem 2. is geen 1e 2de 3e.", "nl")) == [
        (18, 20, "eerste"),
        (21, 24, "tweede"),
        (25, 27, "derde"),
    ]


@pytest.mark.parametrize(
    ("number", "word"),
    [
        (1, "eerste"),
        (19, "negentiende"),
        (20, "twintigste"),
        (21, "eenentwintigste"),
        (33, "drieëndertigste"),
        (100, "honderdste"),
        (101, "honderdeerste"),
        (999, "negenhonderdnegenennegentigste"),
    ],
)
def test_dutch(number: int, word: str) -> None:
    assert dutch(number) == word


def test_dutch_ends() -> None:
    with pytest.raises(ValueError, match="999"):
        dutch(1000)
