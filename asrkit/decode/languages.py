"""Which language is spoken where in a recording, from a classifier's scores of its passages.

A passage is what is between pauses. Each alone is decided badly if it is short; so the languages
are a chain (a hidden Markov model) that stays in one from passage to passage with probability
``STAY``: a recording of one language is decided by all of its speech, and one of several changes
where the scores insist.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from asrkit.audio.activity import PADDING, STEP, active
from asrkit.rate import RATE
from asrkit.transcript import Segment

PAUSE = 0.6  # seconds without sound that end a passage, as they end a segment
LONGEST = 10.0  # seconds of a passage, which is else cut into equal parts
SHORTEST = 0.1  # seconds; less is a click
EDGE = 0.05  # seconds of what is around a passage, which is else no part of it: silence misleads
STAY = 0.8  # probability that the next passage is of the same language


class Stretch(NamedTuple):
    """Samples of one language, and the mean over its speech of the probability that it is."""

    start: int
    stop: int
    lang: str
    confidence: float

    @property
    def seconds(self) -> tuple[float, float]:
        return round(self.start / RATE, 3), round(self.stop / RATE, 3)


def spoken(samples: np.ndarray) -> list[tuple[int, int]]:
    """Passages (start, stop) of float32 [S] at 16 kHz, in samples: sound without pauses."""
    loud = active(samples)
    between = (PAUSE - 2 * PADDING) * RATE  # sound has some silence around it
    edges = np.flatnonzero(np.diff(np.concatenate([[0], loud.astype(np.int8), [0]])))
    runs: list[list[int]] = []
    for start, stop in edges.reshape(-1, 2).tolist():
        if runs and (start - runs[-1][1]) * STEP < between:
            runs[-1][1] = stop
        else:
            runs.append([start, stop])
    found: list[tuple[int, int]] = []
    for start, stop in runs:
        shrunk = int((PADDING - EDGE) * RATE)
        begin, end = start * STEP, min(stop * STEP, len(samples))
        begin, end = begin + shrunk * (begin > 0), end - shrunk * (end < len(samples))
        if end - begin < SHORTEST * RATE:
            continue
        count = -(-(end - begin) // int(LONGEST * RATE))
        cuts = np.linspace(begin, end, count + 1).astype(int).tolist()
        found += itertools.pairwise(cuts)
    return found


def posteriors(scores: np.ndarray, stay: float = STAY) -> np.ndarray:
    """Log-likelihoods [N, C] of passages to probabilities [N, C] of their languages, given all of
    them (forward and backward through the chain). All languages are as likely at first."""
    count, size = scores.shape
    if size == 1:
        return np.ones((count, 1))
    change = np.full((size, size), (1 - stay) / (size - 1))
    np.fill_diagonal(change, stay)
    likely = np.exp(scores - scores.max(1, keepdims=True))
    forward, backward = np.empty_like(likely), np.ones_like(likely)
    before = np.full(size, 1 / size)
    for at in range(count):
        row = before * likely[at]
        forward[at] = row / row.sum()
        before = forward[at] @ change
    for at in range(count - 2, -1, -1):
        row = change @ (likely[at + 1] * backward[at + 1])
        backward[at] = row / row.sum()
    found = forward * backward
    whole: np.ndarray = found / found.sum(1, keepdims=True)
    return whole


def decided(
    passages: Sequence[tuple[int, int]],
    scores: np.ndarray,
    langs: Sequence[str],
    stay: float = STAY,
) -> list[Stretch]:
    """Passages with log-probabilities [N, C] of ``langs`` to stretches of one language, which end
    in the middle of the pause before another begins."""
    known = posteriors(scores, stay)
    best = known.argmax(1)
    groups = np.split(np.arange(len(best)), np.flatnonzero(np.diff(best)) + 1)
    found: list[Stretch] = []
    for group in groups:
        first, last = passages[group[0]], passages[group[-1]]
        lang = int(best[group[0]])
        sizes = np.array([passages[at][1] - passages[at][0] for at in group])
        sure = float((known[group, lang] * sizes).sum() / sizes.sum())
        start = first[0]
        if found:
            start = (found[-1].stop + first[0]) // 2
            found[-1] = found[-1]._replace(stop=start)
        found.append(Stretch(start, last[1], langs[lang], min(1.0, sure)))
    return found


def in_main_language(
    said: Sequence[Segment],
) -> tuple[list[Segment], str | None, float | None]:
    """Segments with their languages to (the same, which name theirs where it is another than most
    is said in, that one, its mean confidence over what is said in it); None where nothing is."""
    seconds: dict[str, float] = {}
    for one in said:
        if one.lang is not None:
            seconds[one.lang] = seconds.get(one.lang, 0.0) + one.end - one.start
    if not seconds:
        return list(said), None, None
    lang = max(seconds, key=seconds.__getitem__)
    own = [(one.lang_confidence or 0.0, one.end - one.start) for one in said if one.lang == lang]
    total = sum(size for _, size in own)
    sure = sum(p * size for p, size in own) / total if total else own[0][0]
    named = [dataclasses.replace(one, lang=None) if one.lang == lang else one for one in said]
    return named, lang, round(sure, 4)
