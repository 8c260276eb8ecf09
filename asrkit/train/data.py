"""What a run reads, from its options: indices, plans and batches of its folders."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from asrkit.batch import Batch
from asrkit.choices import PHONE_ENCODERS
from asrkit.config import ConfigError
from asrkit.data.dataset import BatchDataset, SpeechDataset
from asrkit.data.index import DataIndex
from asrkit.data.loader import make_loader
from asrkit.data.sampler import EpochPlan, EvalStream
from asrkit.options import AUTO, Options
from asrkit.tokens import TokenList
from asrkit.train.batch_size import update_seconds
from asrkit.train.distributed import World
from asrkit.train.log import logger
from asrkit.transcoder.dataset import PhoneDataset
from asrkit.transcoder.index import PhoneIndex
from asrkit.transcoder.noise import PhoneNoise


def open_index(
    options: Options, dirs: list[str], name: str, unlabelled: Sequence[str] = ()
) -> DataIndex | PhoneIndex:
    """Of phones with a phone_list, else of speech; ``name``: the option that ``dirs`` come from."""
    if not dirs:
        raise ConfigError(f"{name}: missing; name at least one dump folder")
    if twice := [folder for number, folder in enumerate(dirs) if folder in dirs[:number]]:
        raise ConfigError(f"{name}: names {twice[0]} twice; its utterances would count twice")
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


def plan_of(options: Options, index: DataIndex | PhoneIndex) -> EpochPlan:
    """The micro-batches of training."""
    assert options.batch_bins != AUTO and options.batch_shapes != AUTO  # settled
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
        shapes=options.batch_shapes,
        seed=options.seed,
        ids=index.id,
    )


def check_phones(options: Options) -> None:
    """The encoder and the data must both be of phones, or both of speech."""
    if options.phone_list and options.encoder not in PHONE_ENCODERS:
        raise ConfigError(f"phone_list: given, but encoder {options.encoder!r} reads speech")
    if options.phone_list and (options.crop or options.unlabelled_data):
        raise ConfigError("phone_list: given, but crop and unlabelled_data are for speech")
    if options.phone_noise and not options.phone_list:
        raise ConfigError("phone_noise: given, but without phone_list the data are speech")


def dataset_of(
    options: Options,
    index: DataIndex | PhoneIndex,
    tokens: TokenList | None,
    label_field: str,
    *,
    train: bool,
) -> BatchDataset:
    """Without ``train`` nothing is cropped, made noisy or replaced."""
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


def describe(
    options: Options, index: DataIndex | PhoneIndex, plan: EpochPlan, world: World
) -> None:
    """Hours of each language, what sampling makes of them, and the audio of an update."""
    if isinstance(index, PhoneIndex):
        logger.info("train: %d sentences of %d phones", len(index), index.num_samples.sum())
        if plan.long:
            logger.warning("left out: %d sentences longer than max_sample_size", plan.long)
        return
    for number, (name, hours) in enumerate(index.hours().items()):
        count = np.count_nonzero(index.langs == number)
        heard = "" if plan.ratios is None else f", heard {plan.ratios[number]:.2f} times an epoch"
        logger.info("train %s: %d utterances, %.2f h%s", name, count, hours, heard)
    if plan.short or plan.long:
        logger.warning(
            "left out of training: %d utterances shorter than min_sample_size, %d longer than "
            "max_sample_size", plan.short, plan.long,
        )  # fmt: skip
    full = update_seconds(options, world.size)
    logger.info(
        "an update hears up to %.0f s of audio: %d x %d micro-batches of %.1f s",
        full, world.size, options.accum_grad, full / world.size / options.accum_grad,
    )  # fmt: skip
    if plan.shapes:
        logger.info(
            "full micro-batches have %d shapes, from %d x %.1f s to %d x %.1f s; %.1f %% of the "
            "audio is %s",
            len(plan.shapes), *_in_seconds(plan.shapes[0]), *_in_seconds(plan.shapes[-1]),
            100 * plan.padding(plan.epoch(0)), "cropped away" if plan.crop else "padding",
        )  # fmt: skip
    reference = options.reference_batch_seconds
    if reference and not 0.5 <= full / reference <= 2:
        logger.warning(
            "an update hears %.0f s of audio, the published run %.0f s: set accum_grad to %d, or "
            "expect other results and another best learning rate",
            full, reference, max(1, round(reference * options.accum_grad / full)),
        )  # fmt: skip


def _in_seconds(shape: tuple[int, int]) -> tuple[int, float]:
    return shape[0], shape[1] / 16_000


def valid_loader(
    options: Options, tokens: TokenList | None, label_field: str, world: World
) -> Iterable[Batch] | None:
    """This rank's batches of valid_data, for every validation anew; None if there are no data."""
    if not options.valid_data:
        return None
    assert options.batch_bins != AUTO and options.batch_shapes != AUTO  # settled
    index = open_index(options, options.valid_data, "valid_data")
    plan = EpochPlan(
        index.num_samples,
        batch_bins=options.batch_bins,
        max_batch_size=options.max_batch_size,
        shapes=options.batch_shapes,
        train=False,
    )
    dataset = dataset_of(options, index, tokens, label_field, train=False)
    stream = EvalStream(plan, rank=world.rank, world_size=world.size)
    return make_loader(dataset, stream, num_workers=0)
