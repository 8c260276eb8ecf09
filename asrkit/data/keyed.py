"""Files of ``<utterance id> <content>`` lines: text, text.phn, utt2lang, hypotheses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from asrkit.files import DataError, atomic, read_lines


def read_keyed(
    path: str | Path, *, allow_empty: bool = True, need_rows: bool = False
) -> dict[str, str]:
    """``id content`` lines to a dict in file order; the content is stripped of white space.

    Raises DataError (file and line) on a repeated id, a line without id, a broken encoding, on an
    empty content unless ``allow_empty``, and on a file without any line if ``need_rows``.
    """
    table: dict[str, str] = {}
    for number, line in enumerate(read_lines(path), start=1):
        where = f"{path}:{number}"
        parts = line.split(maxsplit=1)
        if not parts or line[0].isspace():
            raise DataError(f"{where}: the line has no utterance id")
        if parts[0] in table:
            raise DataError(f"{where}: utterance {parts[0]!r} stands twice")
        content = parts[1].strip() if len(parts) == 2 else ""
        if not content and not allow_empty:
            raise DataError(
                f"{where}: utterance {parts[0]!r} has an empty text; remove it, or say"
                " --allow_empty_text true if it is unlabelled on purpose"
            )
        table[parts[0]] = content
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
        raise DataError(f"{utt2lang}: {len(missing)} utterances lack a language: {missing[:3]}")
    return [table[key] for key in keys]
