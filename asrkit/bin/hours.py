"""Prints how much speech dump folders hold: minutes and utterances by language and folder."""

from __future__ import annotations

import argparse
import re
import sys
from collections import defaultdict
from pathlib import Path

from asrkit.arguments import run_main
from asrkit.files import DataError, atomic
from asrkit.kaldi.datadir import sample_counts
from asrkit.kaldi.kaldi_text import read_keyed
from asrkit.rate import RATE


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "data_dir", nargs="+", type=Path, help="folders with utt2num_samples, utt2lang"
    )
    parser.add_argument("--out", type=Path, help="file for the table (Markdown)")
    return parser


def measure(folder: Path) -> dict[str, tuple[int, int]]:
    """Language -> (samples of 16 kHz, utterances) of a dump folder."""
    langs = read_keyed(folder / "utt2lang")
    found: dict[str, tuple[int, int]] = {}
    path = folder / "utt2num_samples"
    for key, samples in sample_counts(read_keyed(path), path).items():
        if key not in langs:
            raise DataError(f"{folder}/utt2lang: no {key}; run fix_data_dir")
        total, count = found.get(langs[key], (0, 0))
        found[langs[key]] = total + samples, count + 1
    return found


def table(folders: list[Path]) -> str:
    """Markdown: a row a language; a column for what follows `<lang>_` in the folders' names.

    Folders called `<corpus>_<lang>_...` have rows of their own.
    """
    cells: dict[str, dict[str, tuple[int, int]]] = defaultdict(dict)
    columns: list[str] = []
    for folder in folders:
        for lang, (samples, count) in sorted(measure(folder).items()):
            named = re.fullmatch(rf"(?:(.+_)?{re.escape(lang)}_)?(.+)", folder.name)
            corpus, column = named.groups() if named else ("", folder.name)
            if column not in columns:
                columns.append(column)
            cells[f"{corpus or ''}{lang}"][column] = samples, count
    rows = [["language", *columns]]
    for lang, row in sorted(cells.items()):
        rows.append([lang, *(cell(row.get(column, (0, 0))) for column in columns)])
    sums = [[row.get(column, (0, 0)) for row in cells.values()] for column in columns]
    rows.append(["all", *(cell((sum(s for s, _ in c), sum(n for _, n in c))) for c in sums)])
    widths = [max(len(row[place]) for row in rows) for place in range(len(columns) + 1)]
    lines = ["| " + " | ".join(map(str.ljust, row, widths)) + " |" for row in rows]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines) + "\n"


def cell(amount: tuple[int, int]) -> str:
    """`16.4 min (447)`."""
    samples, count = amount
    return f"{samples / RATE / 60:.1f} min ({count})"


def run(args: argparse.Namespace) -> None:
    text = table(args.data_dir)
    if args.out:
        with atomic(args.out) as stream:
            stream.write(text)
    print(text, end="")


def main(argv: list[str] | None = None) -> int:
    return run_main(get_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
