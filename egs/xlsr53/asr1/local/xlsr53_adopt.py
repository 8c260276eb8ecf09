#!/usr/bin/env python3
"""Data folders of one set of XLSR-53 from those that another recipe's stage 1 left.

data/<set>_{train,valid,test}: ids begin with the set's name, paths are absolute, the language is
that of the table. train is all audio to pre-train on; it may have no texts. valid is a part of the
recipe's: the loss of 61 sets is reported, not the error rate of one.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from asrkit.arguments import run_main
from asrkit.files import DataError
from asrkit.kaldi.datadir import DataDir, Table, is_command
from asrkit.kaldi.segments import parse_segment
from asrkit.kaldi.utterances import Command, Utterance, write_data_dir
from asrkit.keys import key_of


def absolute(source: str, base: Path) -> str:
    """A path, or ``archive.ark:offset``, as seen from anywhere; commands stay as they are."""
    return Command(source) if is_command(source) else str(base / source)


def read(folder: Path, base: Path, name: str, *, most: int = 0) -> list[Utterance]:
    """Utterances of ``folder`` with the set's ``name`` before all ids, ``most`` of them at random.

    base: the folder that relative paths of wav.scp start from. A missing text is empty.
    """
    data = DataDir.read(folder)
    audio, speakers = data.get("wav.scp", folder), data.get("utt2spk", folder)
    text: Table = data.tables.get("text", {})
    segments: Table = data.tables.get("segments", {})
    chosen = data.utterances
    if most and len(chosen) > most:
        chosen = sorted(sorted(chosen, key=lambda utterance: key_of(0, utterance))[:most])
    rows = []
    for utterance in chosen:
        recording, span = utterance, None
        if segments:
            recording, begin, end = parse_segment(segments[utterance])
            span = (begin, end)
        rows.append(
            Utterance(
                f"{name}-{utterance}",
                f"{name}-{speakers[utterance]}",
                absolute(audio[recording], base),
                text.get(utterance, ""),
                f"{name}-{recording}",
                span,
            )
        )
    return rows


def part_of(recipe: Path, lang: str, part: str) -> Path:
    """The recipe's folder for a part; to train on, audio without labels if it keeps that apart."""
    names = [f"{lang}_pretrain", f"{lang}_train"] if part == "train" else [f"{lang}_{part}"]
    for name in names:
        if (recipe / "data" / name).is_dir():
            return recipe / "data" / name
    raise DataError(f"{recipe / 'data' / names[-1]}: is missing; the recipe's data.sh made none")


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--recipe", type=Path, required=True, help="folder its stage 1 ran in")
    parser.add_argument("--lang", required=True, help="what that recipe calls the language")
    parser.add_argument("--set", required=True, help="such as mls_it")
    parser.add_argument("--data", type=Path, default=Path("data"))
    parser.add_argument("--valid_utterances", type=int, default=200, help="at most; 0: all")
    return parser


def run(args: argparse.Namespace) -> None:
    base = args.recipe.absolute()
    language = args.set.split("_", 1)[1]
    parts = {}
    for part in ("train", "valid", "test"):
        most = args.valid_utterances if part == "valid" else 0
        parts[part] = read(part_of(base, args.lang, part), base, args.set, most=most)
    for part, rows in parts.items():
        write_data_dir(args.data / f"{args.set}_{part}", rows, language)
        labeled = sum(bool(row.text) for row in rows)
        print(f"{args.set}_{part}: {len(rows)} utterances, {labeled} with text")


def main(argv: list[str] | None = None) -> int:
    return run_main(get_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
