"""A block of an encoder: computed once, or once more in backward in place of keeping what it made.

Why: what a transformer layer keeps for backward is some thirty times its input. Without it larger
models fit a card; the price is a second forward pass of the blocks.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint


class Block(nn.Module):
    """A module whose weights only its own forward uses, called once a pass whatever is drawn.

    recompute: keep the inputs alone and call it again in backward. Whatever it draws must come from
    torch's generators, whose state that call finds as the first did: the same values, bit for bit.
    Around the hooks of FSDP and what torch.compile made, which see two ordinary calls.
    adapter: what a tuning adds to the output (tuning/adapters.py), which ``forward`` hands through
    ``adapted``.
    """

    recompute = False

    def __init__(self) -> None:
        super().__init__()
        self.adapter: nn.Module | None = None

    def adapted(self, x: Tensor) -> Tensor:
        """A block's output, with what its adapter adds to it."""
        return x if self.adapter is None else x + self.adapter(x)

    def __call__(self, *args: Any) -> Any:
        if self.recompute and torch.is_grad_enabled():
            return checkpoint(super().__call__, *args, use_reentrant=False)
        return super().__call__(*args)
