"""The Transcoder's network: convolutions inside words, attention between them (TranUSR 2.3)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from torch import Tensor, nn
from torch.nn import functional as F

from asrkit.batch import Padded
from asrkit.encoders.attention import SelfAttention
from asrkit.encoders.base import Hidden
from asrkit.encoders.block import Block
from asrkit.encoders.kernels.dropout import Dropout
from asrkit.ranges import BelowOne, Count
from asrkit.tokens import TokenList
from asrkit.transcoder.embedding import PosteriorEncoder

ATTENTIONS = 2  # in a block, whatever the number of convolutions


class TranscoderBlock(Block):
    """Convolution and attention in turn, then feed-forward; each behind a norm, with a residual."""

    def __init__(
        self, width: int, *, heads: int, ffn: int, kernels: list[int], dropout: float
    ) -> None:
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv1d(width, width, k, padding=k // 2) for k in kernels)
        self.conv_norms = nn.ModuleList(nn.LayerNorm(width) for _ in kernels)
        self.attentions = nn.ModuleList(
            SelfAttention(width, heads=heads, dropout=dropout) for _ in range(ATTENTIONS)
        )
        self.attention_norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(ATTENTIONS))
        self.ffn_norm = nn.LayerNorm(width)
        self.fc1, self.fc2 = nn.Linear(width, ffn), nn.Linear(ffn, width)
        self.dropout = Dropout(dropout)

    def _conv(self, number: int, x: Tensor, valid: Tensor | None) -> Tensor:
        inner = self.conv_norms[number](x)
        if valid is not None:  # padding is silence to the kernels, as the end of a sentence is
            inner = inner * valid[..., None]
        inner = self.convs[number](inner.transpose(1, 2)).transpose(1, 2)
        out: Tensor = x + self.dropout(F.gelu(inner))
        return out

    def forward(self, x: Tensor, lengths: Tensor, valid: Tensor | None) -> tuple[Tensor, Tensor]:
        """x [B, L, D] to (output, feed-forward output before dropout and residual)."""
        for number in range(max(len(self.convs), ATTENTIONS)):
            if number < len(self.convs):
                x = self._conv(number, x, valid)
            if number < ATTENTIONS:
                inner = self.attention_norms[number](x)
                x = x + self.dropout(self.attentions[number](inner, lengths, valid))
        ffn: Tensor = self.fc2(self.dropout(F.gelu(self.fc1(self.ffn_norm(x)))))
        return self.adapted(x + self.dropout(ffn)), ffn


class TranscoderEncoder(PosteriorEncoder):
    """Phone posteriors [B, L, P] to [B, L, D]: linear layer, ``blocks`` Transcoder blocks, norm.

    kernels: of a block's convolutions, odd; [3] is the ablation with one. ffn: inner width.
    hard, position: see PosteriorEncoder. dropout: everywhere, attention weights too.
    """

    def __init__(
        self,
        phones: TokenList,
        *,
        width: Count = 256,
        blocks: Count = 3,
        heads: Count = 4,
        ffn: Count = 1024,
        kernels: list[Count] = [3, 5],  # noqa: B006 (read only)
        dropout: BelowOne = 0.1,
        hard: bool = False,
        position: bool = True,
    ) -> None:
        if not kernels or any(kernel < 1 or kernel % 2 == 0 for kernel in kernels):
            raise ValueError(f"kernels are odd and at least one, not {kernels}")
        super().__init__(phones, width=width, hard=hard, position=position, dropout=dropout)
        self.stack = nn.ModuleList(
            TranscoderBlock(width, heads=heads, ffn=ffn, kernels=kernels, dropout=dropout)
            for _ in range(blocks)
        )
        self.norm = nn.LayerNorm(width)

    def blocks(self) -> Iterable[Block]:
        return cast(Iterable[Block], self.stack)

    def context(self, x: Padded, every_layer: bool) -> Hidden:
        lengths = x.lengths.clamp(min=1)  # a softmax over no position at all were NaN
        frames, valid = x.data, None
        if (known := Padded(frames, lengths)).has_padding():
            valid = known.valid()
        outputs, ffns = [frames], []
        for block in self.stack:
            frames, ffn = block(frames, lengths, valid)
            outputs.append(frames)
            ffns.append(ffn)
        output = Padded(self.norm(frames), x.lengths)
        return Hidden(output, tuple(outputs), tuple(ffns)) if every_layer else Hidden(output)
