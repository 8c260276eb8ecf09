"""Splits: sizes, what is kept whole, and what is said of few speakers."""

from __future__ import annotations

import re

import pytest

from asrkit.files import DataError
from asrkit.kaldi.partition import PARTS, Member, Partition, partition


def corpus(speakers: int, recordings: int = 5, utterances: int = 4) -> list[Member]:
    return [
        Member(f"s{s}", f"s{s}r{r}", 2.0 + (s + r + u) % 3)
        for s in range(speakers)
        for r in range(recordings)
        for u in range(utterances)
    ]


def minutes(members: list[Member], made: Partition) -> dict[str, float]:
    sums = dict.fromkeys(PARTS, 0.0)
    for member, part in zip(members, made.parts, strict=True):
        sums[part] += member.seconds / 60
    return sums


@pytest.mark.parametrize("seed", range(5))
def test_no_speaker_is_in_two_parts(seed: int) -> None:
    members = corpus(20)
    made = partition(members, valid=0.1, test=0.2, seed=seed)
    assert made.unit == "speaker"
    assert not made.notes
    of: dict[str, set[str]] = {}
    for member, part in zip(members, made.parts, strict=True):
        of.setdefault(member.speaker, set()).add(part)
    assert all(len(parts) == 1 for parts in of.values())
    sums, total = minutes(members, made), sum(m.seconds for m in members) / 60
    assert sums["valid"] == pytest.approx(0.1 * total, rel=0.36)
    assert sums["test"] == pytest.approx(0.2 * total, rel=0.36)


def test_the_seed_decides_and_repeats() -> None:
    members = corpus(20)
    made = [partition(members, seed=seed).parts for seed in (0, 0, 1)]
    assert made[0] == made[1] != made[2]


def test_sizes_from_1_on_are_minutes() -> None:
    members = corpus(1, recordings=60)
    sums = minutes(members, partition(members, valid=1, test=2))
    assert sums["valid"] == pytest.approx(1, rel=0.36)
    assert sums["test"] == pytest.approx(2, rel=0.36)
    assert "valid" not in partition(members, valid=0).parts


@pytest.mark.parametrize(
    ("speakers", "unit", "advice"),
    [
        (1, "recording", "one speaker: error rates tell"),
        (3, "recording", "3 speakers are too few .* record two more"),
    ],
)
def test_few_speakers_are_split_by_recording(speakers: int, unit: str, advice: str) -> None:
    members = corpus(speakers, recordings=20)
    made = partition(members)
    assert made.unit == unit
    (note,) = made.notes
    assert re.match(advice, note)
    of: dict[str, set[str]] = {}
    for member, part in zip(members, made.parts, strict=True):
        of.setdefault(member.recording, set()).add(part)
    assert all(len(parts) == 1 for parts in of.values())


def test_one_recording_is_split_by_utterance() -> None:
    made = partition(corpus(1, recordings=1, utterances=40))
    assert made.unit == "utterance"
    assert "parts of one recording are in training and test" in made.notes[1]


def test_one_speaker_with_most_of_the_audio() -> None:
    members = [*corpus(1, 10, 40), *(Member(f"t{n}", f"t{n}", 1.0) for n in range(3))]
    made = partition(members)
    assert made.unit == "recording"
    assert "differ too much" in made.notes[0]
    assert partition(members, by="speaker").unit == "speaker"


def test_speakers_that_are_not_named() -> None:
    members = [Member("", f"r{n}", 3.0) for n in range(50)]
    made = partition(members)
    assert made.unit == "recording"
    assert "not named" in made.notes[0]


@pytest.mark.parametrize(
    ("members", "options", "message"),
    [
        (corpus(2), {"by": "speaker"}, "2 speakers: too few for 3 parts"),
        (corpus(1, 1, 2), {}, "2 utterances: too few for 3 parts"),
        (corpus(9), {"valid": 0.5, "test": 0.5}, "leave too little"),
        (corpus(9), {"valid": -1.0}, "not -1"),
        (corpus(9), {"by": "moon"}, "not 'moon'"),
    ],
)
def test_what_cannot_be_split(
    members: list[Member], options: dict[str, object], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        partition(members, **options)  # type: ignore[arg-type]
