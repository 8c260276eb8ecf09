"""Kaldi tables mapped into memory, and two of them joined line by line."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from tqdm import tqdm

from asrkit.files import DataError
from asrkit.kaldi import columns
from asrkit.kaldi.kaldi_text import split_line, stream_rows


@dataclasses.dataclass(frozen=True)
class MappedTable:
    """A table's bytes (columns.map_file), and where its lines begin (columns.line_starts)."""

    path: Path
    data: np.ndarray
    starts: np.ndarray

    @classmethod
    def open(cls, path: Path) -> MappedTable:
        """Raises DataError if the file is missing or empty, or a line breaks kaldi_text's rule."""
        data = columns.map_file(path)
        table = cls(path, data, columns.line_starts(data))
        for block in columns.blocks(len(table)):
            if columns.odd_lines(data, table.starts[block]):
                table._walk(block.start, block.stop - 1)
        return table

    @classmethod
    def open_base(cls, path: Path, repair: str) -> MappedTable:
        """``open`` for the table that the others are compared with: its keys are words in order,
        each once, and have values. ``repair``: what to do about one without. Raises DataError."""
        table = cls.open(path)
        for block in columns.blocks(len(table), overlap=True):
            starts = table.starts[block]
            ends = columns.key_ends(table.data, starts)
            if columns.odd_keys(table.data, starts, ends):
                table._walk(block.start, block.stop - 1)
            if len(empty := columns.without_value(table.data, starts, ends)):
                row = block.start + int(empty[0])
                raise DataError(
                    f"{path}:{row + 1}: {table.key(row)!r} has an empty value; {repair}"
                )
        return table

    def _walk(self, begin: int, end: int) -> None:
        """Raises DataError for the first line of rows ``begin`` to ``end`` that breaks the rule."""
        rows = (columns.raw_line(self.data, self.starts, row) for row in range(begin, end))
        for _ in stream_rows(rows, self.path, first=begin + 1):
            pass

    def __len__(self) -> int:
        return len(self.starts) - 1

    def line(self, row: int) -> str:
        return columns.line(self.data, self.starts, row)

    def key(self, row: int) -> str:
        return split_line(self.line(row))[0]


def same_keys(
    table: MappedTable, base: MappedTable, repair: str
) -> Iterator[tuple[slice, np.ndarray]]:
    """Blocks of line starts and key ends of ``table``, after its keys equal those of ``base``.

    Raises DataError at the first line that differs; ``repair``: what to do about it.
    """
    count = min(len(table), len(base))
    bar = tqdm(columns.blocks(count), f"indexing {table.path}", -(-count // columns.LINES), delay=2)
    for block in bar:
        ends = columns.key_ends(table.data, table.starts[block])
        mine = columns.keys_of(table.data, table.starts[block], ends)
        base_ends = columns.key_ends(base.data, base.starts[block])
        theirs = columns.keys_of(base.data, base.starts[block], base_ends)
        if not all(np.array_equal(a, b) for a, b in zip(mine, theirs, strict=True)):
            for row in range(block.start, block.stop - 1):
                if table.key(row) != base.key(row):
                    raise DataError(
                        f"{table.path}:{row + 1}: has {table.key(row)!r} where {base.path.name} "
                        f"has {base.key(row)!r}; the files need the same keys, sorted: {repair}"
                    )
        yield block, ends
    if len(table) != len(base):
        longer, shorter = (table, base) if len(table) > len(base) else (base, table)
        raise DataError(
            f"{longer.path}:{count + 1}: {longer.key(count)!r} is only here and not in "
            f"{shorter.path.name}; {repair}"
        )


def joined(
    table: MappedTable, base: MappedTable, repair: str
) -> Iterator[tuple[slice, np.ndarray]]:
    """Blocks of rows and their values in ``table`` (columns.values_of); else as ``same_keys``."""
    for block, ends in same_keys(table, base, repair):
        rows = slice(block.start, block.stop - 1)
        yield rows, columns.values_of(table.data, table.starts[block], ends)


def named(
    table: MappedTable, base: MappedTable, what: str, repair: str
) -> tuple[np.ndarray, list[str]]:
    """int32 [N] numbers of the names in ``table``, and the names by number, as first seen.

    Raises DataError as ``same_keys``, and at a line without a name or with white space in it, or in
    a block with a name of over columns.WIDEST bytes; ``what``: for the message, such as "one
    language code".
    """
    numbers = np.empty(len(base), np.int32)
    names: dict[str, int] = {}
    for rows, values in joined(table, base, repair):
        if not values.shape[1] or not values[:, 0].all():
            bad = int(np.argmin(values[:, 0])) if values.shape[1] else 0
            line = f"{table.path}:{rows.start + bad + 1}"
            if values.shape[1]:
                raise DataError(f"{line}: needs {what}; {repair}")
            raise DataError(
                f"{line} or a line after it: holds more than {columns.WIDEST} bytes where {what} "
                f"is wanted; {repair}"
            )
        numbers[rows] = columns.numbered(values, names)
    for name, number in names.items():
        if name.split() != [name]:
            line = f"{table.path}:{int(np.argmax(numbers == number)) + 1}"
            raise DataError(f"{line}: has {name!r} where {what} is wanted; {repair}")
    return numbers, list(names)
