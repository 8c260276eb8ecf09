"""What stands in a recognizer's place: scores of one waveform, given out as Speech2Text does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor

from asrkit.decode.confidence import Calibration
from asrkit.decode.timing import Clock
from asrkit.tokens import TokenList


class Hearing:
    """A model that answers at once; ``hear`` is what it makes of a waveform [S]: scores [T, V]."""

    tokens: TokenList
    device = torch.device("cpu")
    look_ahead = 10.0
    clock = Clock(hop=320, seen=400)
    calibration = Calibration()
    token_file = "text.phn"

    def hear(self, wave: Tensor) -> Tensor:
        raise NotImplementedError

    def log_probs(self, waves: Iterable[Tensor]) -> list[Tensor]:
        return list(self.frames(waves))

    def frames(self, waves: Iterable[Tensor], *, best: bool = False) -> Iterator[Tensor]:
        for wave in waves:
            scores = self.hear(wave)
            yield scores.argmax(-1).int() if best else scores

    def carried(self) -> None:
        return None
