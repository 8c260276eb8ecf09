"""What a pre-trained model says about each frame: layers, targets, codes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from asrkit.batch import Padded, pad
from asrkit.encoders.base import Hidden
from asrkit.encoders.normalize import normalize_frames
from asrkit.model_io import ModelError
from asrkit.objectives.base import FrameObjective, Objective
from asrkit.objectives.contrastive import ContrastiveObjective
from asrkit.objectives.ctc import CtcObjective
from asrkit.objectives.phonetic import PhoneticObjective
from asrkit.objectives.regression import RegressionObjective
from asrkit.quantizers.base import Quantized


def quantized_frames(
    objective: ContrastiveObjective, speech: Padded, features: Padded
) -> Quantized:
    """Codes and vectors of all frames of one utterance; ``features`` as its encoder extracts."""
    seen = objective.seen(objective.quantizer_input(speech, features).data[0])
    found: Quantized = objective.quantizer(seen, torch.ones(len(seen), dtype=torch.bool))
    return found


class Views(NamedTuple):
    """One utterance. layers: [T, D] by number, from 1. codes: int64 [T, G], None without a
    quantizer. quantized: [T, Dq], the chosen entries, or None."""

    layers: dict[int, Tensor]
    codes: np.ndarray | None
    quantized: Tensor | None


class Viewer:
    """source: ``teacher`` (a model with one) or ``student``. output: ``ffn``, the feed-forward
    outputs that data2vec's targets are made of, or ``block``, the layers' outputs.
    normalized: bring every channel of an utterance to mean 0, variance 1, as targets are.
    """

    def __init__(
        self,
        objective: Objective,
        *,
        source: str = "student",
        output: str = "ffn",
        normalized: bool = True,
    ) -> None:
        if isinstance(objective, PhoneticObjective):
            objective = objective.base
        if not isinstance(objective, FrameObjective | CtcObjective):
            raise ModelError(f"{type(objective).__name__} has no transformer layers to look into")
        if source not in ("teacher", "student") or output not in ("ffn", "block"):
            raise ValueError(f"teacher or student, ffn or block; not {source!r}, {output!r}")
        if source == "teacher" and not isinstance(objective, RegressionObjective):
            raise ValueError("only data2vec's models have a teacher; look at the student")
        self.objective, self.source, self.output = objective, source, output
        self.normalized = normalized

    @torch.inference_mode()
    def view(self, wave: np.ndarray) -> Views:
        """Samples at 16 kHz, unmasked, one utterance at a time."""
        speech = pad([torch.from_numpy(wave)])
        features = self.objective.encoder.extract(speech)
        hidden = self._hidden(features)
        layers = hidden.ffn if self.output == "ffn" else hidden.layers[1:]
        if self.normalized:
            layers = tuple(normalize_frames(Padded(x, features.lengths)) for x in layers)
        codes = quantized = None
        if isinstance(self.objective, ContrastiveObjective):
            found = quantized_frames(self.objective, speech, features)
            codes, quantized = found.codes.numpy(), found.vectors
        return Views({n: x[0] for n, x in enumerate(layers, start=1)}, codes, quantized)

    def _hidden(self, features: Padded) -> Hidden:
        if isinstance(self.objective, RegressionObjective) and self.source == "teacher":
            inputs = self.objective.encoder.projected(features)
            found: Hidden = self.objective.teacher(inputs, every_layer=True)
            return found
        return self.objective.encoder.contextualize(features, every_layer=True)
