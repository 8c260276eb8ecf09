"""What ``batch_bins: auto`` and ``batch_shapes: auto`` stand for on a device.

Settled once, when a run begins, and remembered in its folder: the order of micro-batches follows
from both, so that a run that goes on elsewhere keeps them.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from asrkit.batch import Batch, Padded
from asrkit.config import ConfigError, check_type
from asrkit.data.source import Index, Source
from asrkit.files import write_json
from asrkit.objectives.base import Objective
from asrkit.options import AUTO, Options
from asrkit.ranges import Count, Natural
from asrkit.rate import RATE
from asrkit.train.batch_size import with_accumulation
from asrkit.train.distributed import World
from asrkit.train.log import logger
from asrkit.train.precision import Precision

FILE = "micro_batches.json"
KINDS: dict[str, Any] = {"batch_bins": Count, "batch_shapes": Natural}
CPU_BINS = 1_400_000  # 87.5 s, XLSR's share of an update for one GPU
MOST_SECONDS = 800  # of audio: more did not make an H100 faster (docs/gpu.md)
GPU_SHAPES = 32
USABLE = 0.85  # of the memory that is free: what training needs varies, and leaves gaps
FEWER = 0.8  # of the rows, after a trial that did not fit
LATE = 10**9  # an update in which all learns that ever will
LABELS_A_SECOND = 15  # more than people speak


def settle(
    source: Source,
    objective: Objective,
    index: Index,
    world: World,
    remembered: dict[str, int],
    symbols: int,
) -> Options:
    """Options with numbers for ``auto`` and for ``accum_grad: 0``; the same on all ranks.

    objective: on its device.
    remembered: what ``read`` found in the folder of the run. symbols: how many labels
    there are, with the blank; 2 without labels.
    """
    options = source.options
    if options.batch_bins == AUTO and not source.audio:
        raise ConfigError("batch_bins: auto is for speech; with phone_list give a number of phones")
    found: dict[str, Any] = {}
    if options.batch_shapes == AUTO:
        on_gpu = world.device.type == "cuda" and source.audio
        found["batch_shapes"] = GPU_SHAPES if on_gpu else 0
    if options.batch_bins == AUTO:
        longest = int(source.lengths(index).max())
        found["batch_bins"] = remembered.get("batch_bins") or _bins(
            options, objective, longest, world, symbols
        )
    found |= {name: value for name, value in remembered.items() if name in found}
    options = dataclasses.replace(options, **found)
    return with_accumulation(options, world.size, audio=source.audio)


def read(folder: Path) -> dict[str, int]:
    """Of a run that goes on; empty where nothing was left to choose. Raises ConfigError for what
    cannot be such a number, as people edit the file."""
    path = folder / FILE
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ConfigError(f"{path}: not readable JSON ({error}); correct it") from None
    check_type(str(path), content, dict[str, Any])
    found = {name: content[name] for name in KINDS if name in content}
    for name, value in found.items():
        check_type(f"{path}: {name}", value, KINDS[name])
    return found


def write(folder: Path, given: Options, settled: Options) -> None:
    """``given``: the options as they were before ``settle``."""
    names = [name for name in ("batch_bins", "batch_shapes") if vars(given)[name] == AUTO]
    if names:
        write_json(folder / FILE, {name: vars(settled)[name] for name in names})


def _bins(options: Options, objective: Objective, longest: int, world: World, symbols: int) -> int:
    """As much as the device holds, of which whole micro-batches make up the published update."""
    clip = min(longest, options.max_sample_size)
    if world.device.type != "cuda":
        return max(CPU_BINS, clip)
    if options.accum_grad or not options.reference_batch_seconds:
        raise ConfigError(
            "batch_bins: auto keeps the audio of an update: it needs accum_grad 0 and "
            "reference_batch_seconds; or give a number"
        )
    share = int(options.reference_batch_seconds * RATE / world.size)
    most = max(1, min(share, MOST_SECONDS * RATE) // clip)
    rows = largest(_trial(options, objective, world, clip, symbols), most)
    if rows == 0:
        raise ConfigError(
            f"batch_bins: auto: not even one clip of {clip / RATE:.1f} s fits in the memory of "
            "this GPU; set checkpoint_activations to true, or lower max_sample_size"
        )
    return whole_parts(share, rows * clip, clip)


def whole_parts(share: int, room: int, clip: int) -> int:
    """Samples of a micro-batch, at most ``room``, of which a whole number make up ``share``; one
    ``clip`` at least."""
    return max(clip, share // math.ceil(share / room))


def largest(fits: Callable[[int], float | None], most: int) -> int:
    """Rows of a micro-batch, at most ``most``; 0 if not even one fits.

    fits: runs a trial with so many rows; the share of the usable memory that it took, or None if
    it did not fit. Memory grows linearly with rows: two small trials say how many to try.
    """
    first = fits(1)
    if first is None or first > 1:
        return 0
    rows = 1
    if most > 1 and (second := fits(2)) is not None and second <= 1:
        slope = max(second - first, 1e-9)
        rows = max(2, min(most, int(2 + (1 - second) / slope)))
    while rows > 2:
        taken = fits(rows)
        if taken is not None and taken <= 1:
            return rows
        rows = max(2, int(rows * FEWER))
    return min(rows, most)


def _trial(
    options: Options, objective: Objective, world: World, clip: int, symbols: int
) -> Callable[[int], float | None]:
    """Forward and backward on made-up clips, as late in the run as the encoder learns; all ranks
    together, and what holds for the worst of them."""
    device = world.device
    precision = Precision(options.precision, device)
    learning = sum(
        local.numel()
        for local in world.local([p for p in objective.parameters() if p.requires_grad])
    )
    later = learning * (4 if world.distributed and not world.sharded else 0)  # ranks' gradients
    later += learning * 8  # the optimizer's moments
    later += int(options.objective_conf.get("feature_cache_gib", 0) * 2**30)

    def fits(rows: int) -> float | None:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)
        free = torch.cuda.mem_get_info(device)[0] + torch.cuda.memory_reserved(device)
        try:
            objective.train()
            objective.before_step(LATE)
            torch.manual_seed(options.seed)
            with precision.autocast():
                output = objective(_made_up(rows, clip, symbols).to(device))
            output.loss.backward()
            del output
            taken = torch.cuda.max_memory_allocated(device)
            share = (taken + later) / (free * USABLE)
        except torch.cuda.OutOfMemoryError:
            share = math.inf
        for parameter in objective.parameters():
            parameter.grad = None
        objective.forget()
        torch.cuda.empty_cache()
        worst = max(world.gather(share))
        logger.info("trial of %d x %.1f s: %.0f %% of the GPU's memory", rows, clip / RATE,
                    100 * worst * USABLE)  # fmt: skip
        return None if worst == math.inf else worst

    return fits


def _made_up(rows: int, samples: int, symbols: int) -> Batch:
    """Noise of ``samples`` samples, and as many labels as people speak at most."""
    generator = torch.Generator().manual_seed(0)
    count = max(1, samples * LABELS_A_SECOND // RATE)

    def full(data: Tensor) -> Padded:
        return Padded(data, torch.full((rows,), data.shape[1], dtype=torch.int64))

    labels = full(torch.randint(1, symbols, (rows, count), generator=generator))
    return Batch(
        ids=[f"trial {row}" for row in range(rows)],
        keys=torch.arange(rows),
        speech=full(torch.randn(rows, samples, generator=generator).mul_(0.1)),
        text=labels,
        phones=labels,
        langs=torch.zeros(rows, dtype=torch.int64),
    )
