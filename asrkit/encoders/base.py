"""The promise every encoder keeps: local features, then context, at a known frame rate."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import NamedTuple, final

from torch import Tensor, nn

from asrkit.batch import Padded
from asrkit.encoders.block import Block
from asrkit.encoders.carried import Carried


class Hidden(NamedTuple):
    """What the context network returns.

    output: [B, T, D], lengths [B].
    layers: the D-wide output of every layer, [B, T, D] each, input first; empty if not asked for.
    ffn: the second linear output of every layer's feed-forward block before dropout and residual
        (the targets of data2vec); empty if not asked for.
    """

    output: Padded
    layers: tuple[Tensor, ...] = ()
    ffn: tuple[Tensor, ...] = ()


class Encoder(nn.Module, ABC):
    """Speech (or posteriors) to frames.

    feature_size: width F of what ``extract`` returns.
    front_size: width of what ``front`` returns.
    output_size: width D of what ``contextualize`` returns.
    training_options: names of constructor options that may differ between pre-training and
        fine-tuning (dropout and the like); all others are part of what the weights mean.
    causal: a frame's context depends on no later frame.
    fixed_features: training does not change what ``extract`` makes of the same samples.
    """

    feature_size: int
    front_size: int
    output_size: int
    causal: bool = False
    fixed_features: bool = False
    training_options: frozenset[str] = frozenset()

    @abstractmethod
    def output_lengths(self, lengths: Tensor) -> Tensor:
        """Frames for inputs of ``lengths`` [B] samples; agrees with ``extract`` exactly."""

    @abstractmethod
    def extract(self, x: Padded) -> Padded:
        """[B, S] samples to local features [B, T, F], before masking and before projection."""

    @abstractmethod
    def front(self, x: Padded) -> Padded:
        """[B, S] samples to [B, T, front_size]: what the fixed front end makes of the input
        (samples, log-mel frames) under each frame of ``extract``, with the same T and lengths.

        Nothing in it learns: a quantizer that reads it (``Quantizer.reads_front``) has targets that
        stay the same all through training, as BEST-RQ's do.
        """

    def normalized(self, features: Tensor) -> Tensor:
        """Features [..., F] scaled as a quantizer is to see them; unchanged if not overridden."""
        return features

    @abstractmethod
    def contextualize(
        self,
        features: Padded,
        mask: Tensor | None = None,
        *,
        channel_mask: Tensor | None = None,
        every_layer: bool = False,
    ) -> Hidden:
        """Features [B, T, F] to context [B, T, D]; of fewer frames, ``context_lengths``, where an
        encoder has layers for recognition alone, which objectives of frames refuse.

        mask: bool [B, T]; true frames are replaced by a learned vector.
        channel_mask: bool [B, D]; true channels of the transformer's input are set to 0, in every
            frame of the row, after the time mask.
        every_layer: also return each layer's output and feed-forward output.
        """

    def context_lengths(self, lengths: Tensor) -> Tensor:
        """Frames of ``contextualize`` for ``lengths`` [B] frames of ``extract``."""
        return lengths

    def carried(self) -> Carried | None:
        """What reads a recording in parts, as the whole; None where a frame depends on later ones
        without an end."""
        return None

    def blocks(self) -> Iterable[Block]:
        """What FSDP may gather, torch.compile compile, and backward compute again, one by one."""
        return ()

    @final  # type: ignore[misc]  # nn.Module types forward as an attribute
    def forward(self, x: Padded, mask: Tensor | None = None) -> Hidden:
        return self.contextualize(self.extract(x), mask)
