"""The network of contrastive predictive coding: convolutions and a recurrent context, 100 frames a
second (van den Oord et al. 2018, as modified by Rivière et al. 2020, sections 2 and 3).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from asrkit.batch import Padded
from asrkit.encoders.base import Encoder, Hidden
from asrkit.encoders.carried import Carried, Sight, States
from asrkit.encoders.conv import EPS, at_least, windows
from asrkit.encoders.kernels.conv_frames import conv_frames
from asrkit.encoders.kernels.lstm import one_operation
from asrkit.encoders.touch_unused import masked
from asrkit.plain import is_plain
from asrkit.ranges import Count

CONV_LAYERS = [[10, 5, 3], [8, 4, 2], *[[4, 2, 1]] * 3]


class ChannelNorm(nn.Module):
    """[..., C]: mean 0 and variance 1 over the channels, the variance over C - 1; gain and bias."""

    def __init__(self, size: int) -> None:
        super().__init__()
        if size < 2:
            raise ValueError(f"the variance of {size} channel(s) has no meaning")
        self.size = size
        self.weight = nn.Parameter(torch.ones(size))
        self.bias = nn.Parameter(torch.zeros(size))

    def forward(self, x: Tensor) -> Tensor:
        # (x - m) / sqrt(v C / (C - 1) + eps), v over C, written as torch's fused layer norm
        ratio = (self.size - 1) / self.size
        return F.layer_norm(x, (self.size,), self.weight * ratio**0.5, self.bias, EPS * ratio)


class _PaddedConv(nn.Conv1d):
    """A strided convolution on [B, T, C] with zeros on both sides; PyTorch's initial weights."""

    def lengths(self, lengths: Tensor) -> Tensor:
        seen = lengths + 2 * self.padding[0] - self.kernel_size[0]  # type: ignore[operator]
        frames = torch.div(seen, self.stride[0], rounding_mode="floor") + 1
        return frames.clamp(min=0)

    def forward(self, x: Tensor) -> Tensor:
        side = int(self.padding[0])
        return conv_frames(F.pad(x, (0, 0, side, side)), self.weight, self.bias, self.stride[0])


class CpcEncoder(Encoder):
    """Samples at 16 kHz to 100 frames of ``width`` a second; frame t has seen nothing after its
    own samples (it is causal, but for the 10 ms or so that a frame of the convolutions sees).

    width: channels of every convolution and size of the LSTM. layers: LSTM layers.
    conv_layers: [kernel, stride, padding] each.
    """

    causal = True

    def __init__(
        self,
        *,
        width: Count = 256,
        layers: Count = 1,
        conv_layers: list[list[int]] = CONV_LAYERS,
    ) -> None:
        super().__init__()
        if not conv_layers or any(len(layer) != 3 or min(layer) < 0 for layer in conv_layers):
            raise ValueError(
                f"conv_layers must be a list of [kernel, stride, padding], not {conv_layers}"
            )
        if layers < 1:
            raise ValueError(f"layers is {layers}; the context needs at least one")
        self.feature_size = self.output_size = width
        self.front_size = math.prod(stride for _, stride, _ in conv_layers)
        sizes = [1, *[width] * len(conv_layers)]
        convs = nn.ModuleList(
            _PaddedConv(size, width, kernel, stride, padding)
            for size, (kernel, stride, padding) in zip(sizes, conv_layers, strict=False)
        )
        self.convs = cast(Sequence[_PaddedConv], convs)
        self.norms = nn.ModuleList(ChannelNorm(width) for _ in conv_layers)
        self.mask_embedding = nn.Parameter(torch.rand(width))
        lstms = nn.ModuleList(nn.LSTM(width, width, batch_first=True) for _ in range(layers))
        self.context = cast(Sequence[nn.LSTM], lstms)

    def output_lengths(self, lengths: Tensor) -> Tensor:
        for conv in self.convs:
            lengths = conv.lengths(lengths)
        return lengths

    @property
    def shortest(self) -> int:
        """Samples below which there is no frame."""
        samples = 1
        for conv in reversed(self.convs):
            samples = (
                (samples - 1) * conv.stride[0] + conv.kernel_size[0] - 2 * int(conv.padding[0])
            )
        return samples

    def extract(self, x: Padded) -> Padded:
        """A row's features are the same alone and padded: every layer sees zeros past its end."""
        x = Padded(at_least(x.data[..., None], self.shortest), x.lengths)
        for conv, norm in zip(self.convs, self.norms, strict=True):
            x = Padded(F.relu(norm(conv(x.data))), conv.lengths(x.lengths))
            if x.has_padding():
                x = Padded(x.data * x.valid()[..., None], x.lengths)
        return x

    def front(self, x: Padded) -> Padded:
        """The samples of each frame's stride, which none of the next frames has."""
        size = self.output_lengths(torch.tensor([max(x.data.shape[1], self.shortest)]))
        found = windows(x.data[..., None], self.front_size, 0, int(size))
        return Padded(found, self.output_lengths(x.lengths))

    def contextualize(
        self,
        features: Padded,
        mask: Tensor | None = None,
        *,
        channel_mask: Tensor | None = None,
        every_layer: bool = False,
    ) -> Hidden:
        frames = masked(features.data, mask, self.mask_embedding)
        if channel_mask is not None:
            frames = frames.masked_fill(channel_mask[:, None], 0)
        outputs = [frames]
        # under autocast cuDNN's LSTM is float16, in bf16 too, where no loss scale keeps its
        # gradients within range
        with torch.autocast(frames.device.type, enabled=False):
            for layer in self.context:
                frames = one_operation(layer, frames) if is_plain() else layer(frames.float())[0]
                outputs.append(frames)
        return Hidden(Padded(frames, features.lengths), tuple(outputs) if every_layer else ())

    def carried(self) -> Carried:
        hop, before, after = 1, 0, 0
        for conv in self.convs:
            padding = int(conv.padding[0])
            before += padding * hop
            after += (conv.kernel_size[0] - 1 - padding) * hop
            hop *= conv.stride[0]
        return Carried(self.extract, States(self.context), Sight(hop, before, after))
