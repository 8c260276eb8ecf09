"""Imports speech from ELAN, Praat, subtitles, tables, folders and saved data sets; splits it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from asrkit.arguments import at_least, boolean, finite, refuse_unused, run_main, warn
from asrkit.bin.partition_data import add_split
from asrkit.files import DataError, temporary_folder
from asrkit.importers import checked, folders
from asrkit.importers.collect import How, joined, read
from asrkit.importers.piece import Left
from asrkit.importers.table import NAMES
from asrkit.kaldi.partition import PARTS, Partition

SHOWN = 10  # of those left out


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add(
        "source",
        nargs="+",
        type=Path,
        help=".eaf, .TextGrid, .srt, .vtt, .csv, .tsv, a folder of these with their audio or of "
        "audio with .txt, a saved data set (.parquet, save_to_disk), manifests of lhotse",
    )
    add("--lang", required=True, help="code of the language, in the names of the folders")
    add("--out", type=Path, default=Path("data"), help="gets <lang>_train, <lang>_valid, ...")
    add("--audio", type=Path, help="folder of the audio, if it is not beside what names it")
    add("--tier", nargs="+", default=[], help="tiers of ELAN or Praat, by name or linguistic type")
    add(
        "--columns",
        nargs="+",
        default=[],
        metavar="WHAT=NAME",
        help=f"columns of a table by name or number, for {' '.join(NAMES)}; the rest is found, but "
        "for the times of a saved data set",
    )
    add_split(parser)
    limits = checked.Limits()
    add("--min_seconds", type=finite, default=limits.shortest, help="shorter ones are left out")
    add("--max_seconds", type=finite, default=limits.longest, help="longer ones are left out")
    add(
        "--max_overlap",
        type=finite,
        default=limits.overlap,
        help="seconds that two may be said at once",
    )
    add("--replace", type=boolean, default=False, help="write the folders of an earlier import")
    add("--nj", type=at_least(1), default=1, help="processes that read audio")
    return parser


def _columns(assignments: Sequence[str]) -> dict[str, str]:
    result = {}
    for assignment in assignments:
        key, _, name = assignment.partition("=")
        if key not in NAMES or not name:
            raise DataError(f"--columns: {assignment!r} is not WHAT=NAME, of {' '.join(NAMES)}")
        result[key] = name
    return result


def _tell_left(left: Sequence[Left]) -> None:
    for one in left[:SHOWN]:
        print(f"{one.where}: {one.why}{f' ({one.detail})' if one.detail else ''}", file=sys.stderr)
    if len(left) > SHOWN:
        print(f"and {len(left) - SHOWN} more", file=sys.stderr)
    for why, count in checked.count(left).items():
        print(f"left out: {count} {why}")


def _tell_parts(
    good: Sequence[checked.Measured], split: Partition, args: argparse.Namespace
) -> None:
    texts = {part: set[str]() for part in PARTS}
    for part in PARTS:
        mine = [one for one, where in zip(good, split.parts, strict=True) if where == part]
        texts[part] = {one.piece.text.casefold() for one in mine}
        if mine:
            minutes = sum(one.seconds for one in mine) / 60
            voices = len({one.piece.speaker for one in mine} - {""})
            said = f", {voices} speakers" if voices else ""
            print(f"{args.out}/{args.lang}_{part}: {len(mine)} utterances, {minutes:.1f} min{said}")
    print(f"split by {split.unit}, seed {args.seed}")
    for note in split.notes:
        print(f"note: {note}")
    if both := len(texts["train"] & texts["test"]):
        print(f"note: {both} of {len(texts['test'])} texts of the test set are in training, too")


def run(args: argparse.Namespace) -> None:
    folders.code_of(args.lang)
    if args.audio is not None and not args.audio.is_dir():
        raise DataError(f"--audio: no folder {args.audio}")
    columns = _columns(args.columns)
    folders.refuse_present(args.out, args.lang, replace=args.replace)
    args.out.mkdir(parents=True, exist_ok=True)
    with temporary_folder(args.out / f"{args.lang}_import") as work:
        how = How(args.audio, args.tier, columns, work / folders.AUDIO)
        found = joined(
            read(path, how._replace(store=how.store / str(number)))
            for number, path in enumerate(args.source)
        )
        refuse_unused(
            args,
            ("columns" not in found.takes, "columns", "with no table and no saved data set"),
            ("tier" not in found.takes, "tier", "with nothing of ELAN or Praat"),
        )
        for note in found.notes:
            print(note)
        limits = checked.Limits(args.min_seconds, args.max_seconds, args.max_overlap)
        good, faults = checked.check(found.pieces, limits, nj=args.nj)
        left = [*found.left, *faults]
        _tell_left(left)
        if not good:
            raise DataError(
                f"{args.source[0]}: nothing of it can be used; the lines above say why, and what "
                "to do; nothing was written"
            )
        split = folders.divide(good, valid=args.valid, test=args.test, by=args.by, seed=args.seed)
        moved = (how.store, args.out / f"{args.lang}_{folders.AUDIO}")
        rows = folders.utterances(good, split.parts, moved)
        folders.write(rows, left, args.out, args.lang, work)
    _tell_parts(good, split, args)
    if left:
        warn(f"{len(left)} were left out; all are in {args.out}/{args.lang}_{folders.LEFT}")


def main(argv: list[str] | None = None) -> int:
    return run_main(get_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
