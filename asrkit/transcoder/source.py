"""Phones, or a recognizer's posteriors of them, in place of speech (TranUSR 2.3)."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence

import numpy as np

from asrkit.config import ConfigError
from asrkit.data.augment import Augment
from asrkit.data.sampler import EpochPlan
from asrkit.data.source import Index, Source
from asrkit.options import Options
from asrkit.tokens import TokenList
from asrkit.transcoder.dataset import PhoneDataset
from asrkit.transcoder.index import PhoneIndex
from asrkit.transcoder.noise import PhoneNoise

logger = logging.getLogger("asrkit")


class PhoneSource(Source):
    """Sentences of phones; bins and lengths count phones."""

    audio = False

    def __init__(self, options: Options, augment: Augment | None = None) -> None:
        super().__init__(options, augment)
        if augment is not None:
            raise ConfigError("phone_list: given, but augment changes speech")
        if options.crop or options.unlabeled_data:
            raise ConfigError("phone_list: given, but crop and unlabeled_data are for speech")

    def open(self, dirs: Sequence[str], unlabeled: Sequence[str] = ()) -> PhoneIndex:
        return PhoneIndex(dirs, self.token_file)

    def dataset(
        self, index: Index, tokens: TokenList | None, label_field: str, *, train: bool
    ) -> PhoneDataset:
        assert isinstance(index, PhoneIndex)
        noise = None
        if train and self.options.phone_noise:
            noise = PhoneNoise.read(self.options.phone_noise, seed=self.options.seed)
        phones = TokenList.read(str(self.options.phone_list))
        return PhoneDataset(index, phones, tokens, noise)

    def labels(self, index: Index) -> Iterable[np.ndarray]:
        assert isinstance(index, PhoneIndex)
        yield from index.label_bytes()
        if self.options.phone_noise:
            yield np.fromfile(self.options.phone_noise, np.uint8)

    def describe(self, index: Index, plan: EpochPlan) -> None:
        logger.info("train: %d sentences of %d phones", len(index), index.num_samples.sum())
        if plan.long:
            logger.warning("left out: %d sentences longer than max_sample_size", plan.long)
