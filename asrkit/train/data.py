"""What a run reads, from its options: indices, plans and batches of its folders."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from asrkit.batch import Batch
from asrkit.build import augment_of
from asrkit.choices import DATA, READERS
from asrkit.config import ConfigError
from asrkit.data.loader import make_loader
from asrkit.data.sampler import EpochPlan, EvalStream
from asrkit.data.source import Index, Source
from asrkit.options import AUTO, Options
from asrkit.rate import RATE
from asrkit.tokens import TokenList
from asrkit.train.batch_size import update_seconds
from asrkit.train.distributed import World
from asrkit.train.log import logger


def source_of(options: Options) -> Source:
    """The kind of data: phones with a phone_list, else speech. Raises ConfigError where the encoder
    reads another kind."""
    name = "phones" if options.phone_list else "speech"
    if options.encoder not in READERS[name]:
        given = "phone_list: given" if options.phone_list else "phone_list: missing"
        reads = "speech" if options.phone_list else "phones"
        raise ConfigError(f"{given}, but encoder {options.encoder!r} reads {reads}")
    return DATA[name](options, augment_of(options))


def open_index(source: Source, dirs: list[str], name: str, unlabeled: Sequence[str] = ()) -> Index:
    """name: the option that ``dirs`` come from."""
    if not dirs:
        raise ConfigError(f"{name}: missing; name at least one dump folder")
    if twice := [folder for number, folder in enumerate(dirs) if folder in dirs[:number]]:
        raise ConfigError(f"{name}: names {twice[0]} twice; its utterances would count twice")
    if both := sorted({*map(Path, dirs)} & {*map(Path, unlabeled)}):
        raise ConfigError(f"unlabeled_data: {both[0]} is in {name} too; its labels would be lost")
    return source.open(dirs, unlabeled)


def refuse_repeated_ids(options: Options, index: Index) -> None:
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


def plan_of(source: Source, index: Index) -> EpochPlan:
    """The micro-batches of training."""
    options = source.options
    assert options.batch_bins != AUTO and options.batch_shapes != AUTO  # settled
    return EpochPlan(
        source.lengths(index),
        index.langs,
        batch_bins=options.batch_bins,
        max_batch_size=options.max_batch_size,
        crop=options.crop,
        max_sample_size=options.max_sample_size,
        min_sample_size=options.min_sample_size,
        alpha=options.language_alpha,
        speakers=source.speakers(index),
        shapes=options.batch_shapes,
        seed=options.seed,
        ids=index.id,
    )


def describe(source: Source, index: Index, plan: EpochPlan, world: World) -> None:
    """What there is to train on, and the audio of an update."""
    options = source.options
    source.describe(index, plan)
    if not source.audio:
        return
    full = update_seconds(options, world.size)
    logger.info(
        "each update sees up to %.0f s of audio: %d x %d micro-batches of %.1f s",
        full, world.size, options.accum_grad, full / world.size / options.accum_grad,
    )  # fmt: skip
    if plan.shapes:
        logger.info(
            "full micro-batches have %d shapes, from %d x %.1f s to %d x %.1f s; %.1f %% of the "
            "audio is %s",
            len(plan.shapes), *_in_seconds(plan.shapes[0]), *_in_seconds(plan.shapes[-1]),
            100 * plan.first.padding, "cropped away" if plan.crop else "padding",
        )  # fmt: skip
    reference = options.reference_batch_seconds
    if reference and not 0.5 <= full / reference <= 2:
        logger.warning(
            "each update sees %.0f s of audio, the published run %.0f s: set accum_grad to %d, or "
            "expect other results and another best learning rate",
            full, reference, max(1, round(reference * options.accum_grad / full)),
        )  # fmt: skip


def _in_seconds(shape: tuple[int, int]) -> tuple[int, float]:
    return shape[0], shape[1] / RATE


def valid_loader(
    source: Source, tokens: TokenList | None, label_field: str, world: World
) -> Iterable[Batch] | None:
    """This rank's batches of valid_data, read again by every validation; None without data."""
    options = source.options
    if not options.valid_data:
        return None
    assert options.batch_bins != AUTO and options.batch_shapes != AUTO  # settled
    index = open_index(source, options.valid_data, "valid_data")
    plan = EpochPlan(
        index.num_samples,
        batch_bins=options.batch_bins,
        max_batch_size=options.max_batch_size,
        shapes=options.batch_shapes,
        train=False,
    )
    dataset = source.dataset(index, tokens, label_field, train=False)
    stream = EvalStream(plan, rank=world.rank, world_size=world.size)
    return make_loader(dataset, stream, num_workers=0)
