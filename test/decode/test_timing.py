"""Frames to seconds, paths to tokens and words."""

from __future__ import annotations

import pytest
import torch

from asrkit.decode.timing import Clock, Span, spans, timed, words_of
from asrkit.text.tokenize import META
from asrkit.tokens import SPACE, TokenList


def test_clock_of_wav2vec2():
    """Frames of 25 ms every 20: the first is in the middle of its 25."""
    clock = Clock.of(lambda samples: ((samples - 400) // 320 + 1).clamp(min=0))
    assert clock == (320, 400)
    assert [clock.seconds(frame) for frame in (0, 1, 50)] == [0.003, 0.022, 1.002]


def test_clock_of_a_strided_head():
    clock = Clock.of(lambda samples: (samples // 160) // 4)
    assert clock == (640, 640) and clock.seconds(25) == 1.0


def test_spans_of_a_path():
    path = torch.tensor([0, 3, 3, 0, 3, 2, 2, 2, 0])
    log_probs = torch.full((9, 4), -100.0)
    held = [1, 0.5, 0.7, 1, 0.25, 1, 0.4, 0.1, 1]
    log_probs[torch.arange(9), path] = torch.tensor(held).log()
    found = spans(path, log_probs)
    assert [span[:3] for span in found] == [(3, 1, 3), (3, 4, 5), (2, 5, 8)]
    assert [span.confidence for span in found] == pytest.approx([0.6, 0.25, 0.5])
    assert spans(path[:0], log_probs[:0]) == []


@pytest.mark.parametrize(
    ("token_file", "symbols", "groups"),
    [
        ("x/text.phn", ["a", SPACE, "b"], [[0], [1], [2]]),
        ("x/text.phn_separate", ["(it)a", "(it)b"], [[0], [1]]),
        ("x/text.char", ["a", "b", SPACE, SPACE, "c", SPACE], [[0, 1], [4]]),
        ("x/text.char", ["a", "<hes>", "b"], [[0], [1], [2]]),
        ("x/text.bpe30", [f"{META}a", "b", META, "c", META], [[0, 1], [2, 3]]),
        ("x/text.bpe30", ["a", f"{META}b"], [[0], [1]]),
        ("x/text.char", [], []),
    ],
)
def test_words_of_tokens(token_file, symbols, groups):
    assert words_of(token_file, symbols) == groups


def test_timed_words():
    """Words reach into the blanks around them, half of those between two at most; tokens of a word
    follow each other."""
    tokens = TokenList.build(["(it)a", f"{META}b"])
    words = [
        [Span(3, 10, 12, 0.5), Span(2, 20, 21, 0.9)],
        [Span(2, 22, 23, 1.0)],
        [Span(2, 60, 61, 1)],
    ]
    first, second, last = timed(words, tokens.symbols, Clock(320, 320), duration=1.25)
    assert (first.text, first.start, first.end, first.confidence) == ("ba", 0.16, 0.43, 0.7)
    assert [(token.text, token.start, token.end) for token in first.tokens] == [
        ("b", 0.16, 0.4),
        ("a", 0.4, 0.43),
    ]
    assert (second.start, second.end) == (0.43, 0.58)
    assert (last.start, last.end) == (1.16, 1.25)  # not past the end of the recording
    (only,) = timed([[Span(2, 0, 1, 1.0)]], tokens.symbols, Clock(320, 320), 0.5, texts=["word"])
    assert (only.text, only.start, only.end) == ("word", 0.0, 0.14)
