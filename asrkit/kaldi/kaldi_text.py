"""Files of ``<key> <value>`` lines: the tables of data folders, texts, hypotheses.

The rule of such a file is here, for every reader. What separates key and value is any number of
spaces and tabs, as in Kaldi; other white space is a character, and none of a key. A key begins its
line and is in it once; a file is UTF-8 with lines that end in LF. Tables are in the order of their
keys' bytes, too. What training maps as arrays (columns.py) is checked against the same rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from asrkit.files import (
    DataError,
    Flaw,
    atomic,
    decode_line,
    read_lines,
    refuse_flaws,
    scan_lines,
)

BLANKS = " \t"


class TableRows(NamedTuple):
    """A table as it is in its file: key, value and line number, in order."""

    keys: list[str]
    values: list[str]
    lines: list[int]

    def table(self) -> dict[str, str]:
        """Keys to values; of repeated keys the last."""
        return dict(zip(self.keys, self.values, strict=True))

    def line_of(self) -> dict[str, int]:
        """Keys to the first line of each."""
        return dict(zip(reversed(self.keys), reversed(self.lines), strict=True))


def split_line(line: str) -> tuple[str, str]:
    """The key and the value of one line; blanks around them do not count. Both may be empty."""
    line = line.strip(BLANKS)
    key = line.partition(" ")[0].partition("\t")[0]
    return key, line[len(key) :].lstrip(BLANKS)


def _parse(line: str, number: int, flaws: list[Flaw]) -> tuple[str, str]:
    """``split_line``; what breaks the rule within the line is appended to ``flaws``."""
    key, value = split_line(line)
    if not key:
        flaws.append(Flaw(number, "is an empty line", "remove it"))
    elif line[0] in BLANKS:
        flaws.append(Flaw(number, "begins with white space", "begin it with the key"))
    if key.split() != [key] and key:
        what = f"has white space in its key {key!r} that separates nothing"
        flaws.append(Flaw(number, what, "separate key and value by a space"))
    return key, value


def _repeated(key: str, number: int, first: int) -> Flaw:
    return Flaw(number, f"duplicate key {key!r} (first in line {first})", "keep one of them")


def _unordered(key: str, number: int, previous: str) -> Flaw:
    what = f"{key!r} is not in order after {previous!r}"
    return Flaw(number, what, "sort with LC_ALL=C, or run fix_data_dir")


def scan_rows(path: str | Path, *, ordered: bool = False) -> tuple[TableRows, list[Flaw]]:
    """All rows that have a key, and every flaw: of encoding, lines, repeats and, if the file must
    be ``ordered``, the first key out of byte order (which is that of code points)."""
    lines, flaws = scan_lines(path)
    undecodable = {flaw.line for flaw in flaws if "UTF-8" in flaw.what}
    rows, first = TableRows([], [], []), dict[str, int]()
    previous = ""
    for number, line in enumerate(lines, 1):
        if number in undecodable:
            continue
        key, value = _parse(line, number, flaws)
        if not key:
            continue
        if key in first:
            flaws.append(_repeated(key, number, first[key]))
        elif ordered and key < previous:
            flaws.append(_unordered(key, number, previous))
            ordered = False  # the first is enough
        first.setdefault(key, number)
        previous = key
        rows.keys.append(key)
        rows.values.append(value)
        rows.lines.append(number)
    return rows, sorted(flaws)


def stream_rows(
    lines: Iterable[bytes], path: str | Path, *, first: int = 1
) -> Iterator[tuple[str, str]]:
    """Key and value of one line after another of an ordered table, of which ``lines`` are those
    from number ``first`` on. Raises DataError at the first flaw, as ``scan_rows`` reports it."""
    previous: str | None = None
    for number, row in enumerate(lines, first):
        flaws: list[Flaw] = []
        key, value = _parse(decode_line(row.removesuffix(b"\n"), number, flaws), number, flaws)
        if previous is not None and key == previous:
            flaws.append(_repeated(key, number, number - 1))
        elif previous is not None and key < previous:
            flaws.append(_unordered(key, number, previous))
        refuse_flaws(path, flaws[:1])
        yield key, value
        previous = key


def read_keyed(
    path: str | Path, *, allow_empty: bool = True, need_rows: bool = False
) -> dict[str, str]:
    """``id content`` lines to a dict in file order, which need not be that of the ids.

    Raises DataError (file and line) on each flaw (``scan_rows``), on an empty content unless
    ``allow_empty``, and on a file without any line if ``need_rows``.
    """
    rows, flaws = scan_rows(path)
    refuse_flaws(path, flaws)
    for key, content, number in zip(*rows, strict=True):
        if not content.strip() and not allow_empty:
            raise DataError(
                f"{path}:{number}: utterance {key!r} has an empty text; remove it, or say"
                " --allow_empty_text true if it is unlabeled on purpose"
            )
    if need_rows and not rows.keys:
        raise DataError(f"{path}: is empty; it holds a line '<id> <text>' for each utterance")
    return rows.table()


def read_ids(path: str | Path) -> set[str]:
    """A list of ids, one a line, in any order; what follows an id does not count."""
    return {split_line(line)[0] for line in read_lines(path)} - {""}


def write_keyed(path: str | Path, rows: Mapping[str, str] | Iterable[tuple[str, str]]) -> None:
    """Writes ``id content`` lines in the order given; an empty content leaves the id alone."""
    pairs = rows.items() if isinstance(rows, Mapping) else rows
    with atomic(path) as out:
        for key, content in pairs:
            out.write(f"{key} {content}\n" if content else f"{key}\n")


def texts_of(keys: Iterable[str], folder: Path, *, allow_empty: bool = True) -> dict[str, str]:
    """Lines of ``text`` of the utterances of a folder's wav.scp. Raises DataError where one has
    none."""
    keys, path = list(keys), folder / "text"
    table = read_keyed(path, allow_empty=allow_empty)
    if absent := [key for key in keys if key not in table]:
        raise DataError(
            f"{path}: has no line for {len(absent)} utterances of wav.scp, first {absent[0]!r}; "
            "repair the folder with fix_data_dir"
        )
    return {key: table[key] for key in keys}


def languages_of(
    keys: Iterable[str], *, lang: str | None, utt2lang: str | Path | None
) -> list[str]:
    """The language of every utterance: one for all, or from a file ``utt2lang``."""
    keys = list(keys)
    if lang is not None:
        return [lang] * len(keys)
    if utt2lang is None or not Path(utt2lang).exists():
        raise DataError(f"no language: give --lang, or make {utt2lang or 'a file utt2lang'}")
    table = read_keyed(utt2lang, allow_empty=False)
    missing = [key for key in keys if key not in table]
    if missing:
        raise DataError(f"{utt2lang}: {len(missing)} utterances have no language: {missing[:3]}")
    return [table[key] for key in keys]
