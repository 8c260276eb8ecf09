"""A block of an encoder: computed once, or once more in backward in place of keeping what it made.

Why: what a transformer layer keeps for backward is some thirty times its input. Without it larger
models fit a card; the price is a second forward pass of the blocks.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint


class Block(nn.Module):
    """A module whose weights only its own forward uses, called once a pass whatever is drawn.

    recompute: keep the inputs alone and call it again in backward. Whatever it draws must come from
    torch's generators, whose state that call finds as the first did: the same values, bit for bit.
    Around the hooks of FSDP and what torch.compile made, which see two ordinary calls.
    """

    recompute = False

    def __call__(self, *args: Any) -> Any:
        if self.recompute and torch.is_grad_enabled():
            return checkpoint(super().__call__, *args, use_reentrant=False)
        return super().__call__(*args)
