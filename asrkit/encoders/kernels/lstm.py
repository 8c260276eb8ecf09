"""An LSTM layer that stays one operation where a graph is traced.

Why: torch takes its own apart into the steps of the example that is traced, whose number is then
fixed.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


@torch.library.custom_op("asrkit::lstm", mutates_args=())
def lstm(x: Tensor, w_in: Tensor, w_state: Tensor, b_in: Tensor, b_state: Tensor) -> Tensor:
    """x [B, T, D] to states [B, T, D'], from a state of zeros; weights as in nn.LSTM."""
    zeros = x.new_zeros(1, len(x), w_state.shape[1])
    weights = [w_in, w_state, b_in, b_state]
    return torch.lstm(x, (zeros, zeros), weights, True, 1, 0.0, False, False, True)[0]


@lstm.register_fake
def _shape(x: Tensor, w_in: Tensor, w_state: Tensor, b_in: Tensor, b_state: Tensor) -> Tensor:
    return x.new_empty(x.shape[0], x.shape[1], w_state.shape[1])


def one_operation(layer: nn.LSTM, x: Tensor) -> Tensor:
    """``layer(x)[0]`` of one layer, one direction, batch first."""
    (weights,) = layer.all_weights
    states: Tensor = lstm(x, *weights)
    return states
