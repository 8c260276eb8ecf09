"""A Conformer in the Transcoder's place (TranUSR, Table 3; torchaudio's implementation)."""

from __future__ import annotations

import torch
import torchaudio
from torch import Tensor

from asrkit.batch import Padded, valid_mask
from asrkit.encoders.base import Hidden
from asrkit.ranges import BelowOne, Count
from asrkit.tokens import TokenList
from asrkit.transcoder.embedding import PosteriorEncoder


class ConformerEncoder(PosteriorEncoder):
    """Phone posteriors [B, L, P] to [B, L, D] by ``layers`` Conformer layers (Gulati et al. 2020).

    kernel: of the depthwise convolutions, odd. Norms over a sentence (group norm) in place of batch
    norm: a batch norm's running numbers would change in ``forward``. torchaudio's convolutions and
    norms see padding, so that a row's result depends on its batch in training; in evaluation rows
    of one length are computed together.
    """

    def __init__(
        self,
        phones: TokenList,
        *,
        width: Count = 256,
        layers: Count = 3,
        heads: Count = 4,
        ffn: Count = 1024,
        kernel: Count = 31,
        dropout: BelowOne = 0.1,
        hard: bool = False,
        position: bool = True,
    ) -> None:
        if kernel < 1 or kernel % 2 == 0:
            raise ValueError(f"kernel is odd, not {kernel}")
        if width % heads:
            raise ValueError(f"width {width} is not a multiple of {heads} heads")
        super().__init__(phones, width=width, hard=hard, position=position, dropout=dropout)
        self.conformer = torchaudio.models.Conformer(
            width, heads, ffn, layers, kernel, dropout=dropout, use_group_norm=True
        )

    def context(self, x: Padded, every_layer: bool) -> Hidden:
        if every_layer:
            raise ValueError("torchaudio's Conformer does not give its layers' outputs")
        lengths = x.lengths.clamp(min=1)
        if self.training or not Padded(x.data, lengths).has_padding():
            return Hidden(Padded(self._layers(x.data, lengths), x.lengths))
        out = torch.zeros_like(x.data)
        for length in sorted(set(lengths.tolist())):
            rows = (lengths == length).nonzero()[:, 0].to(x.data.device, non_blocking=True)
            part = self._layers(x.data[rows, :length], torch.full((len(rows),), length))
            out[rows, :length] = part.to(out.dtype)  # autocast's last norm gives float32
        return Hidden(Padded(out, x.lengths))

    def _layers(self, frames: Tensor, lengths: Tensor) -> Tensor:
        """What Conformer.forward does, but for lengths: they stay on the host."""
        padding = ~valid_mask(lengths, frames.shape[1], frames.device)
        frames = frames.transpose(0, 1)
        for layer in self.conformer.conformer_layers:
            frames = layer(frames, padding)
        return frames.transpose(0, 1)
