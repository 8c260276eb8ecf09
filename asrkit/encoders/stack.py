"""Layers one after the other, some of which training may skip: what context networks share."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from asrkit.batch import Padded
from asrkit.encoders.base import Hidden


class LayerStack(nn.Module, ABC):
    """[B, T, D] to Hidden, through ``layers``: blocks that are called with (x, lengths, valid,
    kept, *shared) and return their output and their feed-forward output.

    size: width D. layerdrop: probability that a layer is skipped in training; drawn on the host
    from torch's CPU generator.
    """

    layers: nn.ModuleList

    def __init__(self, size: int, *, layerdrop: float) -> None:
        super().__init__()
        if not 0 <= layerdrop < 1:
            raise ValueError(f"a layerdrop of {layerdrop} is not in [0, 1)")
        self.size, self.layerdrop = size, layerdrop

    @abstractmethod
    def enter(self, frames: Tensor, valid: Tensor | None) -> Tensor:
        """The first layer's input [B, T, D]. valid: bool [B, T]; None if all frames are."""

    def shared(self, frames: Tensor) -> tuple[Tensor, ...]:
        """What all layers are given beside their input; of weights that no layer has."""
        return ()

    def leave(self, frames: Tensor) -> Tensor:
        """The last layer's output [B, T, D] to the stack's."""
        return frames

    def _kept(self) -> list[bool]:
        if not self.training or self.layerdrop == 0:
            return [True] * len(self.layers)
        return [draw >= self.layerdrop for draw in torch.rand(len(self.layers)).tolist()]

    def forward(self, x: Padded, *, every_layer: bool = False) -> Hidden:
        """every_layer: keep each layer's output (input first) and feed-forward output."""
        lengths = x.lengths.clamp(min=1)  # a softmax over no frame at all were NaN
        frames, valid = x.data, None
        if (known := Padded(frames, lengths)).has_padding():
            valid = known.valid()
        frames = self.enter(frames, valid)
        shared = self.shared(frames)
        outputs, ffns = [frames], []
        for layer, kept in zip(self.layers, self._kept(), strict=True):
            frames, ffn = layer(frames, lengths, valid, kept, *shared)
            if kept:
                ffns.append(ffn)
            outputs.append(frames)
        output = Padded(self.leave(frames), x.lengths)
        return Hidden(output, tuple(outputs), tuple(ffns)) if every_layer else Hidden(output)


def released_weights(layers: nn.Module) -> None:
    """Linear weights N(0, 0.02), biases 0, as in the released models before their training."""
    for module in layers.modules():
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=0.02)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
