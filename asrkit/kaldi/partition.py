"""Training, validation and test sets of one corpus: no speaker, or no recording, in two of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from asrkit.files import DataError
from asrkit.keys import key_of

PARTS = ("train", "valid", "test")
UNITS = ("speaker", "recording", "utterance")
ENOUGH = 4  # speakers, of whom two can be held out
NEAR = 0.35  # a part may be off by so much of what was asked for


class Member(NamedTuple):
    """An utterance: who says it (empty: not known), in which recording, for how many seconds."""

    speaker: str
    recording: str
    seconds: float


class Partition(NamedTuple):
    """parts: of each member, in their order. unit: what was kept whole. notes: advice, a line
    each."""

    parts: list[str]
    unit: str
    notes: list[str]


def partition(
    members: Sequence[Member],
    *,
    valid: float = 0.1,
    test: float = 0.1,
    by: str = "auto",
    seed: int = 0,
) -> Partition:
    """Deals members to train, valid and test.

    valid, test: below 1 the share of the audio, from 1 on minutes of it; 0: no such part. by:
    speaker, recording or utterance, none of which is then in two parts; auto takes the first that
    has enough for parts of about these sizes. Raises DataError where there are too few, or a part
    would take all.
    """
    if by != "auto" and by not in UNITS:
        raise DataError(f"by is one of auto {' '.join(UNITS)}, not {by!r}")
    total = sum(member.seconds for member in members)
    wanted = {"test": _seconds(test, total, "test"), "valid": _seconds(valid, total, "valid")}
    wanted = {part: seconds for part, seconds in wanted.items() if seconds}
    if sum(wanted.values()) >= 0.8 * total:
        raise DataError(
            f"valid and test of {sum(wanted.values()) / 60:.1f} minutes leave too little of "
            f"{total / 60:.1f} minutes to train on; ask for less"
        )
    speakers = {member.speaker for member in members if member.speaker}
    named = bool(speakers) and all(member.speaker for member in members)
    last: DataError | None = None
    for unit in UNITS if by == "auto" else (by,):
        if unit == "speaker" and by == "auto" and (not named or len(speakers) < ENOUGH):
            continue
        groups = _groups(members, _KEYS[unit])
        try:
            last_resort = len(groups) == len(members)  # nothing smaller can be dealt
            taken = _deal(groups, wanted, seed, near=by == "auto" and not last_resort)
        except DataError as error:
            last = DataError(f"{len(groups)} {unit}{'s' * (len(groups) != 1)}: {error}")
            continue
        parts = [taken.get(_KEYS[unit](member, at), "train") for at, member in enumerate(members)]
        return Partition(parts, unit, _advice(members, unit, len(speakers) if named else 0))
    assert last is not None
    raise DataError(
        f"{last}; name speakers or recordings of which there are more, or split by utterance"
    )


def _seconds(size: float, total: float, part: str) -> float:
    if not 0 <= size < float("inf"):
        raise DataError(f"{part} is a share below 1 or a number of minutes, not {size:g}")
    return size * total if size < 1 else size * 60


def _speaker(member: Member, at: int) -> str:
    """Who is not named is taken for somebody of a recording of his own."""
    return f"s {member.speaker}" if member.speaker else f"r {member.recording}"


_KEYS: Mapping[str, Callable[[Member, int], str]] = {
    "speaker": _speaker,
    "recording": lambda member, at: member.recording,
    "utterance": lambda member, at: str(at),
}


def _groups(members: Sequence[Member], key: Callable[[Member, int], str]) -> dict[str, float]:
    groups: dict[str, float] = {}
    for at, member in enumerate(members):
        name = key(member, at)
        groups[name] = groups.get(name, 0.0) + member.seconds
    return groups


def _deal(
    groups: Mapping[str, float], wanted: Mapping[str, float], seed: int, *, near: bool
) -> dict[str, str]:
    """The groups of the parts that are ``wanted``, so many seconds each; the rest is training's.

    near: a part that is far from what was asked for is an error, too.
    """
    if len(groups) <= len(wanted):
        raise DataError(f"too few for {len(wanted) + 1} parts")
    order = sorted(groups, key=lambda name: (key_of(seed, name), name))
    taken: dict[str, str] = {}
    for number, (part, seconds) in enumerate(wanted.items()):
        free = [name for name in order if name not in taken]
        most = len(free) - (len(wanted) - number)  # one stays for each part to come, and training
        got, count = 0.0, 0
        for name in free:
            if count < most and got + groups[name] <= 1.1 * seconds:
                taken[name] = part
                got, count = got + groups[name], count + 1
        if not count:
            least = min(free, key=lambda name: (groups[name], name))
            taken[least] = part
            got = groups[least]
        if near and not (1 - NEAR) * seconds <= got <= (1 + NEAR) * seconds:
            raise DataError(f"no {part} of about {seconds / 60:.1f} minutes can be made of them")
    return taken


def _advice(members: Sequence[Member], unit: str, speakers: int) -> list[str]:
    """speakers: how many there are, 0 if not all are named."""
    if unit == "speaker":
        return []
    notes = []
    if speakers == 1:
        notes.append(
            "one speaker: error rates tell how well this voice is understood, and nothing of others"
        )
    elif 1 < speakers < ENOUGH:
        notes.append(
            f"{speakers} speakers are too few to hold two out: every voice of the test set was "
            "trained on; for an error rate of new voices, record two more for test and valid"
        )
    elif speakers:
        notes.append(
            "speakers differ too much in their minutes to be held out: voices of the test set were "
            "trained on; --by speaker does it all the same"
        )
    else:
        notes.append(
            "speakers are not named: voices of the test set may be in training; name them, and "
            "error rates will be of new voices"
        )
    if unit == "utterance" and len({member.recording for member in members}) < len(members):
        notes.append(
            "split by utterance: parts of one recording are in training and test, and error rates "
            "are better than they will be on other recordings"
        )
    return notes
