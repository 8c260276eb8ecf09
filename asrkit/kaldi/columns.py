"""Kaldi tables ("key value" lines) as numpy arrays: no Python object per line.

The functions below take a memory-mapped file (uint8) and work on blocks of lines, so that tables of
tens of millions of lines are checked in seconds a million and within a few hundred megabytes.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from asrkit.files import DataError

LINES = 1 << 18  # lines a block
BYTES = 1 << 26  # bytes a block when looking for line ends
WIDEST = 256  # bytes of a number, a language or a speaker

Bytes = np.ndarray  # uint8 [file size]


def map_file(path: Path) -> Bytes:
    """The bytes of ``path`` (uint8, read only, mapped); DataError if missing or empty."""
    try:
        with open(path, "rb") as stream:
            mapped = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
    except ValueError:
        raise DataError(f"{path}: is empty; the step that writes it did not end well") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None
    return np.frombuffer(mapped, dtype=np.uint8)


def line_starts(data: Bytes) -> np.ndarray:
    """int64 [lines + 1]: where each line begins, and at the end where the next would begin."""
    ends = [
        np.flatnonzero(data[at : at + BYTES] == 10) + (at + 1) for at in range(0, len(data), BYTES)
    ]
    parts = [np.zeros(1, np.int64), *ends]
    if data[-1] != 10:
        parts.append(np.array([len(data) + 1]))
    return np.concatenate(parts)


def odd_lines(data: Bytes, starts: np.ndarray) -> bool:
    """Whether one of successive lines may break kaldi_text's rule by itself, apart from white space
    in its key; which line and how, its parser says."""
    base, stop = int(starts[0]), int(min(starts[-1], len(data)))
    first = data[starts[:-1]]
    if ((first == 32) | (first == 9) | (first == 10)).any():
        return True
    text = data[base:stop].tobytes()
    if b"\r" in text or b"\0" in text or text.startswith(b"\xef\xbb\xbf"):
        return True
    if not text.isascii():
        try:
            text.decode()
        except UnicodeDecodeError:
            return True
    return False


def odd_keys(data: Bytes, starts: np.ndarray, ends: np.ndarray) -> bool:
    """Whether a key of successive lines holds white space, or is not after the one before it."""
    keys, sizes = keys_of(data, starts, ends)
    text = keys.tobytes().decode()
    return text.split() != [text] or not _ordered(keys, sizes)


def _ordered(keys: np.ndarray, sizes: np.ndarray) -> bool:
    """Whether each key (``keys_of``) is after the one before it, by bytes."""
    width, bounds = int(sizes.max()), np.append(0, np.cumsum(sizes))
    rows = max(1, BYTES // width)
    for at in range(0, len(sizes) - 1, rows):
        part = sizes[at : at + rows + 1]
        padded = np.zeros((len(part), width), np.uint8)
        padded[np.arange(width) < part[:, None]] = keys[bounds[at] : bounds[at + len(part)]]
        words = padded.view(f"S{width}")[:, 0]
        if not (words[1:] > words[:-1]).all():
            return False
    return True


def key_ends(data: Bytes, starts: np.ndarray) -> np.ndarray:
    """int64 [n]: the end of the first field of n successive lines (``starts`` holds n + 1)."""
    base, stop = int(starts[0]), int(min(starts[-1], len(data)))
    block = data[base:stop]
    breaks = np.flatnonzero(block <= 32)
    which = block[breaks]
    breaks = breaks[(which == 32) | (which == 9) | (which == 10)]
    breaks = np.append(breaks, stop - base)
    return breaks[np.searchsorted(breaks, starts[:-1] - base)] + base


def keys_of(data: Bytes, starts: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Keys of successive lines as one flat uint8 array, and their lengths."""
    begins = starts[:-1]
    sizes = ends - begins
    places = np.arange(sizes.sum())
    places += np.repeat(begins - (np.cumsum(sizes) - sizes), sizes)
    return data[places], sizes


def without_value(data: Bytes, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """int64: which of successive lines have nothing but blanks after the key."""
    begin, stop = ends.copy(), starts[1:] - 1
    _skip_blanks(data, begin, stop, 1)
    return np.flatnonzero(begin == stop)


def values_of(data: Bytes, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """uint8 [n, width]: what follows the key, without the blanks around it, padded with zeros to
    one width; [n, 0] where one is longer than WIDEST."""
    begin, stop = ends.copy(), starts[1:] - 1
    _skip_blanks(data, begin, stop, 1)
    _skip_blanks(data, stop, begin, -1)
    size = stop - begin
    width = int(size.max(initial=0))
    if width > WIDEST:
        return np.zeros((len(size), 0), np.uint8)
    result = np.zeros((len(size), max(width, 1)), np.uint8)
    for column in range(width):
        there = size > column
        result[there, column] = data[begin[there] + column]
    return result


def _skip_blanks(data: Bytes, places: np.ndarray, limits: np.ndarray, step: int) -> None:
    """Moves each of ``places`` past the blanks after it (before it with ``step`` -1), in place, as
    far as its limit."""
    rows = np.flatnonzero(places != limits)
    while len(rows):
        there = data[places[rows] - (step < 0)]
        rows = rows[(there == 32) | (there == 9)]
        places[rows] += step
        rows = rows[places[rows] != limits[rows]]


def numbers_of(values: np.ndarray) -> np.ndarray:
    """int64 [n]: decimal numbers from rows of digits (``values_of``); -1 for anything else."""
    result = np.zeros(len(values), np.int64)
    wrong = np.full(len(values), values.shape[1] == 0 or values.shape[1] > 18)
    if not wrong.all():
        wrong |= values[:, 0] == 0
        for column in values.T:
            digit = (column >= 48) & (column <= 57)
            wrong |= ~digit & (column != 0)
            result = np.where(digit, result * 10 + (column.astype(np.int64) - 48), result)
    result[wrong] = -1
    return result


def names_of(values: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """int64 [n] numbers of distinct rows of ``values``, and the rows as strings, in byte order."""
    text = np.ascontiguousarray(values).view(f"S{values.shape[1]}")[:, 0]
    heads = np.flatnonzero(np.append(True, text[1:] != text[:-1]))
    names, numbers = np.unique(text[heads], return_inverse=True)
    runs = np.diff(np.append(heads, len(text)))
    return np.repeat(numbers.reshape(-1), runs), [name.decode(errors="replace") for name in names]


def numbered(values: np.ndarray, numbers: dict[str, int]) -> np.ndarray:
    """int64 [n]: the number that each row of ``values`` has in ``numbers``, where a new one gets
    the next."""
    local, names = names_of(values)
    return np.array([numbers.setdefault(name, len(numbers)) for name in names])[local]


def blocks(count: int, *, overlap: bool = False) -> Iterator[slice]:
    """Slices over line starts; each holds one more entry than it has lines. With ``overlap`` a
    block begins with the last line of the one before it."""
    for at in range(0, count, LINES):
        yield slice(max(0, at - overlap), min(at + LINES, count) + 1)


def raw_line(data: Bytes, starts: np.ndarray, row: int) -> bytes:
    """One line without its end."""
    return data[int(starts[row]) : int(starts[row + 1]) - 1].tobytes()


def line(data: Bytes, starts: np.ndarray, row: int) -> str:
    """One line without its end, decoded."""
    return raw_line(data, starts, row).decode(errors="replace")
