"""Utterances that a Transcoder reads: phones of a text or of a folder, or recognized in audio."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from asrkit.arguments import warn
from asrkit.audio.given import Given
from asrkit.decode.dealt import Failed, read_ones
from asrkit.decode.run import score
from asrkit.kaldi.kaldi_text import read_keyed, split_line
from asrkit.shards import Task
from asrkit.tokens import BLANK
from asrkit.transcoder.dataset import PhoneDataset
from asrkit.transcoder.hypotheses import Recognized
from asrkit.transcoder.index import PhoneIndex
from asrkit.transcoder.model import Phones2Words, Speech2Words

Rows = Iterator[tuple[str, np.ndarray]]


class Inputs:
    """(id, posteriors [L, P]) of the utterances of one source, and what happened on the way.

    count: how many there are, if it is known. phones: id -> those recognized in audio. failed: id
    -> why its audio could not be read. unknown: phones of a text that the Transcoder does not
    know, with how often they were read as ``<unk>``.
    """

    def __init__(self, transcoder: Phones2Words) -> None:
        self._transcoder = transcoder
        self.count: int | None = None
        self.phones: dict[str, str] = {}
        self.failed: dict[str, str] = {}
        self.unknown: Counter[str] = Counter()

    def lines(self, path: str) -> Rows:
        """``<id> <phones>`` lines of a file; of standard input (``-``) each as soon as it is there.

        Raises DataError for a file that breaks the rules of such lines, or is empty.
        """
        lines: Iterator[tuple[str, str]]
        if path == "-":
            lines = (split_line(line.rstrip("\n")) for line in sys.stdin if line.strip())
        else:
            table = read_keyed(path, need_rows=True)
            self.count = len(table)
            lines = iter(table.items())
        for name, text in lines:
            spoken = text.split()
            self._count_unknown(spoken)
            yield name, self._transcoder.posteriors(spoken)

    def folder(self, folder: Path) -> Rows:
        """A folder of phones, or of their posteriors."""
        index = PhoneIndex([folder])
        dataset = PhoneDataset(index, self._transcoder.phones, None)
        self.count = len(index)
        for row in range(len(index)):
            self._count_unknown(index.phones(row))
            yield index.id(row), dataset.matrix(row)
        if (folder / "empty").exists():
            for name in read_keyed(folder / "empty"):
                yield name, self._transcoder.posteriors([])

    def audio(
        self, speech: Speech2Words, sources: Mapping[str, str], read: Callable[[str], Given]
    ) -> Rows:
        """What the acoustic model recognizes in ``sources``, id -> what ``read`` opens."""
        self.count = len(sources)
        rows = score(
            speech.asr_model, sources.items(), read, self.failed, max_seconds=speech.max_seconds
        )
        for name, row in rows:
            found = speech.columns(row)
            self.phones[name] = " ".join(speech.columns.names(found))
            yield name, found

    def recognized(self, task: Task[Recognized | Failed]) -> Rows:
        """What the acoustic model recognizes in a folder, as work that shards may have done."""
        self.count = len(task.items)
        for one in read_ones(task.results(), self.failed):
            self.phones[one.id] = " ".join(one.phones)
            yield one.id, one.rows

    def _count_unknown(self, spoken: Sequence[str]) -> None:
        known = self._transcoder.phones
        self.unknown.update(phone for phone in spoken if phone == BLANK or phone not in known)


def warn_of_lost(speech: Speech2Words) -> None:
    """Which phones of the acoustic model the Transcoder cannot read."""
    if speech.columns.lost:
        shown = " ".join(speech.columns.lost)
        warn(f"phones that the Transcoder does not know are <unk>: {shown}")
