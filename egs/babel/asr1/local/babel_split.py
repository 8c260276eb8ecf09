"""Which part of the training sides becomes the validation set."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable

from asrkit.files import DataError
from asrkit.kaldi.utterances import Utterance

SPLITS = ("speaker", "utterance")
SHARE = 0.1


def split(
    utterances: list[Utterance], how: str, *, share: float = SHARE, seed: int = 0
) -> tuple[list[Utterance], list[Utterance]]:
    """Train and valid; valid has ``share`` of the seconds, chosen by a hash of seed and name.

    speaker: whole speakers, both ends of their calls together. utterance: single utterances, so
    that voices of the validation set are trained on. Raises DataError if a part would be empty.
    """
    if how not in SPLITS:
        raise DataError(f"--valid_split is one of {', '.join(SPLITS)}, not {how!r}")
    name: Callable[[Utterance], str] = _number if how == "speaker" else _id
    seconds: dict[str, float] = defaultdict(float)
    for utterance in utterances:
        seconds[name(utterance)] += length(utterance)
    ranked = sorted(seconds, key=lambda n: hashlib.sha256(f"{seed}\0{n}".encode()).digest())
    wanted = share * sum(seconds.values())
    chosen: set[str] = set()
    for candidate in ranked:
        if wanted <= 0:
            break
        # Half of a group too much is nearer to the share than half of it too little.
        if not chosen or seconds[candidate] <= 2 * wanted:
            chosen.add(candidate)
            wanted -= seconds[candidate]
    train = [u for u in utterances if name(u) not in chosen]
    valid = [u for u in utterances if name(u) in chosen]
    if not train or not valid:
        raise DataError(
            f"{len(ranked)} {how}s cannot be split into training and validation; use another "
            "--valid_split, or more data"
        )
    return train, valid


def length(utterance: Utterance) -> float:
    start, end = utterance.span or (0.0, 0.0)
    return end - start


def _number(utterance: Utterance) -> str:
    """``<pack>_<number>`` of a speaker: the same for both ends of a call."""
    return utterance.speaker.rpartition("_")[0]


def _id(utterance: Utterance) -> str:
    return utterance.id
