"""Micro-batches of speech and labels, read by offset, whole batches at a time."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Sized

import numpy as np
import torch

from asrkit.audio import reading as audio
from asrkit.batch import Batch
from asrkit.data import collate
from asrkit.data.augment import Augment
from asrkit.data.index import DataIndex
from asrkit.data.sampler import BatchSpec
from asrkit.files import DataError
from asrkit.keys import key_of
from asrkit.tokens import BLANK, TokenList

TRIES = 100  # utterances looked at to replace an unreadable one


@dataclasses.dataclass(frozen=True)
class Failed:
    """An error that a worker hands over as a value, so that the main process can raise it whole."""

    message: str


class BatchDataset(torch.utils.data.Dataset["Batch | Failed"], ABC):
    """Whole micro-batches of an index, by BatchSpec.

    sample_bytes: of one sample (or phone) of the index in a batch.
    """

    index: Sized
    sample_bytes = 4

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, spec: BatchSpec) -> Batch | Failed:
        """One micro-batch; ``Failed`` instead of an exception (``make_loader`` raises it)."""
        try:
            return self._batch(spec)
        except DataError as error:
            return Failed(str(error))

    @abstractmethod
    def _batch(self, spec: BatchSpec) -> Batch: ...


class SpeechDataset(BatchDataset):
    """Speech, and labels if there are any.

    index: utterances; opened with a token file when ``tokens`` is given.
    tokens: turns the token file into ``Batch.text`` or ``Batch.phones`` (``label_field``).
    crop: every clip is cut to the shortest of its micro-batch (or to the size that its plan says)
        and to max_sample_size, at a place that seed, epoch, utterance and copy decide. Only without
        ``tokens``.
    unknown: a symbol that is not in ``tokens`` is an "error", or becomes ``<unk>`` with "map".
    replace_bad: an unreadable file gives way to the next readable utterance of its folder
        (training); otherwise it is left out (evaluation). Both are reported in ``Batch.bad``.
    augment: changes every clip, in each epoch and copy another way.
    """

    index: DataIndex

    def __init__(
        self,
        index: DataIndex,
        tokens: TokenList | None = None,
        *,
        crop: bool = False,
        max_sample_size: int | None = None,
        label_field: str = "text",
        unknown: str = "error",
        replace_bad: bool = True,
        augment: Augment | None = None,
        seed: int = 0,
    ) -> None:
        if label_field not in ("text", "phones"):
            raise ValueError(f'label_field is "text" or "phones", not {label_field!r}')
        if unknown not in ("error", "map"):
            raise ValueError(f'unknown is "error" or "map", not {unknown!r}')
        if crop and tokens is not None:
            raise DataError(
                "clips with labels cannot be cropped: set crop to false, or leave out token_list"
            )
        if tokens is not None and index.token_file is None:
            raise DataError("labels are wanted, but the index was opened without a token file")
        self.index, self.tokens, self.crop = index, tokens, crop
        self.max_sample_size = max_sample_size
        self.label_field, self.unknown = label_field, unknown
        self.replace_bad, self.augment, self.seed = replace_bad, augment, seed
        self._bad: dict[int, str] = {}

    def _batch(self, spec: BatchSpec) -> Batch:
        wanted = [int(row) for row in spec.rows]
        seen: dict[int, str] = {}
        while True:
            rows = self._readable(wanted, seen)
            waves = self._load(rows, spec)
            if waves is not None:
                break
        chosen = [(row, int(copy)) for row, copy in zip(rows, spec.copies, strict=True) if row >= 0]
        ids = [self.index.id(row) for row, _ in chosen]
        keys = [key_of(name, copy) for name, (_, copy) in zip(ids, chosen, strict=True)]
        batch = Batch(
            ids=ids,
            keys=torch.tensor(keys, dtype=torch.int64),
            speech=collate.pad_arrays(waves, 0 if self.crop else spec.size) if waves else None,
            langs=torch.tensor([int(self.index.langs[row]) for row, _ in chosen]),
            bad=tuple(f"{self.index.id(row)}: {reason}" for row, reason in seen.items()),
        )
        if self.tokens is None or not waves:
            return batch
        labels = collate.pad_labels([self._labels(row) for row, _ in chosen])
        if self.label_field == "phones":
            return dataclasses.replace(batch, phones=labels)
        return dataclasses.replace(batch, text=labels)

    def _readable(self, wanted: list[int], seen: dict[int, str]) -> list[int]:
        """``wanted`` with known bad rows replaced, or -1; those met are noted in ``seen``."""
        rows = []
        for row in wanted:
            if row in self._bad:
                seen[row] = self._bad[row]
                row = self._next(row, wanted, seen) if self.replace_bad else -1
            rows.append(row)
        return rows

    def _next(self, row: int, wanted: list[int], seen: dict[int, str]) -> int:
        """The next utterance of the folder that fits the batch, or another one of the batch."""
        folder = self.index.dir_rows(row)
        longest = max(int(self.index.num_samples[other]) for other in wanted)
        for step in range(1, min(TRIES, len(folder))):
            other = folder[(row - folder.start + step) % len(folder)]
            if self.index.num_samples[other] <= longest and other not in self._bad:
                return other
        for other in wanted:
            if other not in self._bad:
                return other
        reasons = "\n".join(f"{self.index.id(at)}: {why}" for at, why in seen.items())
        raise DataError(f"no utterance near these can be read:\n{reasons}")

    def _load(self, rows: list[int], spec: BatchSpec) -> list[np.ndarray] | None:
        """Waveforms of the rows that are not -1; None after a new bad row was found."""
        there = [row for row in rows if row >= 0]
        if not there:
            return []
        target = min(int(self.index.num_samples[row]) for row in there)
        target = min(target, self.max_sample_size or target, spec.size or target)
        waves = []
        for row, copy in zip(rows, spec.copies, strict=True):
            if row < 0:
                continue
            try:
                waves.append(self._wave(row, target, spec.epoch, int(copy)))
            except audio.AudioError as error:
                self._bad[row] = str(error)
                return None
        return waves

    def _wave(self, row: int, target: int, epoch: int, copy: int) -> np.ndarray:
        wave = self._recorded(row, target, epoch, copy)
        if self.augment is None:
            return wave
        return self.augment(wave, self.seed, epoch, self.index.id(row), copy)

    def _recorded(self, row: int, target: int, epoch: int, copy: int) -> np.ndarray:
        length, path = int(self.index.num_samples[row]), self.index.path(row)
        if not self.crop:
            return audio.load(path, 0, length)
        start = collate.crop_start(length, target, self.seed, epoch, self.index.id(row), copy)
        return audio.load(path, start, target)

    def _labels(self, row: int) -> list[int]:
        assert self.tokens is not None
        labels = self.index.labels(row)
        if BLANK in labels:  # torch's CTC loss takes it for a label without a word
            raise DataError(
                f"{self.index.id(row)}: {self.index.token_file} holds {BLANK!r}, which is "
                "reserved; it cannot be a label"
            )
        if self.unknown == "error":
            for symbol in labels:
                if symbol not in self.tokens:
                    raise DataError(
                        f"{self.index.id(row)}: symbol {symbol!r} of {self.index.token_file} is "
                        "not in the token list; make the list again (stage 5), or map unknown "
                        "symbols to <unk>"
                    )
        return self.tokens.encode(labels)
