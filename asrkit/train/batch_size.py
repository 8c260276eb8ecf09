"""How much audio an update sees, and how many micro-batches that takes on the devices."""

from __future__ import annotations

import dataclasses

from asrkit.config import ConfigError
from asrkit.options import AUTO, Options
from asrkit.rate import RATE


def update_seconds(options: Options, world_size: int) -> float:
    """Audio of one update over all ranks, padding included, at most; bins must be samples."""
    assert options.batch_bins != AUTO  # micro_batches.settle comes first
    return options.batch_bins * options.accum_grad * world_size / RATE


def with_accumulation(options: Options, world_size: int, *, audio: bool = True) -> Options:
    """``accum_grad: 0`` resolved: so many micro-batches that an update sees as much audio as
    ``reference_batch_seconds`` says, and one at least. Rounded: at most a third above or below,
    unless one micro-batch a rank is too much already. audio: whether bins are samples of it.
    """
    if options.accum_grad:
        return options
    if not audio:
        raise ConfigError(
            "accum_grad: 0 counts seconds of audio, but with phone_list the bins of a batch are "
            "phones; give a number of micro-batches"
        )
    reference = options.reference_batch_seconds
    if not reference:
        raise ConfigError(
            "accum_grad: 0 asks for as much audio an update as reference_batch_seconds, which is "
            "missing; give that, or a number of micro-batches"
        )
    one = update_seconds(dataclasses.replace(options, accum_grad=1), world_size)
    return dataclasses.replace(options, accum_grad=max(1, round(reference / one)))
