"""Star labels: the paper's examples, the invariants, and what cannot be labeled."""

import numpy as np
import pytest

from asrkit.tokens import TokenList
from asrkit.transcoder.labels import (
    STAR,
    LabelError,
    encode_labels,
    hypothesis_labels,
    word_labels,
    words_of,
)


@pytest.mark.parametrize(
    ("words", "phones", "labels"),
    [
        ("vostra casa", ["vostra", "kaza"], "* * * * * vostra * * * casa"),
        ("e va", ["e", "va"], "e * va"),
        ("", [], ""),
    ],
)
def test_worked_examples(words, phones, labels):
    assert word_labels(words.split(), [list(p) for p in phones]) == labels.split()
    assert words_of(labels.split()) == words.split()


def test_length_and_word_count_hold_for_any_sentence():
    rng = np.random.default_rng(0)
    for _ in range(200):
        sizes = rng.integers(1, 9, size=rng.integers(1, 12))
        words = [f"w{rng.integers(5)}" for _ in sizes]
        labels = word_labels(words, [["p"] * int(size) for size in sizes])
        assert len(labels) == sizes.sum()
        assert words_of(labels) == words
        assert [n for n, label in enumerate(labels) if label != STAR] == list(sizes.cumsum() - 1)


@pytest.mark.parametrize(
    ("words", "phones", "message"),
    [
        (["of", "the"], [["a"]], "2 words are spoken as 1 groups"),
        (["a", "♥"], [["a"], []], "has no phones"),
        (["*"], [["a"]], "mark of positions"),
    ],
)
def test_what_cannot_be_labeled_is_refused(words, phones, message):
    with pytest.raises(LabelError, match=message):
        word_labels(words, phones)


@pytest.mark.parametrize(
    ("heard", "labels"),
    [
        ("vostrakaza", "* * * * * vostra * * * casa"),  # as read
        ("vostakaza", "* * * * vostra * * * casa"),  # a phone lost inside a word
        ("vostrkaza", "* * * * vostra * * * casa"),  # the last phone lost: the nearest before
        ("vostraxkaza", "* * * * * vostra * * * * casa"),  # one too many
        ("kaza", "vostra * * casa"),  # a whole word lost: what is left of it
        ("xy", "vostra casa"),
    ],
)
def test_labels_of_recognized_phones(heard, labels):
    found = hypothesis_labels(["vostra", "casa"], [list("vostra"), list("kaza")], list(heard))
    assert found == labels.split()


def test_words_keep_their_order_and_number_for_any_hypothesis():
    rng = np.random.default_rng(1)
    for _ in range(300):
        phones = [[str(p) for p in rng.integers(4, size=rng.integers(1, 5))] for _ in range(5)]
        heard = [str(p) for p in rng.integers(4, size=rng.integers(5, 20))]
        labels = hypothesis_labels(list("abcde"), phones, heard)
        assert len(labels) == len(heard)
        assert words_of(labels) == list("abcde")


@pytest.mark.parametrize("heard", [[], ["a"]])
def test_fewer_phones_than_words_are_refused(heard):
    with pytest.raises(LabelError, match=f"2 words cannot be placed on {len(heard)}"):
        hypothesis_labels(["e", "va"], [["e"], ["v", "a"]], heard)


def test_the_star_is_the_blank_and_other_words_are_unknown():
    tokens = TokenList.build(["casa"])
    assert encode_labels(["*", "casa", "nuova"], tokens) == [0, 2, 1]
