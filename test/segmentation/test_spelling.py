"""Words of a text in the tokens of a recognizer of another language."""

from __future__ import annotations

import pytest

from asrkit.files import DataError
from asrkit.segmentation.spelling import Mapping, Speller
from asrkit.segmentation.units import Unit
from asrkit.tokens import TokenList

LATIN = TokenList.build(["<space>", *"abcdefghijklmnopqrstuvwxyz"])


def unit(text: str) -> Unit:
    return Unit(1, text, text.split(), text.split())


def spell(speller: Speller, text: str) -> list[str]:
    return ["".join(word) for word in speller([unit(text)])[0]]


def test_letters_that_sound_alike() -> None:
    speller = Speller(LATIN, "char", "ru")
    assert spell(speller, "привет щука") == ["privet", "shchuka"]
    assert speller.mapping.counts["щ"] == 1 and speller.mapping.unknown == 0
    assert speller.mapping.replaced["щ"] == ("s", "h", "c", "h")
    assert "щ as s h c h (1)" in speller.mapping.shown()


def test_a_model_of_other_letters() -> None:
    speller = Speller(TokenList.build("абвгдежзийклмнопрстуфхцчшщ"), "char", "it")
    assert spell(speller, "notte zuppa") == ["нотте", "зуппа"]


def test_what_the_model_has_nothing_for_is_refused() -> None:
    speller = Speller(LATIN, "char", "zh")
    assert speller([unit("中文 ab")]) == [[[], ["a", "b"]]]
    assert speller.mapping.unknown == 0.5
    speller.mapping.check(0.5, "talk.txt")
    with pytest.raises(DataError, match=r"talk.txt: the model has nothing for 50 % .*\(中 文\)"):
        speller.mapping.check(0.1, "talk.txt")


def test_languages_in_tokens_do_not_count() -> None:
    speller = Speller(TokenList.build(["(it)a", "(es)a", "(es)b"]), "char", "it")
    assert spell(speller, "ab") == ["ab"] and not speller.mapping.counts


def test_phones_of_sentences_and_of_words() -> None:
    speller = Speller(TokenList.build("ɪ z ð æ t ə v k".split()), "phn", "en")
    whole, alone = speller([unit("is that"), unit("of the cat")])
    assert whole == [["ɪ", "z"], ["ð", "æ", "t"]]
    assert [len(word) > 0 for word in alone] == [True, True, True]  # espeak joins "of the"


def test_a_unit_with_a_fault_has_no_tokens() -> None:
    bad = Unit(1, "[sic transit] that", [], [], "markup")
    speller = Speller(TokenList.build("ɪ z ð æ t".split()), "phn", "en")
    assert speller([bad, unit("is")]) == [[], [["ɪ", "z"]]]


def test_what_a_voice_cannot_read_counts() -> None:
    speller = Speller(TokenList.build("abdeiklmnoprstu"), "phn", "it")
    speller([unit("中文 casa")])
    with pytest.raises(DataError, match="中"):
        speller.mapping.check(0.1, "talk.txt")


@pytest.mark.parametrize(("kind", "message"), [("bpe30", "--bpe_model"), ("word", "'word'")])
def test_tokens_that_cannot_be_made(kind: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        Speller(LATIN, kind, "it")


def test_nothing_is_not_unknown() -> None:
    assert Mapping().unknown == 0
