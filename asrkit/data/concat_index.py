"""Several folders as one run of rows, with the length and the language of each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import numpy as np

from asrkit.files import DataError


class FolderIndex(Protocol):
    """One folder. lengths: int32 [N]; langs: int16 [N] numbers into its own lang_names."""

    path: Path
    lengths: np.ndarray
    langs: np.ndarray
    lang_names: list[str]


Folder = TypeVar("Folder", bound=FolderIndex)


class ConcatIndex(Generic[Folder]):
    """Rows numbered from 0 in the order of folders and lines.

    num_samples: int32 [N], the lengths. langs: int16 [N] numbers into lang_names (sorted).
    """

    def __init__(self, folders: Sequence[Folder]) -> None:
        if not folders:
            raise DataError("no data folder is given")
        self._folders = folders
        self._first = np.concatenate([[0], np.cumsum([len(f.lengths) for f in folders])])
        self.lang_names = sorted({name for folder in folders for name in folder.lang_names})
        if len(folders) == 1 and folders[0].lang_names == self.lang_names:
            # as they are mapped: 30 million rows are not copied
            self.num_samples, self.langs = folders[0].lengths, folders[0].langs
            return
        number = {name: at for at, name in enumerate(self.lang_names)}
        self.num_samples = np.concatenate([folder.lengths for folder in folders])
        self.langs = np.concatenate(
            [np.array([number[n] for n in f.lang_names], np.int16)[f.langs] for f in folders]
        )

    def __len__(self) -> int:
        return int(self._first[-1])

    def _find(self, row: int) -> tuple[Folder, int]:
        """The folder of a row, and its line there, from 0."""
        if not 0 <= row < len(self):
            raise IndexError(f"utterance {row} of {len(self)}")
        number = self._number(row)
        return self._folders[number], row - int(self._first[number])

    def _number(self, row: int) -> int:
        """Which of the folders a row lies in."""
        return int(np.searchsorted(self._first, row, side="right")) - 1

    def dir_rows(self, row: int) -> range:
        """Row numbers of all utterances in the folder that ``row`` lies in."""
        number = self._number(row)
        return range(int(self._first[number]), int(self._first[number + 1]))
