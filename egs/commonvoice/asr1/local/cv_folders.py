"""Writes Kaldi folders of clips: one utterance a clip, speakers by a hash of their client_id."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from asrkit.files import write_json
from asrkit.kaldi.utterances import Utterance, write_data_dir

LABELS = "text.lists"  # phones of the few-shot lists, beside the text


class Item(NamedTuple):
    """One clip to write; phones: labels of the few-shot lists, [] where there are none."""

    clip: str
    speaker: str
    path: Path
    words: str
    phones: list[str]


def utterance(item: Item, lang: str) -> Utterance:
    """``it_0f3a91c0de-common_voice_it_17853711`` of speaker ``it_0f3a91c0de``.

    A clip whose speaker is not known is one of its own.
    """
    digest = hashlib.blake2b((item.speaker or item.clip).encode(), digest_size=5).hexdigest()
    speaker = f"{lang}_{digest}"
    labels = {LABELS: " ".join(item.phones)} if item.phones else {}
    name = f"{speaker}-{item.clip}"
    return Utterance(name, speaker, str(item.path), item.words, more=labels)


def write_clips(folder: Path, items: Iterable[Item], lang: str) -> None:
    """The tables of docs/data_dir.md, and text.lists if every clip has labels."""
    utterances = [utterance(item, lang) for item in items]
    if not all(row.more for row in utterances):
        (folder / LABELS).unlink(missing_ok=True)  # of an earlier run with lists
    write_data_dir(folder, utterances, lang)


def write_record(folder: Path, record: Mapping[str, object]) -> None:
    """selection.json: which release, how chosen, what was left out."""
    write_json(folder / "selection.json", record, readable=True)
