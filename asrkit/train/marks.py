"""What a run has learned from, as short marks in ``last.pt``: one that goes on learns from that.

Else a run that is complete would pass for one on transcripts that were corrected since, on audio
that was made again, or from a model that was trained on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from asrkit.config import ConfigError
from asrkit.data.source import Index, Source
from asrkit.files import DataError
from asrkit.options import Options
from asrkit.train import checkpoint
from asrkit.train.contents import CheckpointError
from asrkit.train.distributed import World

COMPARED = 16  # utterances, from the first to the last, whose samples are compared


class RunMark(NamedTuple):
    """What ``last.pt`` says of a run besides its state; empty where nothing is known."""

    data_mark: str  # lengths and languages of the training data: agreement.data_fingerprint
    device: str  # World.device_name of the main rank
    labels_mark: str = ""  # what the training data are labeled with
    audio_mark: str = ""  # samples of some of them
    init_mark: str = ""  # weights that were taken over

    def of(self, content: Mapping[str, Any]) -> RunMark:
        """As ``content`` has it; this, where a file of an earlier version says nothing."""
        found = {name: str(content[name]) for name in self._fields if name in content}
        return self._replace(**found)

    def completed(self, before: RunMark) -> RunMark:
        """With what is only known of ``before``, such as an init that is no longer there."""
        return RunMark(*(mine or theirs for mine, theirs in zip(self, before, strict=True)))

    def refuse_another(self, now: RunMark, folder: Path, init: str | None) -> None:
        """Raises ConfigError where a run in ``folder``, of this mark, has learned from other data,
        or has begun with other weights of ``init``, than there are ``now``."""
        for mine, other, what in (
            (self.data_mark, now.data_mark, "utterances"),
            (self.labels_mark, now.labels_mark, "labels"),
            (self.audio_mark, now.audio_mark, "audio"),
        ):
            if mine and other and mine != other:
                raise ConfigError(
                    f"output_dir: {folder} has learned from other {what} than train_data holds "
                    f"now; choose another folder, where --init {folder}/last.pt goes on with its "
                    "weights, or remove this one"
                )
        if self.init_mark and now.init_mark and self.init_mark != now.init_mark:
            raise ConfigError(
                f"output_dir: {folder} has begun with other weights than {init} holds now; choose "
                "another folder, or remove this one; without init it goes on with its own"
            )


def mark_of(options: Options, source: Source, index: Index, world: World, data: str) -> RunMark:
    """Of the run that begins now, as the main rank sees it. data: of lengths and languages."""
    mark = RunMark(data, world.device_name)
    if world.is_main:
        mark = mark._replace(
            labels_mark=_digest(source.labels(index)),
            audio_mark=_audio_mark(source, index),
            init_mark=_init_mark(options.init),
        )
    return world.gather(mark)[0]


def _audio_mark(source: Source, index: Index) -> str:
    """Empty where there is no audio, or one of them cannot be read."""
    rows = np.unique(np.linspace(0, len(index) - 1, COMPARED).astype(int))
    found = [source.samples(index, row) for row in rows.tolist()]
    there = [samples for samples in found if samples is not None]
    return _digest(there) if len(there) == len(found) else ""


def _init_mark(path: str | None) -> str:
    """Of all tensors in the checkpoint at ``path``; empty where it cannot be read, as a run that
    goes on does not need it."""
    if path is None:
        return ""
    try:
        weights = checkpoint.load(path, complete=False)["model"]
    except (CheckpointError, DataError):
        return ""
    return _digest(part for name in sorted(weights) for part in _bytes(name, weights[name]))


def _bytes(name: str, value: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """A tensor's name, and its numbers."""
    numbers = value.detach().contiguous().flatten().view(torch.uint8)
    return np.frombuffer(name.encode(), np.uint8), numbers.numpy()


def _digest(parts: Iterable[np.ndarray]) -> str:
    """A short text of arrays; empty for none."""
    found, any_part = hashlib.blake2b(digest_size=8), False
    for part in parts:
        found.update(np.ascontiguousarray(part).data)
        any_part = True
    return found.hexdigest() if any_part else ""
