"""Folders of phone sequences, read in place of speech: an index with the same uses as DataIndex.

A folder holds ``text.phn`` (what the model reads), ``utt2lang``, labels of the same length such as
``text.star``, and, where the phones were recognised, ``posteriors.scp``: ``<id> <file.ark:offset>``
of a float32 matrix [L, P] each. Without it the phones are certain: one-hot rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from asrkit.data import columns
from asrkit.data.cache import Arrays, cached
from asrkit.data.folder_rows import FolderRows
from asrkit.files import DataError

PHONES = "text.phn"
POSTERIORS = "posteriors.scp"
_REPAIR = "make the folder anew (stages 10 and 11)"


class PhoneFolder:
    """Offsets, lengths in phones and languages of one folder, from cached arrays."""

    def __init__(self, path: Path, token_file: str | None) -> None:
        self.path = path
        arrays, meta = cached(path, "phones", (PHONES, "utt2lang"), lambda: _build(path))
        self.phones = columns.map_file(path / PHONES)
        self.offsets, self.lengths = arrays["offsets"], arrays["lengths"]
        self.langs, self.lang_names = arrays["langs"], list(meta["languages"])
        self.tables: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        if token_file is not None:
            self._open(token_file, self.lengths)
        if (path / POSTERIORS).exists():
            self._open(POSTERIORS, np.ones_like(self.lengths))

    def _open(self, name: str, sizes: np.ndarray) -> None:
        """Maps a table that must have the same keys and ``sizes`` values a line."""
        arrays, _ = cached(
            self.path, name, (PHONES, name), lambda: (_build_like(self, name, sizes), {})
        )
        self.tables[name] = columns.map_file(self.path / name), arrays["offsets"]

    def values(self, name: str, row: int) -> list[str]:
        """What follows the key in line ``row`` of a table."""
        data, offsets = (self.phones, self.offsets) if name == PHONES else self.tables[name]
        return columns.line(data, offsets, row).split()[1:]


class PhoneIndex(FolderRows[PhoneFolder]):
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
        return columns.line(folder.phones, folder.offsets, local).split(maxsplit=1)[0]

    def phones(self, row: int) -> list[str]:
        folder, local = self._find(row)
        return folder.values(PHONES, local)

    def labels(self, row: int) -> list[str]:
        """Tokens of the token file, as many as phones."""
        folder, local = self._find(row)
        if self.token_file is None:
            raise DataError(f"{folder.path}: the index was opened without a token file")
        return folder.values(self.token_file, local)

    def matrix(self, row: int) -> str | None:
        """``file.ark:offset`` of the posteriors, or None where the phones are certain."""
        folder, local = self._find(row)
        return folder.values(POSTERIORS, local)[0] if POSTERIORS in folder.tables else None


def _sizes(data: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """int32 [N]: words that follow the key in every line."""
    begins = np.zeros(len(data) + 1, np.int64)
    space = (data == 32) | (data == 9)
    begins[2:] = np.cumsum(space[:-1] & ~space[1:] & (data[1:] != 10))
    bounds = np.minimum(offsets, len(data))
    sizes: np.ndarray = np.diff(begins[bounds]).astype(np.int32)
    return sizes


def _build(path: Path) -> tuple[Arrays, dict[str, Any]]:
    data = columns.map_file(path / PHONES)
    offsets = columns.line_starts(data)
    lengths = _sizes(data, offsets)
    if not lengths.all():
        row = int(np.argmin(lengths))
        raise DataError(f"{path / PHONES}:{row + 1}: holds no phones; {_REPAIR}")
    other = columns.map_file(path / "utt2lang")
    starts = columns.line_starts(other)
    _same_keys(path, "utt2lang", (data, offsets), (other, starts))
    langs = np.empty(len(lengths), np.int16)
    names: dict[str, int] = {}
    for block in columns.blocks(len(lengths)):
        ends = columns.key_ends(other, starts[block])
        values = columns.values_of(other, starts[block], ends)
        langs[block.start : block.stop - 1] = columns.numbered(values, names)
    return {"offsets": offsets, "lengths": lengths, "langs": langs}, {"languages": list(names)}


def _build_like(folder: PhoneFolder, name: str, wanted: np.ndarray) -> Arrays:
    data = columns.map_file(folder.path / name)
    offsets = columns.line_starts(data)
    _same_keys(folder.path, name, (folder.phones, folder.offsets), (data, offsets))
    sizes = _sizes(data, offsets)
    wrong = np.flatnonzero(sizes != wanted)
    if len(wrong):
        row = int(wrong[0])
        raise DataError(
            f"{folder.path / name}:{row + 1}: has {sizes[row]} values where {wanted[row]} are"
            f" wanted, one for each phone of {PHONES} (one matrix in {POSTERIORS}); {_REPAIR}"
        )
    return {"offsets": offsets}


Table = tuple[np.ndarray, np.ndarray]  # bytes, and where lines begin


def _same_keys(path: Path, name: str, phones: Table, other: Table) -> None:
    """Raises DataError at the first line of table ``name`` whose key is not that of text.phn."""
    for block in columns.blocks(min(len(phones[1]), len(other[1])) - 1):
        mine, theirs = (
            columns.keys_of(data, starts[block], columns.key_ends(data, starts[block]))
            for data, starts in (phones, other)
        )
        if all(np.array_equal(a, b) for a, b in zip(mine, theirs, strict=True)):
            continue
        for row in range(block.start, block.stop - 1):
            wanted, found = (
                columns.line(data, starts, row).replace("\t", " ").split(" ")[0]
                for data, starts in (phones, other)
            )
            if wanted != found:
                where = f"{path / name}:{row + 1}"
                raise DataError(f"{where}: has {found!r} where {PHONES} has {wanted!r}; {_REPAIR}")
    if len(phones[1]) != len(other[1]):
        raise DataError(
            f"{path / name}:{len(other[1]) - 1}: ends here, {PHONES} has {len(phones[1]) - 1} "
            f"lines; {_REPAIR}"
        )
