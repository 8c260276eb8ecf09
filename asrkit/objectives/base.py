"""The one contract between the training loop and a method: a model and its loss."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from asrkit.batch import Batch, Padded
from asrkit.encoders.base import Encoder
from asrkit.objectives.ctc_carried import CarriedScores
from asrkit.objectives.masking import SpanMask

Stat = tuple[Tensor | float, Tensor | float]


class Output(NamedTuple):
    """The result of one micro-batch.

    loss: scalar, a SUM over ``weight`` items; the loop divides once an update, over all ranks.
    stats: name -> (sum, count); the same keys for every batch of an objective.
    weight: scalar: masked frames, utterances or tokens; 0 is legal and adds nothing.
    """

    loss: Tensor
    stats: dict[str, Stat]
    weight: Tensor | float


class Diagnosis(NamedTuple):
    """What a monitor has to say about a run's statistics, in a sentence that says what to try."""

    message: str
    fatal: bool


class Frames(NamedTuple):
    """Per-frame results that other objectives build on.

    hidden: context [B, T, D] of the masked input.
    targets: what the frames are to predict, [B, T, target_size].
    losses: [B], each row's share of the objective's loss; they sum to it.
    counts: [B] int64 on the host, masked frames of each row; they sum to its weight.
    """

    hidden: Padded
    targets: Padded
    losses: Tensor
    counts: Tensor


class Objective(nn.Module, ABC):
    """A model and its loss. The loop knows nothing else of a method; DDP wraps this.

    seed, total (updates of the run): set by the builder, total again where it is derived; step:
    updates done, set by ``before_step``. Random choices are functions of (seed, step, Batch.keys),
    see asrkit/noise.py. ``forward`` changes no state.
    label_field: the stream of a batch that the token file becomes: ``text`` or ``phones``.
    structure: names of constructor options that are part of what the weights mean, and that the
        weights' shapes do not show.
    """

    seed: int = 0
    total: int = 1
    step: int = 0
    label_field: str = "text"
    structure: frozenset[str] = frozenset()

    @abstractmethod
    def forward(self, batch: Batch) -> Output: ...

    def before_step(self, step: int) -> None:
        """Called once an update, before its first micro-batch: temperature."""
        self.step = step

    def frozen(self) -> Iterable[nn.Parameter]:
        """What this update leaves as it is, although its graph has gradients of zero for it."""
        return ()

    def after_step(self, step: int) -> None:
        """Called once an update, only if the optimizer stepped; ``step`` counts it: EMA."""

    def forget(self) -> None:
        """Drops what was kept of batches, which came from no data set."""

    def after_init(self, parts: Sequence[str]) -> None:
        """Called once, after the modules ``parts`` were taken over from another run."""

    def check_collapse(self, stats: dict[str, float]) -> Diagnosis | None:
        """Looks at averaged training statistics for a collapse; called at every log line."""
        return None


def refuse_fewer_frames(encoder: Encoder) -> None:
    """Raises ValueError for an encoder whose context has fewer frames than its local features."""
    frames = torch.tensor([64], device="cpu")  # also where a model is built without memory
    if int(encoder.context_lengths(frames)) != int(frames):
        raise ValueError(
            "needs a frame of context for each local feature; set encoder_conf.pooling_layers to 0"
        )


class FrameObjective(Objective):
    """A self-supervised objective that others build on. target_size: width of Frames.targets;
    spans: how frames are masked."""

    encoder: Encoder
    target_size: int
    spans: SpanMask

    @abstractmethod
    def frames(self, batch: Batch) -> tuple[Frames, Output]:
        """One masked forward pass: the frames for a further head, and the objective's own loss."""

    def _purpose(self, name: str) -> tuple[int, int, str]:
        """What random numbers depend on beside the row; evaluation repeats step 0."""
        return self.seed, self.step if self.training else 0, name


class Scorer(Objective):
    """An objective that is used once it was trained: there is no second model class for it."""

    @abstractmethod
    def log_probs(self, batch: Batch) -> Padded:
        """float32 [B, T, V] log-probabilities, unmasked; an utterance's are those it has alone."""


class Recognizer(Scorer):
    """An objective that can be decoded: in ``log_probs`` blank is 0, and lengths are in frames."""

    @abstractmethod
    def output_lengths(self, lengths: Tensor) -> Tensor:
        """Frames of ``log_probs`` for inputs of ``lengths`` [B] samples; agrees with it exactly."""

    def carried(self) -> CarriedScores | None:
        """``log_probs`` of a recording that comes in parts, by a state that is carried from one to
        the next; None where the encoder has none."""
        return None
