"""Which utterances make up each micro-batch of each epoch, and which rank gets them.

Everything is a function of (seed, epoch): no state, so that a run resumes anywhere, and the order
is the same for any number of ranks.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from asrkit.data.cuts import bucket_edges, cut, cut_full
from asrkit.data.languages import size_ratios
from asrkit.data.shapes import choose_lengths
from asrkit.files import DataError
from asrkit.keys import key_of
from asrkit.rate import RATE


class BatchSpec(NamedTuple):
    """One micro-batch: utterance numbers and, for repeated ones, which copy (whole numbers [B]).

    size: samples of a row, cropped or padded; 0: as the shortest or longest of them has.
    """

    epoch: int
    rows: np.ndarray
    copies: np.ndarray
    size: int = 0


class Epoch(NamedTuple):
    """Micro-batch b is rows[bounds[order[b]] : bounds[order[b] + 1]], of sizes[order[b]] samples a
    row (BatchSpec.size)."""

    rows: np.ndarray
    copies: np.ndarray
    bounds: np.ndarray
    order: np.ndarray
    sizes: np.ndarray

    def __len__(self) -> int:
        return len(self.order)


class _Drawn(NamedTuple):
    """Utterances of an epoch with their copy numbers, and others that it could have as well."""

    rows: np.ndarray
    copies: np.ndarray
    spare: tuple[np.ndarray, np.ndarray]


class Facts(NamedTuple):
    """Micro-batches and samples of an epoch, and the share of EpochPlan.padding."""

    batches: int
    samples: int
    padding: float


class EpochPlan:
    """Micro-batches of utterances of similar length, drawn again for each epoch.

    num_samples: int32 [N]. langs: int16 [N], needed with ``alpha``.
    batch_bins: samples a micro-batch may hold, padding included. max_batch_size: utterances.
    alpha: exponent of language sampling in training; None takes each utterance once.
    max_sample_size: with ``crop`` longer clips count (and are read) as this long, without it they
        are left out, as labels cannot be cropped. min_sample_size: shorter ones are left out.
    speakers: int32 [N]; micro-batches then hold utterances of one speaker, but for those at the
        seams, where what is left over of one meets the next.
    shapes: micro-batches have at most so many shapes [rows, samples] (shapes.py); 0: any. Not with
        speakers.
    train=False: nothing is left out, no sampling, no shuffling, and an utterance longer than
        batch_bins makes a batch of its own.
    What was left out is in ``short`` and ``long`` (numbers of utterances).
    ids: names an utterance in errors. Raises DataError where an utterance exceeds batch_bins.
    """

    def __init__(
        self,
        num_samples: np.ndarray,
        langs: np.ndarray | None = None,
        *,
        batch_bins: int,
        max_batch_size: int | None = None,
        crop: bool = False,
        max_sample_size: int | None = None,
        min_sample_size: int = 0,
        alpha: float | None = None,
        speakers: np.ndarray | None = None,
        shapes: int = 0,
        seed: int = 0,
        train: bool = True,
        ids: Callable[[int], str] = str,
    ) -> None:
        if alpha is not None and langs is None:
            raise ValueError("language sampling (alpha) needs the languages of the utterances")
        self.batch_bins, self.max_batch_size = batch_bins, max_batch_size
        self.seed, self.train = seed, train
        self.lengths = np.asarray(num_samples)
        rows, self.short, self.long = self._kept(crop, max_sample_size, min_sample_size)
        if crop and max_sample_size:
            self.lengths = np.minimum(self.lengths, np.int32(max_sample_size))
        if len(rows) == 0:
            raise DataError(
                f"no utterance is left of {len(num_samples)}: {self.short} shorter than "
                f"min_sample_size={min_sample_size}, {self.long} longer than {max_sample_size=}"
            )
        self.crop = crop and train
        # lengths of one shape each, or edges of buckets whose lengths differ by at most two percent
        self._sizes = np.zeros(0, np.int64)
        if shapes and speakers is None:
            self._sizes = self._choose(rows, shapes)
        edges = self._sizes if len(self._sizes) else bucket_edges()
        if len(self._sizes) and not self.crop:
            buckets = np.searchsorted(edges, self.lengths, side="left")
        else:
            buckets = np.searchsorted(edges, self.lengths, side="right") - len(self._sizes[:1])
        self._buckets = buckets.astype(np.int16)
        if speakers is not None and train:
            self._buckets = self._buckets + speakers.astype(np.int64) * len(edges)
        self.ratios: np.ndarray | None = None
        self._groups = [rows]
        if train and alpha is not None and langs is not None:
            self._groups = _by_language(rows, langs)  # a language may have no row that is kept
            hours = np.array([num_samples[group].sum(dtype=np.int64) for group in self._groups])
            self.ratios = size_ratios(hours / (3600 * RATE), alpha)
        longest = rows[np.argmax(self.lengths[rows])]
        if train and self.lengths[longest] > batch_bins:
            raise DataError(
                f"utterance {ids(int(longest))} has {self.lengths[longest]} samples, more than "
                f"batch_bins={batch_bins}: raise batch_bins, or set max_sample_size, or filter_data"
            )

    def _kept(self, crop: bool, longest: int | None, shortest: int) -> tuple[np.ndarray, int, int]:
        kept, short, long = np.ones(len(self.lengths), bool), 0, 0
        if self.train:
            kept &= self.lengths >= shortest
            short = len(kept) - int(np.count_nonzero(kept))
            if longest and not crop:
                kept &= self.lengths <= longest
                long = len(kept) - short - int(np.count_nonzero(kept))
        return np.flatnonzero(kept).astype(np.int32), short, long

    def _choose(self, rows: np.ndarray, shapes: int) -> np.ndarray:
        """Lengths of the micro-batches, ascending; one shape is that of what fills none."""
        lengths = self.lengths[rows]
        longest = max(self.batch_bins, int(lengths.max()))
        return choose_lengths(lengths, max(1, shapes - 1), crop=self.crop, longest=longest)

    def _room(self, length: int) -> int:
        """Utterances of ``length`` that a micro-batch holds."""
        room = max(1, self.batch_bins // length)
        return min(room, self.max_batch_size) if self.max_batch_size else room

    @property
    def shapes(self) -> list[tuple[int, int]]:
        """[rows, samples] of full micro-batches where their shapes are few; else empty."""
        return [(self._room(int(size)), int(size)) for size in self._sizes]

    @functools.cached_property
    def first(self) -> Facts:
        """Of the first epoch; remembered, as tens of millions of utterances take seconds."""
        epoch = self.epoch(0)
        samples = int(self.lengths[epoch.rows].sum(dtype=np.int64))
        return Facts(len(epoch), samples, self.padding(epoch))

    def epoch(self, number: int) -> Epoch:
        """The plan of one epoch; with ``train`` in random order."""
        rng = np.random.default_rng(key_of(self.seed, number, "plan"))
        rows, copies, (spare_rows, spare_copies) = self._draw(rng)
        if self.train:
            shuffled = rng.permutation(np.arange(len(rows), dtype=np.int32))
            rows, copies = rows[shuffled], copies[shuffled]
        # Bucket and position in one number: sorting keeps the random order within a bucket.
        few = len(self._sizes) > 0
        packed = (self._buckets if self.train or few else self.lengths)[rows].astype(np.int64)
        if few and self.crop:  # what is left over of long clips can be cut to shorter ones
            packed = len(self._sizes) - 1 - packed
        packed <<= 32
        packed |= np.arange(len(rows), dtype=np.int32)
        packed.sort()
        heads = np.flatnonzero(np.append(True, np.diff(packed >> 32)))
        packed &= 0xFFFFFFFF
        rows, copies = rows[packed], copies[packed]
        if few:
            heads = np.append(heads, len(rows))
            of_heads = self._sizes[self._buckets[rows[heads[:-1]]]]
            rooms = [self._room(int(size)) for size in of_heads]
            bounds, sizes = cut_full(heads, rooms, of_heads)
            missing = rooms[-1] - int(bounds[-1] - bounds[-2])
            if self.crop and 0 < missing <= len(spare_rows):  # else a new shape in every epoch
                chosen = rng.permutation(len(spare_rows))[:missing]
                rows = np.concatenate([rows, spare_rows[chosen]])
                copies = np.concatenate([copies, spare_copies[chosen]])
                bounds[-1] += missing
        else:
            bounds = cut(self.lengths[rows], heads, self._room)
            sizes = np.zeros(len(bounds) - 1, np.int64)
        batches = len(bounds) - 1
        order = rng.permutation(batches) if self.train else np.arange(batches)[::-1]
        return Epoch(rows, copies, bounds, order, sizes)

    def _draw(self, rng: np.random.Generator) -> _Drawn:
        """Rows of the epoch: whole copies, and a random rest of each language; what the rest leaves
        is spare."""
        if self.ratios is None:
            copies_of = np.zeros(len(self._groups[0]), np.int16)
            return _Drawn(self._groups[0], copies_of, (self._groups[0][:0], copies_of[:0]))
        rows, copies = [], []
        spare_rows, spare_copies = [], []
        # a small language may be seen a million times where alpha is near 0
        kind = np.int16 if self.ratios.max() < np.iinfo(np.int16).max else np.int32
        for group, ratio in zip(self._groups, self.ratios, strict=True):
            whole = int(ratio)
            rest = round((ratio - whole) * len(group))
            mixed = rng.permutation(group)
            rows += [np.tile(group, whole), mixed[:rest]]
            spare_rows.append(mixed[rest:])
            spare_copies.append(np.full(len(mixed) - rest, whole, kind))
            copies += [
                np.repeat(np.arange(whole, dtype=kind), len(group)),
                np.full(rest, whole, kind),
            ]
        spare = np.concatenate(spare_rows), np.concatenate(spare_copies)
        return _Drawn(np.concatenate(rows), np.concatenate(copies), spare)

    def batch(self, epoch: Epoch, number: int, at: int) -> BatchSpec:
        """Micro-batch ``at`` of the plan ``epoch`` that has this number."""
        where = epoch.order[at]
        part = slice(epoch.bounds[where], epoch.bounds[where + 1])
        size = int(epoch.sizes[where])
        return BatchSpec(number, epoch.rows[part].copy(), epoch.copies[part].copy(), size)

    def padding(self, epoch: Epoch) -> float:
        """Share of a plan's samples that is padding, or, with ``crop``, that cropping removes."""
        lengths = self.lengths[epoch.rows].astype(np.int64)
        rows, at = np.diff(epoch.bounds), epoch.bounds[:-1]
        sizes = (np.minimum if self.crop else np.maximum).reduceat(lengths, at)
        sizes = np.where(epoch.sizes > 0, epoch.sizes, sizes)
        if self.crop:
            return 1 - float((sizes * rows).sum() / lengths.sum())
        return 1 - float(lengths.sum() / (sizes * rows).sum())


def _by_language(rows: np.ndarray, langs: np.ndarray) -> list[np.ndarray]:
    of_rows = langs[rows]
    return [rows[of_rows == number] for number in range(int(langs.max()) + 1)]


class BatchStream:
    """Micro-batches of epoch after epoch without end, dealt to ranks by position.

    Position p of the stream (0 at ``start``) goes to rank p % world_size, so the sequence that all
    ranks see together does not depend on their number. ``state(consumed)`` is the ``start`` that
    goes on after ``consumed`` micro-batches, whatever a prefetching loader has taken since.
    """

    def __init__(
        self,
        plan: EpochPlan,
        *,
        rank: int = 0,
        world_size: int = 1,
        start: tuple[int, int] = (0, 0),
    ) -> None:
        if not 0 <= rank < world_size:
            raise ValueError(f"rank {rank} of {world_size}")
        self.plan, self.rank, self.world_size, self.start = plan, rank, world_size, start
        self._sizes: dict[int, int] = {}

    def __iter__(self) -> Iterator[BatchSpec]:
        number, at = self.start
        at += self.rank
        while True:
            epoch = self.plan.epoch(number)
            self._sizes[number] = len(epoch)
            while at < len(epoch):
                yield self.plan.batch(epoch, number, at)
                at += self.world_size
            at -= len(epoch)
            number += 1

    def state(self, consumed: int) -> tuple[int, int]:
        """(epoch, offset) after ``consumed`` micro-batches, counted over all ranks from start."""
        number, offset = self.start[0], self.start[1] + consumed
        while offset >= self._size(number):
            offset -= self._size(number)
            number += 1
        return number, offset

    def _size(self, number: int) -> int:
        if number not in self._sizes:
            self._sizes[number] = len(self.plan.epoch(number))
        return self._sizes[number]


class EvalStream:
    """Every utterance once over all ranks; ranks may get unequal numbers of micro-batches."""

    def __init__(self, plan: EpochPlan, *, rank: int = 0, world_size: int = 1) -> None:
        if plan.train:
            raise ValueError("evaluation needs a plan made with train=False")
        self.plan, self.rank, self.world_size = plan, rank, world_size

    def __iter__(self) -> Iterator[BatchSpec]:
        epoch = self.plan.epoch(0)
        for at in range(self.rank, len(epoch), self.world_size):
            yield self.plan.batch(epoch, 0, at)

    def __len__(self) -> int:
        return len(range(self.rank, self.plan.first.batches, self.world_size))
