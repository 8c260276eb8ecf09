"""Beam search over many utterances in several processes, from stored log-probabilities."""

from __future__ import annotations

import dataclasses
import itertools
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from asrkit.arguments import warn
from asrkit.decode.beam import BeamDecoder, DecodeError
from asrkit.decode.hypothesis import Hypothesis
from asrkit.decode.prior import LabelPrior
from asrkit.files import atomic
from asrkit.processes import workers
from asrkit.shards import stamped
from asrkit.tokens import TokenList
from asrkit.vocabulary import restrict

_CHUNK = 8
_MARK = "utt:"  # so that no utterance id can be an argument's name


@dataclasses.dataclass(frozen=True)
class BeamTask:
    """How to make a BeamDecoder in another process: token list file and keyword options.

    lang: decode with this language's part of a separate vocabulary (vocabulary.restrict).
    prior: file of label priors; prior_weight: how much of them is taken off (prior.py).
    """

    token_list: Path
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    lang: str | None = None
    prior: Path | None = None
    prior_weight: float = 0.0

    def known(self) -> dict[str, Any]:
        """What hypotheses depend on beside scores and languages, as plain values."""
        prior = (
            {} if self.prior is None else {"prior": self.prior, "prior_weight": self.prior_weight}
        )
        return stamped({**self.options, **prior})

    def build(self) -> BeamDecoder:
        tokens, offsets = TokenList.read(self.token_list), None
        if self.prior is not None:
            offsets = LabelPrior.read(self.prior).offsets(tokens, self.prior_weight)
        if self.lang is not None:
            part = restrict(tokens, self.lang)
            tokens = part.tokens
            offsets = None if offsets is None else offsets[part.columns]
        return BeamDecoder(tokens, offsets=offsets, **self.options)


_decoder: BeamDecoder | None = None  # one a worker process


def start_worker(task: BeamTask) -> None:
    global _decoder
    _decoder = task.build()


def own_decoder() -> BeamDecoder:
    """The decoder of this worker process."""
    assert _decoder is not None
    return _decoder


def own_notes(_: None) -> list[str]:
    return own_decoder().notes


def _decode(part: list[tuple[str, np.ndarray]]) -> list[tuple[str, list[Hypothesis]]]:
    decoder = own_decoder()
    return [(key, decoder(scores)) for key, scores in part]


def decode_many(
    task: BeamTask,
    scores: Iterable[tuple[str, np.ndarray]],
    *,
    nj: int = 1,
    tell: Callable[[str], None] = warn,
    build: Callable[[BeamTask], BeamDecoder] = BeamTask.build,
) -> Iterator[tuple[str, list[Hypothesis]]]:
    """(id, log-probabilities [T, V]) to (id, n-best), in the same order, in ``nj`` processes.

    The result does not depend on ``nj``. With nj > 1, at most 4 * nj chunks of utterances wait in
    memory, so that a set larger than it can be streamed through. ``tell`` is given the decoder's
    notes before the first utterance. ``build``: of the decoder of this process, with nj 1.
    """
    if nj <= 1:
        decoder = build(task)
        for note in decoder.notes:
            tell(note)
        for key, row in scores:
            yield key, decoder(row)
        return
    with workers(nj, start=(start_worker, (task,))) as pool:
        for note in pool.ask(own_notes, None):
            tell(note)
        for found in pool.in_order(_decode, _chunks(scores)):
            yield from found


def _chunks(rows: Iterable[tuple[str, np.ndarray]]) -> Iterator[list[tuple[str, np.ndarray]]]:
    left = iter(rows)
    while part := list(itertools.islice(left, _CHUNK)):
        yield part


def save_scores(path: str | Path, scores: Mapping[str, np.ndarray]) -> None:
    """Log-probabilities of a set, half precision, in one .npz file (for tuning)."""
    with atomic(path, "wb") as out:
        rows = {f"{_MARK}{key}": row.astype(np.float16) for key, row in scores.items()}
        np.savez(out, allow_pickle=False, **rows)


def load_scores(path: str | Path) -> dict[str, np.ndarray]:
    """What save_scores wrote, as float32. Raises DecodeError if it is not such a file."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            names = [name for name in stored.files if name.startswith(_MARK)]
            return {name[len(_MARK) :]: stored[name].astype(np.float32) for name in names}
    except (OSError, ValueError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise DecodeError(f"{path}: no stored log-probabilities ({error})") from None
