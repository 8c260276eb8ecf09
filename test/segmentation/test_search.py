"""The best path through a recording and its text, where the two do not follow each other."""

from __future__ import annotations

import resource
import time

import numpy as np
import pytest
from segmentation_toy import frames, in_scores, posteriors, random_words

from asrkit.align import align
from asrkit.segmentation import search
from asrkit.segmentation.chain import Chain, PathFrames
from asrkit.segmentation.search import find_path


def words_on_path(
    said: list[list[int]], text: list[list[int]], *, errors: float = 0.0, most_kept: int = 1 << 28
) -> list[int]:
    """Numbers of the words of ``text`` in the order in which they were found."""
    found = frames(posteriors(said, errors=errors))
    chain = Chain.of(in_scores(text))
    places = find_path(chain, PathFrames.of(found.scores, found.garbage), most_kept=most_kept)
    words = np.searchsorted(chain.first, places[places < len(chain.symbols)], "right") - 1
    return [int(word) for n, word in enumerate(words) if not n or word != words[n - 1]]


def test_text_that_is_said_as_it_is() -> None:
    text = random_words(60)
    assert words_on_path(text, text) == list(range(60))


def test_words_that_are_not_said_are_passed_over() -> None:
    text = random_words(60)
    assert words_on_path(text[:20] + text[23:], text) == [*range(20), *range(23, 60)]


def test_speech_that_is_not_in_the_text_is_garbage() -> None:
    text, other = random_words(60), random_words(15, seed=1)
    assert words_on_path(text[:30] + other + text[30:], text) == list(range(60))


def test_passages_in_another_order() -> None:
    text = random_words(80)
    order = [*range(20), *range(40, 60), *range(20, 40), *range(60, 80)]
    assert words_on_path([text[n] for n in order], text) == order


def test_begin_and_end_that_are_not_there() -> None:
    text = random_words(60)
    assert words_on_path(text[20:40], text) == list(range(20, 40))
    found = words_on_path(text, text[20:40])  # beside it, chance finds a word or two
    alignment = align(list(map(str, range(20))), list(map(str, found)))
    assert alignment.correct == 20 and alignment.insertions < 10


def test_one_word_again_and_again() -> None:
    assert words_on_path([[2, 2]] * 5, [[2, 2]] * 5) == list(range(5))


def test_text_longer_than_the_recording() -> None:
    text = random_words(200)
    found = words_on_path(text[50:55], text)
    assert found == list(range(50, 55))


def test_silence() -> None:
    assert words_on_path([], random_words(10)) == []
    assert words_on_path([[]] * 50, random_words(10)) == []


@pytest.mark.parametrize("most_kept", [1 << 28, 1 << 15])
def test_blocks_do_not_show(most_kept: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "AROUND", 40)
    monkeypatch.setattr(search, "BLOCK", 150)
    text = random_words(240)  # some 2,400 frames that are not quiet
    order = [*range(80), *range(160, 240), *range(80, 160)]
    found = words_on_path([text[n] for n in order], text, errors=0.15, most_kept=most_kept)
    alignment = align(list(map(str, order)), list(map(str, found)))
    assert alignment.correct > 0.97 * len(order) and alignment.insertions < 5


@pytest.mark.slow
def test_an_hour_in_bounded_memory_and_time() -> None:
    text = random_words(8000)
    found = frames(posteriors(text, errors=0.2))
    assert len(found.scores) > 3600 * 50 * 0.9
    chain = Chain.of(in_scores(text))
    path = PathFrames.of(found.scores, found.garbage)
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    places = find_path(chain, path)
    assert time.process_time() - start < 120
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000  # KiB
    words = np.unique(np.searchsorted(chain.first, places[places < len(chain.symbols)], "right"))
    assert len(words) > 0.97 * len(text)
