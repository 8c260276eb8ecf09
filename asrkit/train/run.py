"""Puts a training run together: data, model, optimizer, trainer, folder."""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import resource
import shutil
import time
from pathlib import Path
from typing import Any

import torch
from humanfriendly import format_size, format_timespan
from torch import nn

from asrkit import config
from asrkit.build import blocks_of, build_objective, choose, phones_of, tokens_of
from asrkit.config import ConfigError
from asrkit.data.loader import make_loader
from asrkit.data.sampler import BatchStream
from asrkit.data.shared_memory import readers_that_fit
from asrkit.data.source import Index
from asrkit.keys import key_of
from asrkit.objectives.base import Objective
from asrkit.options import AUTO, Options
from asrkit.rate import RATE
from asrkit.tokens import TokenList
from asrkit.train import checkpoint, micro_batches
from asrkit.train.agreement import assert_same_on_all_ranks, common, data_fingerprint
from asrkit.train.base_model import base_of
from asrkit.train.batch_size import update_seconds
from asrkit.train.checkpoint import folder_of
from asrkit.train.data import (
    describe,
    open_index,
    plan_of,
    refuse_repeated_ids,
    source_of,
    valid_loader,
)
from asrkit.train.distributed import World
from asrkit.train.folder import alone, changes, open_folder, same_lists, write_config
from asrkit.train.length import describe_length, with_length
from asrkit.train.log import logger, to_file_and_screen
from asrkit.train.marks import mark_of
from asrkit.train.pace import Pace
from asrkit.train.parts import take_parts
from asrkit.train.trainer import Stopped, Trainer

LONG = 1000  # updates after which half a minute of compiling has paid
VARIANTS = 64  # graphs of a block at most
SMALL_BYTES = 2**16  # lengths, keys, labels of a micro-batch: each takes whole pages


def _describe_model(objective: Objective) -> None:
    for name, part in objective.named_children():
        logger.info("%s: %d parameters", name, sum(p.numel() for p in part.parameters()))
    total = sum(p.numel() for p in objective.parameters())
    learns = sum(p.numel() for p in objective.parameters() if p.requires_grad)
    logger.info("model: %d parameters, of which %d learn", total, learns)


def _check(options: Options) -> Path:
    """The folder of the run; ConfigError for what can be refused before any work."""
    if options.output_dir is None:
        raise ConfigError("output_dir: missing; where shall the experiment be kept?")
    if options.parallel == "fsdp" and options.compile is True:
        raise ConfigError(
            "compile: leave it out with parallel fsdp; the two are not tried together"
        )
    if options.compile is True and not options.ngpu:
        raise ConfigError(
            "compile: leave it out without a GPU; the routines for CPUs are not traced"
        )
    if not options.save_base and options.init is None:
        raise ConfigError("save_base: false leaves weights to the model of init, which is missing")
    if "accuracy" in options.best_metric.split("_"):
        raise ConfigError(
            f"best_metric: {options.best_metric} is best where it is highest, and the lowest value "
            "would win; take loss, or an error rate"
        )
    if options.patience and not options.valid_data:
        raise ConfigError("patience: needs valid_data, whose best_metric it waits for")
    return Path(options.output_dir)


def train(options: Options) -> None:
    """One run from resolved options to average.pt in output_dir."""
    folder = _check(options)
    world = World(ngpu=options.ngpu, parallel=options.parallel)
    keep_out = alone(folder) if world.is_main else contextlib.nullcontext()
    with world.together(orderly=Stopped), keep_out:
        world.wait_for_main()  # no rank looks at the folder while another run may change it
        _train(options, folder, world)
    world.close()  # not after an error: the other ranks may never come, and would hide it


def _train(options: Options, folder: Path, world: World) -> None:
    content = config.to_mapping(options)
    goes_on = open_folder(folder, content, resume=options.resume)
    tokens, phones = tokens_of(options), phones_of(options)
    if goes_on:
        same_lists(folder, tokens, phones)
    source = source_of(options)
    index = open_index(source, options.train_data, "train_data", options.unlabeled_data)
    refuse_repeated_ids(options, index)
    objective = _new_objective(options, tokens, phones)
    taken = {} if goes_on else _take_parts(objective, options, tokens, phones, content)
    base = None if goes_on else _base(objective, options)
    mark = data_fingerprint(index.num_samples, index.langs)
    assert_same_on_all_ranks(
        world,
        configuration=common(content),
        training_data=mark,
        update="goes on" if goes_on else 0,
    )
    objective.to(world.device)
    world.shard(objective)
    given = options
    remembered = micro_batches.read(folder) if goes_on else {}
    symbols = len(tokens) if tokens else 2
    options = micro_batches.settle(source, objective, index, world, remembered, symbols)
    source = source_of(options)
    plan = plan_of(source, index)
    options = with_length(
        options, plan, world.size, folder if goes_on else None, audio=source.audio
    )
    content["max_update"] = options.max_update
    for module in objective.modules():
        if isinstance(module, Objective):
            module.total = options.max_update
    _refuse_idle(objective)
    dataset = source.dataset(index, tokens, objective.label_field, train=True)
    valid = valid_loader(source, tokens, objective.label_field, world)
    trainer = _trainer(objective, options, world, content)
    trainer.mark, trainer.base = mark_of(options, source, index, world, mark), base
    before = trainer.restore(folder / "last.pt") if goes_on else None
    if before is not None:
        before.refuse_another(trainer.mark, folder, options.init)
        trainer.mark = trainer.mark.completed(before)
    assert_same_on_all_ranks(world, update=trainer.step)
    world.barrier()  # every rank has looked at the folder before rank 0 changes it
    changed = changes(folder, content) if goes_on and world.is_main else []
    if world.is_main:
        write_config(folder, content, tokens, phones)
        micro_batches.write(folder, given, options)
        to_file_and_screen(folder / "train.log")
    else:
        logger.setLevel(logging.WARNING)
    if before is not None:
        logger.info("going on at update %d", trainer.step)
        for change in changed:
            logger.info("from here on, %s", change)
        _tell_of_rounding(before.device, world.device_name)
    for part, tensors in taken.items():
        logger.info("%s: %d tensors from %s", part, tensors, options.init)
    describe(source, index, plan, world)
    _describe_model(objective)
    if not goes_on:
        _warn_of_random_frozen(objective, options)
    describe_length(options, trainer.schedule, plan, world.size, derived=given.max_update == 0)
    if options.compile is True or (options.compile == AUTO and pays(options, world)):
        compile_blocks(objective, may_fail=options.compile == AUTO)
    trainer.progress.pace = _pace(options, trainer.step, index, world)
    stream = BatchStream(plan, rank=world.rank, world_size=world.size, start=trainer.start)
    on_gpu = world.device.type == "cuda"
    batch_bytes = plan.batch_bins * dataset.sample_bytes + SMALL_BYTES
    readers = readers_that_fit(options.num_workers, batch_bytes, processes=world.local_size)
    loader = make_loader(dataset, stream, num_workers=readers, pin_memory=on_gpu)
    begin = time.monotonic()
    with contextlib.closing(iter(loader)) as batches:
        trainer.run(stream, batches, valid)
    logger.info(
        "trained for %s; peak memory of this process %s",
        format_timespan(time.monotonic() - begin),
        format_size(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, binary=True),
    )
    if average := trainer.best.average():
        logger.info("%s: average of %d models", average, len(trainer.best.state()))


def _new_objective(
    options: Options, tokens: TokenList | None, phones: TokenList | None
) -> Objective:
    """With the initial weights that the seed gives."""
    torch.manual_seed(key_of(options.seed, "initial weights"))
    objective = build_objective(options, tokens, phones)
    if options.unlabeled_data and objective.label_field != "phones":
        raise ConfigError(
            f"unlabeled_data: objective {options.objective!r} does not tell labeled from "
            "unlabeled utterances; add the folders to train_data"
        )
    return objective


def _take_parts(
    objective: Objective,
    options: Options,
    tokens: TokenList | None,
    phones: TokenList | None,
    content: dict[str, Any],
) -> dict[str, int]:
    """Takes ``init_take`` over from ``init``; how many tensors of each part."""
    if not options.init:
        return {}
    # shapes show no other order of the symbols
    with_head = tokens if "head" in options.init_take else None
    same_lists(folder_of(Path(options.init)), with_head, phones)
    taken = take_parts(objective, options.init, options.init_take, content)
    objective.after_init(list(taken))
    return taken


def _base(objective: Objective, options: Options) -> dict[str, Any] | None:
    """What checkpoints leave to the model of ``init``; None where they are to be whole."""
    if options.save_base or options.init is None:
        return None
    weights = checkpoint.load(options.init)["model"]
    return base_of(objective, options.init, weights, options.init_take)


def _refuse_idle(objective: Objective) -> None:
    """Something has to learn from the first update on."""
    objective.train()
    objective.before_step(0)
    rests = {id(parameter) for parameter in objective.frozen()}
    if not any(p.requires_grad and id(p) not in rests for p in objective.parameters()):
        raise ConfigError(
            "trainable: nothing learns in the first update, as all that it names rests then "
            "(objective_conf.freeze_steps, freeze_encoder); name the head, too"
        )


def _warn_of_random_frozen(objective: Objective, options: Options) -> None:
    """Where nothing is taken over, a part that does not learn stays as it was drawn."""
    frozen = [n for n, p in objective.named_parameters() if not p.requires_grad]
    frozen = [name for name in frozen if name.startswith("encoder.")]
    if frozen and not options.init:
        logger.warning(
            "%d tensors of the encoder do not learn (%s, ...) and are random, as there is no init: "
            "give --init a pre-trained model, or take a configuration that starts from scratch, "
            "such as scratch_ctc_base.yaml",
            len(frozen), frozen[0],
        )  # fmt: skip


def _tell_of_rounding(before: str, now: str) -> None:
    if before != now:
        logger.info(
            "from here on, device: %s -> %s, which rounds sums differently: the weights will not "
            "be bit for bit those of a run without interruption", before, now,
        )  # fmt: skip


def _pace(options: Options, step: int, index: Index, world: World) -> Pace:
    if options.phone_list:
        return Pace(options, step=step)
    hours = float(index.num_samples.sum(dtype="int64")) / RATE / 3600
    seen = options.max_update * update_seconds(options, world.size) / 3600
    return Pace(options, step=step, hours=hours, seen=seen)


def _trainer(
    objective: Objective, options: Options, world: World, content: dict[str, Any]
) -> Trainer:
    optimizer = choose("optimizer", options.optimizer)(
        objective.named_parameters(), **options.optimizer_conf
    )
    schedule = choose("schedule", options.schedule)(**options.schedule_conf)
    return Trainer(objective, optimizer, schedule, options, world, content)


def pays(options: Options, world: World) -> bool:
    """Whether ``compile: auto`` compiles: Triton needs a C compiler and half a minute."""
    return (
        world.device.type == "cuda"
        and not world.sharded
        and options.max_update >= LONG
        and importlib.util.find_spec("triton") is not None
        and any(map(shutil.which, ("cc", "gcc", "clang")))
    )


def compile_blocks(objective: nn.Module, *, may_fail: bool = False) -> None:
    """torch.compile on each of the encoders' blocks: one small graph serves all of them.

    may_fail: blocks that cannot be compiled run as they are, with torch's warning.

    A block is traced again with and without padding, skipped or not, frozen, in evaluation and for
    single rows: more often than torch allows, which then goes on uncompiled.
    """
    import torch._dynamo.config  # slow to import: only runs that compile pay for it

    torch._dynamo.config.suppress_errors = may_fail
    torch._dynamo.config.cache_size_limit = VARIANTS  # newer versions know this name too
    for block in blocks_of(objective):
        block.compile(dynamic=True)
