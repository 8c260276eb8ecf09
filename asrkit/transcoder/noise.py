"""Phones of a text, misheard as a recognizer does: its counted confusions, drawn each time.

TranUSR tunes the Transcoder on hypotheses; minutes of labeled speech give few. With this any text
sounds like them. It is not in the paper.
"""

from __future__ import annotations

import bisect
import itertools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from asrkit.align import DELETED, INSERTED
from asrkit.files import DataError
from asrkit.keys import key_of
from asrkit.transcoder.labels import STAR

Confusions = Mapping[str, Mapping[str, int]]


class _Draw:
    """Names in proportion to their counts."""

    def __init__(self, counts: Mapping[str, int]) -> None:
        self.names = list(counts)
        self.total = sum(counts.values())
        self._bounds = list(itertools.accumulate(counts.values()))

    def __call__(self, uniform: float) -> str:
        return self.names[bisect.bisect_right(self._bounds, uniform * self.total)]


class PhoneNoise:
    """table: reference phone -> recognized phone -> count, gaps as in ``score``'s confusions.json.

    A phone that is not in the table is recognized correctly.
    """

    def __init__(self, table: Confusions, *, seed: int = 0) -> None:
        self.seed = seed
        self._heard = {phone: _Draw(row) for phone, row in table.items() if phone != INSERTED}
        spoken = sum(draw.total for draw in self._heard.values())
        if not spoken:
            raise DataError("no phone of a reference was counted")
        inserted = table.get(INSERTED, {})
        self._inserted = _Draw(inserted) if inserted else None
        self._insertions = sum(inserted.values()) / spoken

    @classmethod
    def read(cls, path: str | Path, *, seed: int = 0) -> PhoneNoise:
        """From the confusions.json of a scored set. Raises DataError if it is none."""
        try:
            table = json.loads(Path(path).read_text(encoding="utf-8"))
            counts = [count for row in table.values() for count in row.values()]
            if not all(isinstance(count, int) and count > 0 for count in counts):
                raise ValueError("counts are whole numbers above 0")
            if empty := [phone for phone, row in table.items() if not row]:
                raise ValueError(f"{empty[0]!r} has no counts")
            return cls(table, seed=seed)
        except FileNotFoundError:
            raise DataError(f"{path}: no such file; score --unit per leaves one") from None
        except (ValueError, AttributeError) as error:
            raise DataError(f"{path}: no table of confusions ({error})") from None

    def __call__(
        self, phones: Sequence[str], labels: Sequence[str], *key: int | str
    ) -> tuple[list[str], list[str]]:
        """Phones as recognized and word labels for them; every word stays and keeps a phone.

        key: numbers and names (epoch, utterance, copy) that with the seed decide what is drawn.
        """
        random = np.random.default_rng(key_of(self.seed, "phone noise", *key))
        draws = random.random((len(phones), 3)).tolist()
        noisy: list[str] = []
        moved: list[str] = []
        begin = 0  # of the word
        for phone, label, (insertion, which, what) in zip(phones, labels, draws, strict=True):
            if self._inserted is not None and insertion < self._insertions:
                noisy.append(self._inserted(which))
                moved.append(STAR)
            found = self._heard[phone](what) if phone in self._heard else phone
            if found != DELETED:
                noisy.append(found)
                moved.append(STAR)
            if label == STAR:
                continue
            if len(noisy) == begin:  # nothing of the word was recognized
                noisy.append(phone)
                moved.append(STAR)
            moved[-1] = label
            begin = len(noisy)
        return noisy, moved
