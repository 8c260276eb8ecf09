"""One recording and its text to segments, and to what is left out of them and why."""

from __future__ import annotations

import bisect
import dataclasses
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from asrkit.audio.given import read_file
from asrkit.files import DataError
from asrkit.infer import Speech2Text
from asrkit.segmentation.chain import PathFrames
from asrkit.segmentation.found import Found, Reader
from asrkit.segmentation.frames import FEE, Columns, Frames, frames_of
from asrkit.segmentation.search import AHEAD, BACK, find_path
from asrkit.segmentation.spelling import Mapping, Speller
from asrkit.segmentation.units import Unit, read_units

# Prices of jumps ahead and back, in nats. Where a network errs often, a jump at the first is soon
# cheaper than the text; at the second there are none but for what is minutes long.
PRICES = ((AHEAD, BACK), (300.0, 400.0))
ENOUGH = 0.8  # share of the text in segments that are kept, at which no other prices are tried
MINIMUM_SPEECH = 3.0  # tokens that the network writes down: fewer are no speech


class Pair(NamedTuple):
    """A recording, its text file, who speaks, and what both are called in the data folder."""

    name: str
    audio: str
    text: Path
    speaker: str


class Rejected(NamedTuple):
    """Text that is in no segment. found: where it was found, if it was."""

    unit: Unit
    reason: str
    found: Found | None = None


@dataclasses.dataclass(frozen=True)
class Aligned:
    """segments: in the order of the recording. moved: passages that are said in another place than
    the text has them, in words. speech_outside: share of the recognized tokens that lie in none of
    the segments."""

    pair: Pair
    seconds: float
    units: list[Unit]
    segments: list[Found]
    rejected: list[Rejected]
    moved: list[str]
    speech_outside: float
    mapping: Mapping


@dataclasses.dataclass(frozen=True)
class Rules:
    """split: into sentences or lines. min_score: of a segment that is kept. longest: seconds of
    one. max_unknown: share of symbols that the model may have nothing for. max_seconds: of audio
    that the network is given at once. channel: of the recording, from 1; None: the mean."""

    split: str = "sentence"
    min_score: float = 0.3
    longest: float = 15.0
    max_unknown: float = 0.1
    max_seconds: float = 60.0
    channel: int | None = None


def align_recording(model: Speech2Text, speller: Speller, pair: Pair, rules: Rules) -> Aligned:
    """Raises DataError: the text or the recording cannot be read, nothing is said, the model has
    nothing for too many of the text's symbols."""
    units = read_units(pair.text, speller.language, split=rules.split)
    speller.mapping = Mapping()
    tokens = speller(units)
    speller.mapping.check(rules.max_unknown, str(pair.text))
    names = dict.fromkeys(token for words in tokens for word in words for token in word)
    if not names:
        raise DataError(f"{pair.text}: nothing in it is spoken; is it the text of the recording?")
    given = read_file(pair.audio, rules.channel)
    given.tell(pair.audio)
    columns = Columns(model.tokens, list(names))
    frames = frames_of(model, given.samples, columns, rules.max_seconds)
    if frames.tokens_recognized < MINIMUM_SPEECH:
        raise DataError(
            f"{pair.audio}: the model recognizes no speech ({frames.begins[-1]:.1f} s); listen to "
            "it, and see --channel where several were recorded"
        )
    numbers = [[[columns.numbers[name] for name in word] for word in words] for words in tokens]
    reader = Reader(numbers)
    path = PathFrames.of(frames.scores, frames.garbage)
    found = find_segments(reader, frames, path, rules)
    kept = [segment for segment in found if not _fault(segment, rules)]
    return Aligned(
        pair,
        float(frames.begins[-1]),
        units,
        kept,
        _rejected(units, numbers, found, rules),
        moved(units, kept),
        _outside(frames, kept),
        speller.mapping,
    )


def find_segments(reader: Reader, frames: Frames, path: PathFrames, rules: Rules) -> list[Found]:
    """Of the paths at all PRICES, the segments of the one that has most of the text in segments
    that are kept; the first at which that is ENOUGH."""
    total = sum(map(sum, reader.sizes))
    best: list[Found] = []
    most = -1
    for ahead, back in PRICES:
        places = find_path(reader.chain, path, ahead=ahead, back=back)
        found = reader.read(frames, path, places, longest=rules.longest)
        kept = sum(
            sum(reader.sizes[one.unit][one.first : one.last + 1])
            for one in found
            if not _fault(one, rules)
        )
        if kept > most:
            best, most = found, kept
        if kept >= ENOUGH * total:
            break
    return best


def _fault(segment: Found, rules: Rules) -> str:
    if segment.score < rules.min_score:
        return f"score below {rules.min_score:g}"
    if segment.end - segment.begin > rules.longest:
        return f"a word of more than {rules.longest:g} s"
    return ""


def _rejected(
    units: Sequence[Unit],
    tokens: Sequence[Sequence[Sequence[int]]],
    found: Iterable[Found],
    rules: Rules,
) -> list[Rejected]:
    """In the order of the text."""
    by_unit: dict[int, list[Found]] = {}
    for segment in found:
        by_unit.setdefault(segment.unit, []).append(segment)
    out = []
    for number, unit in enumerate(units):
        if unit.fault:
            out.append(Rejected(unit, unit.fault))
        elif not any(tokens[number]):
            out.append(Rejected(unit, "the model has nothing for it"))
        elif number not in by_unit:
            out.append(Rejected(unit, "not found in the recording"))
        for segment in by_unit.get(number, []):
            if fault := _fault(segment, rules):
                out.append(Rejected(unit, fault, segment))
    return out


def moved(units: Sequence[Unit], segments: Sequence[Found]) -> list[str]:
    """Passages out of order: all that is not in the longest run of segments in which the text's
    order is that of the recording; and what is said twice."""
    order = [segment.unit for segment in segments]
    in_order = _longest_increasing(order)
    told, number = [], 0
    seen: set[int] = set()
    while number < len(order):
        unit, stop = order[number], number + 1
        if number not in in_order:
            while stop not in in_order and _continues(order, stop):
                stop += 1
            first, last = units[unit].line, units[order[stop - 1]].line
            lines = f"line {first}" if first == last else f"lines {first} to {last}"
            what = "said again" if unit in seen else "said out of order"
            told.append(
                f"{lines} {what}, at {segments[number].begin:.1f} to {segments[stop - 1].end:.1f} s"
            )
        seen.update(order[number:stop])
        number = stop
    return told


def _continues(order: Sequence[int], place: int) -> bool:
    """Whether the segment at a place is of the unit of the one before, or the next."""
    return place < len(order) and 0 <= order[place] - order[place - 1] <= 1


def _longest_increasing(order: Sequence[int]) -> set[int]:
    """Places in ``order`` of a longest part that never falls: parts of a unit follow each other."""
    tails: list[int] = []
    ends: list[int] = []
    before: list[int] = []
    for place, value in enumerate(order):
        at = bisect.bisect_right(tails, value)
        before.append(ends[at - 1] if at else -1)
        tails[at:], ends[at:] = [value, *tails[at + 1 :]], [place, *ends[at + 1 :]]
    found, place = set(), ends[-1] if ends else -1
    while place >= 0:
        found.add(place)
        place = before[place]
    return found


def _outside(frames: Frames, segments: Sequence[Found]) -> float:
    """Share of the recognized tokens that lie outside of the segments."""
    tokens = frames.garbage / -FEE
    inside = np.zeros(len(tokens), bool)
    for segment in segments:
        first, last = np.searchsorted(frames.begins, [segment.begin, segment.end])
        inside[first:last] = True
    return float(tokens[~inside].sum() / tokens.sum())
