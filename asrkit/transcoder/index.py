"""Folders of phone sequences, read in place of speech: an index with the same uses as DataIndex.

A folder holds ``text.phn`` (what the model reads), ``utt2lang``, labels of the same length such as
``text.star``, and, where the phones were recognized, ``posteriors.scp``: ``<id> <file.ark:offset>``
of a float32 matrix [L, P] each. Without it the phones are certain: one-hot rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from asrkit.data.cache import Arrays, cached
from asrkit.data.concat_index import ConcatIndex
from asrkit.data.table_index import MappedTable, named, same_keys
from asrkit.files import DataError
from asrkit.kaldi import columns
from asrkit.kaldi.kaldi_text import split_line

PHONES = "text.phn"
POSTERIORS = "posteriors.scp"
_REPAIR = "make the folder again (stages 10 and 11)"


class PhoneFolder:
    """Offsets, lengths in phones and languages of one folder, from cached arrays."""

    def __init__(self, path: Path, token_file: str | None) -> None:
        self.path = path
        arrays, meta = cached(path, "phones", (PHONES, "utt2lang"), lambda: _build(path))
        phones = path / PHONES
        self.phones = MappedTable(phones, columns.map_file(phones), arrays["offsets"])
        self.lengths = arrays["lengths"]
        self.langs, self.lang_names = arrays["langs"], list(meta["languages"])
        self.tables = {PHONES: self.phones}
        if token_file is not None:
            self._open(token_file, self.lengths)
        if (path / POSTERIORS).exists():
            self._open(POSTERIORS, np.ones_like(self.lengths))

    def _open(self, name: str, sizes: np.ndarray) -> None:
        """Maps a table that must have the same keys and ``sizes`` values a line."""
        path = self.path / name
        arrays, _ = cached(
            self.path, name, (PHONES, name), lambda: (_build_like(path, self.phones, sizes), {})
        )
        self.tables[name] = MappedTable(path, columns.map_file(path), arrays["offsets"])

    def values(self, name: str, row: int) -> list[str]:
        """What follows the key in line ``row`` of a table."""
        return split_line(self.tables[name].line(row))[1].split()


class PhoneIndex(ConcatIndex[PhoneFolder]):
    """Sentences of one or more folders; ``num_samples`` are phones.

    token_file: labels such as ``text.star``, or None. Raises DataError (file, line) where keys
    or lengths of the files disagree.
    """

    def __init__(self, dirs: Sequence[str | Path], token_file: str | None = None) -> None:
        self.dirs, self.token_file = [Path(path) for path in dirs], token_file
        super().__init__([PhoneFolder(path, token_file) for path in self.dirs])

    def __reduce__(self) -> tuple[Any, ...]:
        return PhoneIndex, (self.dirs, self.token_file)  # a worker maps the files again

    def id(self, row: int) -> str:
        folder, local = self._find(row)
        return split_line(folder.phones.line(local))[0]

    def phones(self, row: int) -> list[str]:
        folder, local = self._find(row)
        return folder.values(PHONES, local)

    def labels(self, row: int) -> list[str]:
        """Tokens of the token file, as many as phones."""
        folder, local = self._find(row)
        if self.token_file is None:
            raise DataError(f"{folder.path}: the index was opened without a token file")
        return folder.values(self.token_file, local)

    def label_bytes(self) -> list[np.ndarray]:
        """Phones and labels of each folder, uint8."""
        names = [PHONES] if self.token_file is None else [PHONES, self.token_file]
        return [folder.tables[name].data for folder in self._folders for name in names]

    def matrix(self, row: int) -> str | None:
        """``file.ark:offset`` of the posteriors, or None where the phones are certain."""
        folder, local = self._find(row)
        return folder.values(POSTERIORS, local)[0] if POSTERIORS in folder.tables else None


def _sizes(table: MappedTable) -> np.ndarray:
    """int32 [N]: words that follow the key in every line."""
    data = table.data
    begins = np.zeros(len(data) + 1, np.int64)
    space = (data == 32) | (data == 9)
    begins[2:] = np.cumsum(space[:-1] & ~space[1:] & (data[1:] != 10))
    bounds = np.minimum(table.starts, len(data))
    sizes: np.ndarray = np.diff(begins[bounds]).astype(np.int32)
    return sizes


def _build(path: Path) -> tuple[Arrays, dict[str, Any]]:
    phones = MappedTable.open_base(path / PHONES, _REPAIR)
    lengths = _sizes(phones)
    langs, names = named(MappedTable.open(path / "utt2lang"), phones, "one language code", _REPAIR)
    arrays = {"offsets": phones.starts, "lengths": lengths, "langs": langs.astype(np.int16)}
    return arrays, {"languages": names}


def _build_like(path: Path, phones: MappedTable, wanted: np.ndarray) -> Arrays:
    table = MappedTable.open(path)
    for _ in same_keys(table, phones, _REPAIR):
        pass
    sizes = _sizes(table)
    wrong = np.flatnonzero(sizes != wanted)
    if len(wrong):
        row = int(wrong[0])
        raise DataError(
            f"{path}:{row + 1}: has {sizes[row]} values where {wanted[row]} are"
            f" wanted, one for each phone of {PHONES} (one matrix in {POSTERIORS}); {_REPAIR}"
        )
    return {"offsets": table.starts}
