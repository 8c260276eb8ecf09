"""A chain of tokens, and the best way along it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from segmentation_toy import frames, in_scores, posteriors
from torchaudio.functional import forced_align

from asrkit.segmentation.chain import QUIET, Chain, PathFrames, Stretch, trace
from asrkit.segmentation.frames import Frames


def test_equal_tokens_have_a_blank_between() -> None:
    chain = Chain.of([[1, 1], [1, 2]])
    assert chain.symbols.tolist() == [1, QUIET, 1, QUIET, 1, 2]
    assert chain.first.tolist() == [0, 3] and chain.last.tolist() == [2, 5]


@pytest.mark.parametrize("words", [[], [[1], []]])
def test_nothing_to_align(words: list[list[int]]) -> None:
    with pytest.raises(ValueError, match="cannot be aligned"):
        Chain.of(words)


def test_quiet_frames_are_one() -> None:
    path = PathFrames.of(*_of(frames(posteriors([[2]], pause=30))))
    assert path.frames.tolist() == [0, 1, 2]
    # of the 32 quiet frames behind the token, all but 15 cost a path that is inside of a word
    assert path.hold[2] == pytest.approx(0.2 * (32 - 15))


def _of(found: Frames) -> tuple[np.ndarray, np.ndarray]:
    return found.scores, found.garbage


def test_the_path_is_that_of_forced_alignment() -> None:
    words = [[5, 5, 9], [9, 3], [7]]
    log_probs = posteriors(words, errors=0.3, seed=3, pause=2)
    found = frames(log_probs)
    chain = Chain.of(in_scores(words))
    path = PathFrames(
        np.arange(len(log_probs)), found.scores, found.garbage - 100, 0 * found.garbage
    )  # all frames, and no waiting
    count = len(chain.symbols)
    places = trace(chain, path, Stretch(0, len(log_probs), count, count - 1))
    entered = [int(np.argmax(places == place)) for place in range(count)]
    tokens = [token for word in words for token in word]
    best, _ = forced_align(log_probs[None], torch.tensor([tokens]))
    starts = [
        frame
        for frame in range(len(log_probs))
        if best[0, frame] and (not frame or best[0, frame] != best[0, frame - 1])
    ]
    own = [at for at, symbol in zip(entered, chain.symbols, strict=True) if symbol != QUIET]
    scores = log_probs.numpy()
    assert sum(scores[at, token] for at, token in zip(own, tokens, strict=True)) == pytest.approx(
        sum(scores[at, token] for at, token in zip(starts, tokens, strict=True)), abs=1e-3
    )


def test_a_path_waits_in_noise_between_words() -> None:
    words, noise = [[2, 3, 4], [5, 6, 7]], [[20, 21, 22, 23, 24, 25]]
    found = frames(posteriors([words[0], *noise, words[1]]))
    chain = Chain.of(in_scores(words))
    path = PathFrames.of(found.scores, found.garbage)
    count = len(chain.symbols)
    places = trace(chain, path, Stretch(0, len(path.frames), count, count + 2))
    seconds = found.begins[path.frames[places == count + 1]]
    assert seconds.min() < 0.5 and seconds.max() > 0.7  # noise: 0.44 to 1.1 s
    spoken = found.begins[path.frames[places < count]]
    assert not ((spoken > 0.5) & (spoken < 1.0)).any()
