"""Words keep their times through edits; pieces are cut and joined where their text is."""

from __future__ import annotations

import pytest

from asrkit.serve.pieces import Piece, PieceError, merge, sentences, split, timed
from asrkit.transcript import Segment, Word

HEARD = tuple(
    Word(text, at + 0.1, at + 0.9, 0.5 + at / 10)
    for at, text in enumerate("one two three four".split())
)
PIECE = Piece("r.0001", "r", 0.0, 4.0, "one two three four", HEARD, rev=7)


def times(text: str) -> list[tuple[str, float, float, float | None]]:
    words = timed(text.split(), HEARD, 0.0, 4.0)
    return [(word.text, word.start, word.end, word.confidence) for word in words]


def test_words_that_were_recognized_keep_times_and_confidence() -> None:
    assert timed("one two three four".split(), HEARD, 0.0, 4.0) == HEARD
    assert times("two four") == [("two", 1.1, 1.9, 0.6), ("four", 3.1, 3.9, 0.8)]


def test_a_corrected_word_takes_the_time_of_what_it_replaces() -> None:
    assert times("one too three four")[1] == ("too", 1.1, 1.9, None)
    both = times("one aa bbbbbb three four")[1:3]
    assert both == [("aa", 1.1, 1.3, None), ("bbbbbb", 1.3, 1.9, None)]
    assert times("one twothree four")[1] == ("twothree", 1.1, 2.9, None)


def test_a_new_word_takes_the_pause() -> None:
    assert times("one two new three four")[2] == ("new", 1.9, 2.1, None)
    assert times("new one two three four")[0] == ("new", 0.0, 0.1, None)
    assert times("one two three four new")[4] == ("new", 3.9, 4.0, None)


def test_without_recognized_words_all_share_the_piece() -> None:
    found = timed(["ab", "cd"], (), 1.0, 2.0)
    assert [(word.start, word.end) for word in found] == [(1.0, 1.5), (1.5, 2.0)]


def test_words_stay_in_borders_that_a_person_has_moved() -> None:
    found = timed("one two three four".split(), HEARD, 1.5, 2.5)
    assert [(word.start, word.end) for word in found] == [
        (1.5, 1.5),
        (1.5, 1.9),
        (2.1, 2.5),
        (2.5, 2.5),
    ]


def test_split_between_words() -> None:
    first, second = split(PIECE, "one two ", "three four", "r.0002")
    assert (first.id, first.text, first.start, first.end, first.rev) == (
        "r.0001",
        "one two",
        0,
        2.0,
        8,
    )
    assert (second.id, second.text, second.start, second.end, second.rev) == (
        ("r.0002", "three four", 2.0, 4.0, 0)
    )
    assert (first.heard, second.heard) == (HEARD[:2], HEARD[2:])


def test_split_within_a_word_and_of_corrected_text() -> None:
    first, second = split(PIECE, "one two thr", "ee four", "x.0002")
    assert first.end == pytest.approx(2.1 + 0.8 * 3 / 5)
    corrected = PIECE.next(text="one and a two")
    first, second = split(corrected, "one and", " a two", "x.0002")
    assert (first.text, second.text) == ("one and", "a two")
    assert 0.9 <= first.end == second.start <= 1.1


@pytest.mark.parametrize(
    "parts", [("", "one two three four"), ("one two three four", ""), ("  ", "")]
)
def test_split_needs_text_on_both_sides(parts: tuple[str, str]) -> None:
    piece = PIECE.next(text="".join(parts))
    with pytest.raises(PieceError, match="nothing is before or after"):
        split(piece, *parts, "r.0002")


def test_split_of_another_text() -> None:
    with pytest.raises(PieceError, match="not the current one"):
        split(PIECE, "one", " two", "r.0002")


def test_merge_undoes_split() -> None:
    first, second = split(PIECE.next(done=True), "one two ", "three four", "r.0002")
    joined = merge(first, second)
    assert (joined.text, joined.start, joined.end, joined.heard) == (PIECE.text, 0.0, 4.0, HEARD)
    assert joined.done
    assert not merge(first, second.next(done=False)).done
    assert merge(first, second.next(text="")).text == "one two"


def test_merge_keeps_texts_that_came_too_late() -> None:
    first, second = PIECE.next(others={"a": "1"}), PIECE.next(others={"b": "2"})
    assert merge(first, second).others == {"a": "1", "b": "2"}
    second = PIECE.next(others={"b": "2", "a": "3 "})
    assert merge(first, second).others == {"a": "1 3 ", "b": "2"}


def test_plain_and_back() -> None:
    piece = PIECE.next(done=True, others={"who": "té"})
    assert Piece.from_plain(piece.as_plain()) == piece


def test_what_a_person_wrote_has_no_confidence() -> None:
    segment = PIECE.next(text=" one  too three four").segment("s")
    assert segment.text == "one too three four"
    assert [word.confidence for word in segment.words] == [0.5, None, 0.7, 0.8]
    assert segment.confidence == pytest.approx(0.6667)
    assert PIECE.next(done=True).segment(None).confidence is None


def test_long_segments_are_cut_at_their_pauses() -> None:
    words = [
        Word(str(n), n + (0.4 if n >= 7 else 0), n + 0.8 + (0.15 if n >= 7 else 0))
        for n in range(10)
    ]
    found = list(sentences(Segment.of(words), 8))
    assert [len(part) for part in found] == [7, 3]
    assert [word for part in found for word in part] == words
    even = [Word(str(n), n, n + 0.8) for n in range(16)]
    assert [len(part) for part in sentences(Segment.of(even), 8)] == [8, 8]
    assert list(sentences(Segment(0, 1, ""), 8)) == []
