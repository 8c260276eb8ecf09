"""What a network says of a recording, as far as alignment asks: bounded in the vocabulary."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

import numpy as np
import torch
from torch import Tensor

from asrkit.decode.timing import Clock
from asrkit.decode.windows import in_windows
from asrkit.infer import Speech2Text
from asrkit.rate import RATE
from asrkit.tokens import BLANK, SPACE, TokenList
from asrkit.vocabulary import without_language

FEE = 2.2  # nats that a token costs which the network writes down and the text does not have
FLOOR = -2.5  # no symbol is less likely, against the best of a frame: networks err with certainty


@dataclasses.dataclass(frozen=True)
class Frames:
    """scores: float32 [T, U], log-probabilities of the symbols less the best of all, at least
    FLOOR; column 0 is the quiet one (blank, or what parts words). garbage: float32 [T], -FEE times
    the tokens that the network begins in the frame. spoken: bool [T], where its best symbol is not
    the quiet one. begins: float64 [T + 1], seconds."""

    scores: np.ndarray
    garbage: np.ndarray
    spoken: np.ndarray
    begins: np.ndarray

    @property
    def tokens_recognized(self) -> float:
        return float(self.garbage.sum()) / -FEE


class Columns:
    """The columns of a network's output that stand for ``names``, in their order, from number 1 on;
    0 is the quiet symbol. Tokens that name their language count as one symbol for all languages."""

    def __init__(self, tokens: TokenList, names: Sequence[str]) -> None:
        self.numbers = {name: number for number, name in enumerate(names, start=1)}
        wanted: list[list[int]] = [[] for _ in names]
        for column, symbol in enumerate(tokens.symbols):
            if (number := self.numbers.get(without_language(symbol))) is not None:
                wanted[number - 1].append(column)
        self._quiet = [n for n, symbol in enumerate(tokens.symbols) if symbol in (BLANK, SPACE)]
        self._single = torch.tensor([columns[0] for columns in wanted], dtype=torch.int64)
        self._several = [(n, columns) for n, columns in enumerate(wanted) if len(columns) > 1]

    def take(self, log_probs: Tensor, before: Tensor | None) -> tuple[np.ndarray, ...]:
        """scores, garbage and spoken of log-probabilities [T, V]. before: [V], probabilities of the
        frame before, if there is one."""
        best = log_probs.amax(-1, keepdim=True)
        quiet = log_probs[:, self._quiet].amax(-1, keepdim=True)
        picked = log_probs[:, self._single]
        for number, columns in self._several:
            picked[:, number] = log_probs[:, columns].logsumexp(-1)
        scores = torch.cat([quiet, picked], 1).sub_(best).clamp_(FLOOR, 0)
        begun = log_probs.exp()
        first = torch.zeros_like(begun[:1]) if before is None else before[None]
        begun = (begun - torch.cat([first, begun[:-1]])).clamp_(min=0)
        begun[:, self._quiet] = 0
        spoken = (quiet < best)[:, 0]
        return scores.float().numpy(), (begun.sum(1) * -FEE).float().numpy(), spoken.numpy()


def frames_of(
    model: Speech2Text, samples: np.ndarray, columns: Columns, max_seconds: float
) -> Frames:
    """Frames of a recording [S], which the network is given in windows of ``max_seconds``."""
    clock = Clock.of(model.objective.output_lengths)
    wave = torch.from_numpy(samples)
    return joined(in_windows(model.frames, wave, clock, max_seconds), len(wave), columns, clock)


def joined(parts: Iterable[Tensor], length: int, columns: Columns, clock: Clock) -> Frames:
    """Frames of log-probabilities [T_i, V] that follow each other, of ``length`` samples."""
    taken: list[tuple[np.ndarray, ...]] = []
    before = None
    for log_probs in parts:
        if len(log_probs):
            taken.append(columns.take(log_probs, before))
            before = log_probs[-1].exp()
    if not taken:
        empty = np.zeros(0, np.float32)
        taken.append((np.zeros((0, len(columns.numbers) + 1), np.float32), empty, empty > 0))
    scores, garbage, spoken = (np.concatenate(row) for row in zip(*taken, strict=True))
    begins = np.array([clock.seconds(frame) for frame in range(len(scores) + 1)])
    begins[-1] = length / RATE
    return Frames(scores, garbage, spoken, begins)
