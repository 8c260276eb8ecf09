"""Files of ``<utterance id> <content>`` lines: text, text.phn, utt2lang, hypotheses.

What separates the two is the same for every reader, here, of whole folders (datadir.py) and of
arrays (columns.py): any number of spaces and tabs, as in Kaldi; other white space is a character.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from asrkit.files import DataError, atomic, read_lines

BLANKS = " \t"


def split_line(line: str) -> tuple[str, str]:
    """The key and the value of one line; blanks around them do not count. Both may be empty."""
    line = line.strip(BLANKS)
    key = line.partition(" ")[0].partition("\t")[0]
    return key, line[len(key) :].lstrip(BLANKS)


def read_keyed(
    path: str | Path, *, allow_empty: bool = True, need_rows: bool = False
) -> dict[str, str]:
    """``id content`` lines to a dict in file order (``split_line``).

    Raises DataError (file and line) on a repeated id, a line without id, a broken encoding, on an
    empty content unless ``allow_empty``, and on a file without any line if ``need_rows``.
    """
    table: dict[str, str] = {}
    for number, line in enumerate(read_lines(path), start=1):
        where = f"{path}:{number}"
        key, content = split_line(line)
        if not key or line[0] in BLANKS:
            raise DataError(f"{where}: the line has no utterance id")
        if key in table:
            raise DataError(f"{where}: duplicate utterance {key!r}")
        if not content.strip() and not allow_empty:
            raise DataError(
                f"{where}: utterance {key!r} has an empty text; remove it, or say"
                " --allow_empty_text true if it is unlabelled on purpose"
            )
        table[key] = content
    if need_rows and not table:
        raise DataError(f"{path}: is empty; it holds a line '<id> <text>' for each utterance")
    return table


def write_keyed(path: str | Path, rows: Mapping[str, str] | Iterable[tuple[str, str]]) -> None:
    """Writes ``id content`` lines in the order given; an empty content leaves the id alone."""
    pairs = rows.items() if isinstance(rows, Mapping) else rows
    with atomic(path) as out:
        for key, content in pairs:
            out.write(f"{key} {content}\n" if content else f"{key}\n")


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
