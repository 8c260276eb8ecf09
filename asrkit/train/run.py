"""Puts a training run together: data, model, optimizer, trainer, folder."""

from __future__ import annotations

import contextlib
import logging
import resource
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from humanfriendly import format_size, format_timespan

from asrkit import config
from asrkit.batch import Batch
from asrkit.build import build_objective, choose, phones_of, tokens_of
from asrkit.choices import PHONE_ENCODERS
from asrkit.config import ConfigError
from asrkit.data.dataset import SpeechDataset
from asrkit.data.index import DataIndex
from asrkit.data.loader import make_loader
from asrkit.data.phone_dataset import PhoneDataset
from asrkit.data.phone_index import PhoneIndex
from asrkit.data.phone_noise import PhoneNoise
from asrkit.data.sampler import BatchStream, EpochPlan, EvalStream
from asrkit.encoders.base import Encoder
from asrkit.noise import key_of
from asrkit.objectives.base import Objective
from asrkit.options import LEAST, Options
from asrkit.tokens import TokenList
from asrkit.train import checkpoint
from asrkit.train.batch_size import update_seconds, with_accumulation
from asrkit.train.distributed import World
from asrkit.train.folder import alone, open_folder, same_lists, write_folder
from asrkit.train.log import logger, to_file_and_screen
from asrkit.train.trainer import Trainer
from asrkit.trained import folder_of


def _index(
    options: Options, dirs: list[str], name: str, unlabelled: Sequence[str] = ()
) -> DataIndex | PhoneIndex:
    if not dirs:
        raise ConfigError(f"{name}: missing; name at least one dump folder")
    token_file = options.token_file if options.token_list else None
    if options.phone_list:
        return PhoneIndex(dirs, token_file)
    if both := sorted({*map(Path, dirs)} & {*map(Path, unlabelled)}):
        raise ConfigError(f"unlabelled_data: {both[0]} is in {name} too; its labels would be lost")
    return DataIndex.open([*dirs, *unlabelled], token_file=token_file, unlabelled=unlabelled)


def refuse_repeated_ids(options: Options, index: DataIndex | PhoneIndex) -> None:
    """Features are kept by utterance id: two folders may not give one id to different audio."""
    if not options.objective_conf.get("feature_cache_gib") or len(options.train_data) < 2:
        return
    seen: set[str] = set()
    for row in range(len(index)):
        if (name := index.id(row)) in seen:
            raise ConfigError(
                f"train_data: {name!r} is in two folders, and features are kept by id; rename it, "
                "or set objective_conf.feature_cache_gib to 0"
            )
        seen.add(name)


def _speakers(options: Options, index: DataIndex | PhoneIndex) -> np.ndarray | None:
    if options.batch_by not in ("length", "speaker"):
        raise ConfigError(f"batch_by is {options.batch_by!r}; it must be length or speaker")
    if options.batch_by == "length" or isinstance(index, PhoneIndex):
        return None
    return index.speakers()


def _plan(options: Options, index: DataIndex | PhoneIndex) -> EpochPlan:
    return EpochPlan(
        index.num_samples,
        index.langs,
        batch_bins=options.batch_bins,
        max_batch_size=options.max_batch_size,
        crop=options.crop,
        max_sample_size=options.max_sample_size,
        min_sample_size=options.min_sample_size,
        alpha=options.language_alpha,
        speakers=_speakers(options, index),
        seed=options.seed,
        ids=index.id,
    )


def _check_numbers(options: Options) -> None:
    """Before any work: an interval of 0 would end the run at its first update."""
    for name, least in LEAST.items():
        if vars(options)[name] < least:
            raise ConfigError(f"{name}: {vars(options)[name]} is below {least}")


def _check_phones(options: Options) -> None:
    """The encoder and the data must both be of phones, or both of speech."""
    if options.phone_list and options.encoder not in PHONE_ENCODERS:
        raise ConfigError(f"phone_list: given, but encoder {options.encoder!r} reads speech")
    if options.phone_list and (options.crop or options.unlabelled_data):
        raise ConfigError("phone_list: given, but crop and unlabelled_data are for speech")
    if options.phone_noise and not options.phone_list:
        raise ConfigError("phone_noise: given, but without phone_list the data are speech")


def _dataset(
    options: Options,
    index: DataIndex | PhoneIndex,
    tokens: TokenList | None,
    label_field: str,
    *,
    train: bool,
) -> SpeechDataset | PhoneDataset:
    if isinstance(index, PhoneIndex):
        noise = None
        if train and options.phone_noise:
            noise = PhoneNoise.read(options.phone_noise, seed=options.seed)
        return PhoneDataset(index, TokenList.read(str(options.phone_list)), tokens, noise)
    return SpeechDataset(
        index,
        tokens,
        crop=options.crop and train,
        max_sample_size=options.max_sample_size if train else None,
        label_field=label_field,
        unknown="error" if train else "map",
        replace_bad=train,
        seed=options.seed,
    )


def _describe_data(
    options: Options, index: DataIndex | PhoneIndex, plan: EpochPlan, world: World
) -> None:
    """Hours of each language, what sampling makes of them, and the audio of an update."""
    if isinstance(index, PhoneIndex):
        logger.info("train: %d sentences of %d phones", len(index), index.num_samples.sum())
        if plan.long:
            logger.warning("left out: %d sentences longer than max_sample_size", plan.long)
        return
    for number, name in enumerate(index.lang_names):
        mine = index.langs == number
        hours = index.num_samples[mine].sum() / 57_600_000
        heard = "" if plan.ratios is None else f", heard {plan.ratios[number]:.2f} times an epoch"
        logger.info("train %s: %d utterances, %.2f h%s", name, mine.sum(), hours, heard)
    if plan.short or plan.long:
        logger.warning(
            "left out of training: %d utterances shorter than min_sample_size, %d longer than "
            "max_sample_size", plan.short, plan.long,
        )  # fmt: skip
    full = update_seconds(options, world.size)
    logger.info(
        "an update hears up to %.0f s of audio: %d x %d micro-batches of %.1f s",
        full, world.size, options.accum_grad, options.batch_bins / 16_000,
    )  # fmt: skip
    reference = options.reference_batch_seconds
    if reference and not 0.5 <= full / reference <= 2:
        logger.warning(
            "an update hears %.0f s of audio, the published run %.0f s: set accum_grad to %d, or "
            "expect other results and another best learning rate",
            full, reference, max(1, round(reference * options.accum_grad / full)),
        )  # fmt: skip


def _valid_loader(
    options: Options, tokens: TokenList | None, label_field: str, world: World
) -> Iterable[Batch] | None:
    if not options.valid_data:
        return None
    index = _index(options, options.valid_data, "valid_data")
    plan = EpochPlan(
        index.num_samples,
        batch_bins=options.batch_bins,
        max_batch_size=options.max_batch_size,
        train=False,
    )
    dataset = _dataset(options, index, tokens, label_field, train=False)
    stream = EvalStream(plan, rank=world.rank, world_size=world.size)
    return make_loader(dataset, stream, num_workers=0)


def _describe_model(objective: Objective) -> None:
    for name, part in objective.named_children():
        logger.info("%s: %d parameters", name, sum(p.numel() for p in part.parameters()))
    total = sum(p.numel() for p in objective.parameters())
    learns = sum(p.numel() for p in objective.parameters() if p.requires_grad)
    logger.info("model: %d parameters, of which %d learn", total, learns)


def _warn_of_frozen(options: Options) -> None:
    """A short run of a preset for long ones would never get to the encoder."""
    frozen = options.objective_conf.get("freeze_steps", 0)
    if frozen and frozen >= options.max_update:
        logger.warning(
            "only the head will be trained: objective_conf.freeze_steps is %d, max_update %d",
            frozen, options.max_update,
        )  # fmt: skip


def train(options: Options) -> None:
    """One run from resolved options to average.pt in output_dir."""
    if options.output_dir is None:
        raise ConfigError("output_dir: missing; where shall the experiment be kept?")
    _check_numbers(options)
    folder, content = Path(options.output_dir), config.to_mapping(options)
    if options.parallel == "fsdp" and options.compile:
        raise ConfigError(
            "compile: leave it out with parallel fsdp; the two are not tried together"
        )
    if options.compile and not options.ngpu:
        raise ConfigError(
            "compile: leave it out without a GPU; the routines for CPUs are not traced"
        )
    world = World(ngpu=options.ngpu, parallel=options.parallel)
    with contextlib.ExitStack() as stack:
        if world.is_main:
            stack.enter_context(alone(folder))
        world.barrier()  # no rank looks at the folder while another run may change it
        options = with_accumulation(options, world.size)
        goes_on = open_folder(folder, content, resume=options.resume)
        tokens, phones = tokens_of(options), phones_of(options)
        if goes_on:
            same_lists(folder, tokens, phones)
        _check_phones(options)
        index = _index(options, options.train_data, "train_data", options.unlabelled_data)
        refuse_repeated_ids(options, index)
        plan = _plan(options, index)
        torch.manual_seed(key_of(options.seed, "initial weights"))
        objective = build_objective(options, tokens, phones)
        if options.unlabelled_data and objective.label_field != "phones":
            raise ConfigError(
                f"unlabelled_data: objective {options.objective!r} does not tell labelled from "
                "unlabelled utterances; add the folders to train_data"
            )
        dataset = _dataset(options, index, tokens, objective.label_field, train=True)
        valid = _valid_loader(options, tokens, objective.label_field, world)
        taken = {}
        if options.init and not goes_on:
            # shapes show no other order of the symbols
            with_head = tokens if "head" in options.init_take else None
            same_lists(folder_of(Path(options.init)), with_head, phones)
            taken = checkpoint.take_parts(objective, options.init, options.init_take, content)
            objective.after_init(list(taken))
        objective.to(world.device)
        world.shard(objective)
        optimizer = choose("optimizer", options.optimizer)(
            objective.parameters(), **options.optimizer_conf
        )
        schedule = choose("schedule", options.schedule)(**options.schedule_conf)
        trainer = Trainer(objective, optimizer, schedule, options, world, content)
        if goes_on:
            trainer.restore(folder / "last.pt")
        world.barrier()  # every rank has looked at the folder before rank 0 changes it
        if world.is_main:
            write_folder(folder, content, tokens, phones)
            to_file_and_screen(folder / "train.log")
        else:
            logger.setLevel(logging.WARNING)
        if goes_on:
            logger.info("going on at update %d", trainer.step)
        for part, tensors in taken.items():
            logger.info("%s: %d tensors from %s", part, tensors, options.init)
        _describe_data(options, index, plan, world)
        _describe_model(objective)
        _warn_of_frozen(options)
        if options.compile:
            compile_blocks(objective)
        stream = BatchStream(plan, rank=world.rank, world_size=world.size, start=trainer.start)
        loader = make_loader(
            dataset,
            stream,
            num_workers=options.num_workers,
            pin_memory=world.device.type == "cuda",
        )
        begin = time.monotonic()
        trainer.run(stream, iter(loader), valid)
        logger.info(
            "trained for %s; peak memory of this process %s",
            format_timespan(time.monotonic() - begin),
            format_size(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, binary=True),
        )
        if average := trainer.best.average():
            logger.info("%s: average of %d models", average, len(trainer.best.state()))
    world.close()  # not after an error: the other ranks may never come, and would hide it


def compile_blocks(objective: Objective) -> None:
    """torch.compile on each of the encoders' blocks: one small graph serves all of them."""
    for module in objective.modules():
        if isinstance(module, Encoder):
            for block in module.blocks():
                block.compile()
