"""Word labels at phone positions: "*" until a word's last phone, there the word (TranUSR 2.3).

A word of n phones becomes n - 1 stars and the word, so a sentence has as many labels as phones and
as many labels that are no star as words. In a token list the star is number 0, the blank: with the
alignment-free loss it is CTC's blank too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from asrkit.align import align
from asrkit.tokens import TokenList

STAR = "*"


class LabelError(ValueError):
    """Words and phones that no word labels can join."""


def word_labels(words: Sequence[str], phones: Sequence[Sequence[str]]) -> list[str]:
    """Labels of a sentence whose word i is spoken as ``phones[i]``.

    Raises LabelError if the counts disagree, a word has no phones, or a word is the star itself.
    """
    if len(words) != len(phones):
        raise LabelError(f"{len(words)} words are spoken as {len(phones)} groups of phones")
    labels: list[str] = []
    for word, spoken in zip(words, phones, strict=True):
        if not spoken:
            raise LabelError(f"the word {word!r} has no phones")
        if word == STAR:
            raise LabelError(f"the word {word!r} is the mark of positions without a word")
        labels += [STAR] * (len(spoken) - 1) + [word]
    return labels


def words_of(labels: Iterable[str]) -> list[str]:
    """The words of word labels, in their order; equal neighbors are two words."""
    return [label for label in labels if label != STAR]


def hypothesis_labels(
    words: Sequence[str], phones: Sequence[Sequence[str]], recognized: Sequence[str]
) -> list[str]:
    """Labels for the phones ``recognized`` in a sentence whose words are spoken as ``phones``.

    The phones are aligned with the fewest edits. A word goes to the position that its last phone
    was recognized at, or, where that was deleted, to the nearest position before. Words that meet
    move right, and left again where the sentence ends. Raises LabelError as ``word_labels`` does,
    and if there are more words than recognized phones.
    """
    reference = word_labels(words, phones)
    if len(words) > len(recognized):
        raise LabelError(
            f"{len(words)} words cannot be placed on {len(recognized)} recognized phones"
        )
    places: list[int] = []
    seen, said = 0, 0  # recognized and reference phones passed
    for ref, hyp in align([phone for spoken in phones for phone in spoken], recognized).pairs:
        seen += hyp is not None
        if ref is not None:
            if reference[said] != STAR:
                places.append(max(seen - 1, 0))
            said += 1
    for number in range(1, len(places)):
        places[number] = max(places[number], places[number - 1] + 1)
    for number in range(len(places)):
        last = len(recognized) - len(places) + number  # room for the words that follow
        places[number] = min(places[number], last)
    labels = [STAR] * len(recognized)
    for place, word in zip(places, words, strict=True):
        labels[place] = word
    return labels


def encode_labels(labels: Iterable[str], tokens: TokenList) -> list[int]:
    """Numbers of word labels: 0 for the star, 1 for a word not in the list."""
    words = list(labels)
    numbers = tokens.encode(words)
    return [0 if w == STAR else n for w, n in zip(words, numbers, strict=True)]
