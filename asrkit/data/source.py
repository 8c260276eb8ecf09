"""Where micro-batches come from: the promise of every kind of data, and that of speech."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np

from asrkit.audio import reading as audio
from asrkit.config import ConfigError
from asrkit.data.augment import Augment
from asrkit.data.dataset import BatchDataset, SpeechDataset
from asrkit.data.index import DataIndex
from asrkit.data.sampler import EpochPlan
from asrkit.options import Options
from asrkit.tokens import TokenList

logger = logging.getLogger("asrkit")


class Index(Protocol):
    """Utterances of all folders by number. num_samples: [N] units, langs: [N] numbers."""

    num_samples: np.ndarray
    langs: np.ndarray

    def __len__(self) -> int: ...

    def id(self, row: int) -> str: ...


class Source(ABC):
    """A kind of data, as the options of a run want it; a subclass is a name in choices.DATA.

    augment: a change of training audio, if one is wanted.
    audio: its units are samples of audio, so that bins have seconds and data have hours. Raises
    ConfigError for options that are for another kind.
    """

    audio: bool

    def __init__(self, options: Options, augment: Augment | None = None) -> None:
        self.options, self.augment = options, augment
        self.token_file = options.token_file if options.token_list else None

    @abstractmethod
    def open(self, dirs: Sequence[str], unlabeled: Sequence[str] = ()) -> Index:
        """The utterances of dump folders; those of ``unlabeled`` have no labels."""

    def lengths(self, index: Index) -> np.ndarray:
        """int32 [N]: the most units that each utterance may have in training."""
        return (
            index.num_samples if self.augment is None else self.augment.longest(index.num_samples)
        )

    def speakers(self, index: Index) -> np.ndarray | None:
        """int32 [N] where micro-batches are to hold one speaker, else None."""
        return None

    @abstractmethod
    def dataset(
        self, index: Index, tokens: TokenList | None, label_field: str, *, train: bool
    ) -> BatchDataset:
        """Micro-batches of an index that ``open`` made; without ``train`` nothing is changed in
        them or replaced."""

    @abstractmethod
    def describe(self, index: Index, plan: EpochPlan) -> None:
        """Tells the log how much there is to train on, and what was left out."""

    @abstractmethod
    def labels(self, index: Index) -> Iterable[np.ndarray]:
        """All that there is to learn but audio, as the bytes of its files (uint8)."""

    def samples(self, index: Index, row: int) -> np.ndarray | None:
        """One utterance's audio; None where there is none, or it cannot be read."""
        return None


class SpeechSource(Source):
    """Audio, with labels or without."""

    audio = True

    def __init__(self, options: Options, augment: Augment | None = None) -> None:
        super().__init__(options, augment)
        if augment is not None and options.crop and augment.slowest != 1:
            raise ConfigError("augment_conf.speeds: not with crop, which cuts clips to one length")
        if augment is not None and options.objective_conf.get("feature_cache_gib"):
            raise ConfigError(
                "augment: given, but features are kept from epoch to epoch; set "
                "objective_conf.feature_cache_gib to 0"
            )
        if options.phone_noise:
            raise ConfigError("phone_noise: given, but without phone_list the data are speech")
        if options.batch_by not in ("length", "speaker"):
            raise ConfigError(f"batch_by is {options.batch_by!r}; it must be length or speaker")

    def open(self, dirs: Sequence[str], unlabeled: Sequence[str] = ()) -> DataIndex:
        folders = [*dirs, *unlabeled]
        return DataIndex.open(folders, token_file=self.token_file, unlabeled=unlabeled)

    def speakers(self, index: Index) -> np.ndarray | None:
        assert isinstance(index, DataIndex)
        return index.speakers() if self.options.batch_by == "speaker" else None

    def dataset(
        self, index: Index, tokens: TokenList | None, label_field: str, *, train: bool
    ) -> SpeechDataset:
        assert isinstance(index, DataIndex)
        options = self.options
        return SpeechDataset(
            index,
            tokens,
            crop=options.crop and train,
            max_sample_size=options.max_sample_size if train else None,
            label_field=label_field,
            unknown="error" if train else "map",
            replace_bad=train,
            augment=self.augment if train else None,
            seed=options.seed,
        )

    def labels(self, index: Index) -> Iterable[np.ndarray]:
        assert isinstance(index, DataIndex)
        return index.token_bytes()

    def samples(self, index: Index, row: int) -> np.ndarray | None:
        assert isinstance(index, DataIndex)
        try:
            return audio.load(index.path(row))
        except audio.AudioError:
            return None

    def describe(self, index: Index, plan: EpochPlan) -> None:
        assert isinstance(index, DataIndex)
        for number, (name, hours) in enumerate(index.hours().items()):
            count = np.count_nonzero(index.langs == number)
            often = (
                "" if plan.ratios is None else f", seen {plan.ratios[number]:.2f} times an epoch"
            )
            logger.info("train %s: %d utterances, %.2f h%s", name, count, hours, often)
        if plan.short or plan.long:
            logger.warning(
                "left out of training: %d utterances shorter than min_sample_size, %d longer than "
                "max_sample_size", plan.short, plan.long,
            )  # fmt: skip
