"""How many updates a run has, and how its phases divide them."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

from asrkit import config
from asrkit.config import ConfigError
from asrkit.data.sampler import EpochPlan
from asrkit.options import Options
from asrkit.phases import phase_length
from asrkit.rate import RATE
from asrkit.train.log import logger
from asrkit.train.schedule import Schedule


def with_length(
    options: Options,
    plan: EpochPlan,
    world_size: int,
    begun: Path | None = None,
    *,
    audio: bool = True,
) -> Options:
    """``max_update: 0`` resolved: so many updates that n hours of speech are seen ``passes`` /
    sqrt(n) times, and one at least. ``accum_grad`` must be resolved.

    begun: folder of a run that goes on; it keeps the number that it began with, whatever the data
    and the devices are now. audio: whether the data have hours.
    """
    if options.max_update:
        return options
    if begun is not None:
        saved = begun / "config.yaml"
        length = config.from_mapping(config.read_yaml(saved), str(saved)).max_update
        return dataclasses.replace(options, max_update=length)
    if not audio:
        raise ConfigError(
            "max_update: 0 counts hours of speech, but with phone_list the data are phones; give a "
            "number of updates"
        )
    if options.passes is None:
        raise ConfigError(
            "max_update: 0 asks for as many updates as passes says, which is missing; give that, "
            "or a number of updates"
        )
    passes = options.passes / math.sqrt(_hours(plan))
    updates = passes * plan.first.batches / (options.accum_grad * world_size)
    return dataclasses.replace(options, max_update=max(1, round(updates)))


def _hours(plan: EpochPlan) -> float:
    """Speech that an epoch reads."""
    return float(plan.first.samples) / RATE / 3600


def describe_length(
    options: Options, schedule: Schedule, plan: EpochPlan, world_size: int, *, derived: bool
) -> None:
    """The run's phases, where its length was ``derived``; a warning where the encoder never learns.

    A short run of a preset for long ones would never get to it.
    """
    total = options.max_update
    frozen = math.ceil(phase_length(options.objective_conf.get("freeze_steps", 0), total))
    if derived:
        hours, batches = _hours(plan), plan.first.batches
        risen, falls = schedule.turns(total)
        logger.info(
            "%.2f h of speech, seen %.1f times: %d updates, %d of warm-up, encoder frozen for %d; "
            "the learning rate falls from %d on",
            hours, total * options.accum_grad * world_size / batches, total, risen, frozen, falls,
        )  # fmt: skip
    if frozen and frozen >= total:
        logger.warning(
            "only the head will be trained: objective_conf.freeze_steps is %d, max_update %d",
            frozen, total,
        )  # fmt: skip
