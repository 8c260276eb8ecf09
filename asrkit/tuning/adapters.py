"""Residual adapters (Houlsby et al. 2019; one a block, as in MMS, Pratap et al. 2023): x + up(relu(
down(norm(x)))) after each block of an encoder."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from asrkit.encoders.base import Encoder
from asrkit.encoders.kernels.tensor_cores import LayerNorm
from asrkit.ranges import Count
from asrkit.tuning.tuned import Tuned


class Adapter(Tuned):
    """[..., D] to what is added to it, [..., D]; 0 at first. size: of the narrow layer."""

    kind = "adapters"

    def __init__(self, width: int, size: int) -> None:
        super().__init__()
        self.norm = LayerNorm(width)
        self.down = nn.Linear(width, size)
        self.up = nn.Linear(size, width)
        for value in self.up.parameters():
            nn.init.zeros_(value)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.up(F.relu(self.down(self.norm(x))))
        return out


def adapters(encoder: Encoder, *, size: Count = 64) -> None:
    """Puts an adapter after each block of ``encoder``, in place.

    size: of its narrow layer (MMS: 16). Raises ValueError for an encoder without blocks.
    """
    blocks = list(encoder.blocks())
    if not blocks:
        raise ValueError("this encoder has no blocks that an adapter could follow")
    for block in blocks:
        block.adapter = Adapter(encoder.output_size, size)
