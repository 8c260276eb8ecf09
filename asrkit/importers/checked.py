"""Pieces held against their audio and each other: what cannot be used is left out, by name."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from asrkit.audio import channels, decoders
from asrkit.files import endless
from asrkit.importers.piece import Left, Piece
from asrkit.kaldi.segments import past_end
from asrkit.processes import workers
from asrkit.text.markup import has_markup


class Limits(NamedTuple):
    """Seconds: of utterances, and of two that one recording may hold at once."""

    shortest: float = 0.2
    longest: float = 30.0
    overlap: float = 0.5


class Measured(NamedTuple):
    """A piece that can be used, and how long it is, in seconds."""

    piece: Piece
    seconds: float


def check(
    pieces: Sequence[Piece], limits: Limits, *, nj: int = 1
) -> tuple[list[Measured], list[Left]]:
    """Decodes every recording once: it can be read, its pieces lie in it, hold sound and speech of
    a usable length, and no two of them are said at once. In the order of the pieces."""
    left: list[Left] = []
    by_audio: dict[Path, list[Piece]] = {}
    for piece in pieces:
        if fault := _text_fault(piece):
            left.append(fault)
        else:
            by_audio.setdefault(piece.audio, []).append(piece)
    for audio, found in by_audio.items():
        by_audio[audio], overlapping = _apart(found, limits)
        left += overlapping
    good: list[Measured] = []
    for result in _each([(a, p) for a, p in by_audio.items() if p], limits, nj):
        for one in result:
            (good if isinstance(one, Measured) else left).append(one)  # type: ignore[arg-type]
    return good, left


def _each(
    items: list[tuple[Path, list[Piece]]], limits: Limits, nj: int
) -> Iterable[list[Measured | Left]]:
    measure = partial(_measure, limits=limits)
    bar = partial(tqdm, desc="audio", total=len(items), unit="file", delay=2, leave=False)
    if nj == 1 or len(items) < 2 * nj:
        yield from bar(map(measure, items))
        return
    with workers(nj) as pool:
        yield from bar(pool.in_order(measure, items))


def _text_fault(piece: Piece) -> Left | None:
    if not any(map(str.isalnum, piece.text)):
        return Left(piece.where, "has no word", repr(piece.text[:40]))
    if has_markup(piece.text):
        return Left(piece.where, "holds markup, whose letters nobody says", repr(piece.text[:40]))
    return None


def _apart(pieces: list[Piece], limits: Limits) -> tuple[list[Piece], list[Left]]:
    """Those of a recording that no other overlaps for longer than allowed."""
    partner: dict[int, int] = {}
    order = sorted(range(len(pieces)), key=lambda n: (pieces[n].start, pieces[n].end))
    latest = None  # of those so far, the one that ends last
    for at in order:
        if latest is not None:
            both = min(pieces[latest].end, pieces[at].end) - pieces[at].start
            shorter = min(pieces[n].end - pieces[n].start for n in (latest, at))
            if both > min(limits.overlap, shorter / 2):
                partner.setdefault(at, latest)
                partner.setdefault(latest, at)
        if latest is None or pieces[at].end > pieces[latest].end:
            latest = at
    left = [
        Left(
            pieces[at].where,
            "is said while another is",
            f"{_span(pieces[at])} and {_span(pieces[other])} of {pieces[other].where}",
        )
        for at, other in sorted(partner.items())
    ]
    return [piece for at, piece in enumerate(pieces) if at not in partner], left


def _span(piece: Piece) -> str:
    end = "the end" if piece.end == math.inf else f"{piece.end:.2f} s"
    return f"{piece.start:.2f} to {end}"


def _measure(item: tuple[Path, list[Piece]], limits: Limits) -> list[Measured | Left]:
    audio, pieces = item
    try:
        samples, rate = _decoded(audio)
    except (ValueError, OSError, MemoryError) as error:
        reason = getattr(error, "strerror", None) or str(error) or "memory is full"
        return [
            Left(piece.where, "has audio that cannot be used", f"{audio}: {reason}")
            for piece in pieces
        ]
    if channels.silence(samples):
        return [Left(piece.where, "is of a silent recording", str(audio)) for piece in pieces]
    return [_one(piece, samples, rate, limits) for piece in pieces]


def _one(piece: Piece, samples: np.ndarray, rate: int, limits: Limits) -> Measured | Left:
    length = len(samples) / rate
    if fault := past_end(piece.start, piece.end, length):
        return Left(piece.where, "lies past the end of its recording", f"{piece.audio}: {fault}")
    end = min(piece.end, length)
    seconds = end - piece.start
    if seconds < limits.shortest:
        return Left(piece.where, f"is shorter than {limits.shortest:g} s", f"{seconds:.2f} s")
    if seconds > limits.longest:
        advice = "cut it into sentences (in ELAN or Praat, or with an aligner)"
        return Left(
            piece.where, f"is longer than {limits.longest:g} s", f"{seconds:.1f} s; {advice}"
        )
    if channels.silence(samples[round(piece.start * rate) : round(end * rate)]):
        return Left(piece.where, "is silent", f"{piece.audio}: {_span(piece)}")
    return Measured(piece, seconds)


def _decoded(audio: Path) -> tuple[np.ndarray, int]:
    """[S] and the rate, as the file has it. ValueError for what is not audio."""
    if fault := endless(audio):
        raise ValueError(fault)
    data = audio.read_bytes()
    if not data:
        raise ValueError("is empty (0 bytes)")
    sound = decoders.read_whole(data, raw_g722=audio.suffix == ".g722")
    if not np.isfinite(sound.frames).all():
        raise ValueError("holds samples that are not finite numbers")
    return channels.mono(sound.frames).samples, sound.rate


def count(left: Iterable[Left]) -> Mapping[str, int]:
    """How many were left out, by reason."""
    result: dict[str, int] = {}
    for one in left:
        result[one.why] = result.get(one.why, 0) + 1
    return result
