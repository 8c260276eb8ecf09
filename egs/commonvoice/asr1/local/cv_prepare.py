#!/usr/bin/env python3
"""Data folders of one language of Common Voice, by --parts.

labeled       data/<lang>_{train,valid,test}: the few-shot lists, of which --fewshot_hours 10
               fills up the hour to train on; for languages without lists as
               many minutes at random of the official splits; with --splits official all of these
pretrain       data/<lang>_pretrain: as many hours as Table 1 of the paper has, of validated clips
               that no dev, test or few-shot list holds
pretrain_100h  likewise 100 hours
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from asrkit.arguments import boolean, refuse_unused, run_main, warn
from asrkit.files import DataError, atomic
from asrkit.text.markup import has_markup
from cv_draw import DRAWN, digits_in, fill_up, items_of, lengths, without_words
from cv_folders import Item, write_clips, write_record
from cv_language import Language, open_language
from cv_languages import FEW_SHOT, HOURS, LOCALES, locales_of
from cv_lengths import file_seconds, size_of
from cv_lists import Lists, Match, difference, read_lists, resolve
from cv_select import rank, select
from cv_tables import Row

OFFICIAL = {"train": "train.tsv", "valid": "dev.tsv", "test": "test.tsv"}
MINUTES = {"train": 60, "valid": 20, "test": 60}  # of languages without few-shot lists
ALL_TABLES = ("validated.tsv", "other.tsv", "invalidated.tsv", *OFFICIAL.values())


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--lang", required=True, help="ISO 639-1 code")
    add("--parts", default="labeled,pretrain", help="labeled, pretrain, pretrain_<hours>h")
    add("--corpus", type=Path, help="release, folder of releases or archives, or an archive")
    add("--urls", type=Path, help="file of '<lang or locale> <signed link>' to fetch from")
    add("--locales", default="", help="instead of the usual locales, e.g. zh-CN,zh-TW")
    add("--skip_other_locales", type=boolean, default=False, help="those of other languages")
    add("--release", default="", help="version, where there are several, e.g. 6.1")
    add("--data", type=Path, default=Path("data"))
    add("--downloads", type=Path, default=Path("downloads"), help="archives come and open here")
    add("--splits", choices=("fewshot", "official"), default="fewshot")
    add("--fewshot_lists", type=Path, help="folder of the lists, or their tar archive")
    add("--fewshot_hours", type=float, default=1, choices=(1, 5, DRAWN),
        help="to train on: a list of 1 or 5, or that of 1 and more, drawn by --seed")  # fmt: skip
    add("--min_matched", type=float, default=0.95, help="share of each list that must be there")
    add("--allow_missing", type=boolean, default=False, help="go on with fewer")
    add("--digits", choices=("drop", "keep"), default="drop", help="of the official splits")
    add("--max_hours", type=float, help="of pretrain instead of Table 1's; 0: all there are")
    add("--tables", default="validated", help="pretrain on these, e.g. validated,other")
    add("--max_seconds", type=float, default=30, help="longest clip to pretrain on")
    add("--seed", type=int, default=0, help="which clips, where not all are used")
    return parser


def fewshot_lists(args: argparse.Namespace) -> Lists | None:
    """The lists of the language; None if the official splits are wanted, or it has none."""
    if args.splits == "official" or args.lang not in FEW_SHOT:
        return None
    if args.fewshot_lists is None:
        raise DataError(
            "where are the few-shot lists? Give --fewshot_lists (a folder, or CPC_audio's "
            "common_voices_splits.tar.gz), set CV_FEWSHOT, or give --splits official"
        )
    lists = read_fewshot(args)
    if lists is None:
        raise DataError(
            f"{args.fewshot_lists}: no folder {args.lang} with lists in it; CPC_audio's "
            f"common_voices_splits.tar.gz has those of {', '.join(FEW_SHOT)}"
        )
    return lists


def read_fewshot(args: argparse.Namespace) -> Lists | None:
    locales = locales_of(args.lang, args.locales, skip_others=args.skip_other_locales)
    names = dict.fromkeys([args.lang, LOCALES.get(args.lang, args.lang), *locales])
    hours = 1 if args.fewshot_hours == DRAWN else args.fewshot_hours
    return read_lists(args.fewshot_lists, list(names), train_hours=hours)


def prepare_fewshot(args: argparse.Namespace, language: Language, lists: Lists) -> None:
    there = {c: language.files[c] for c in lists.clips if c in language.files}
    there = {clip: path for clip, path in there.items() if size_of(path)}
    try:
        matches = resolve(
            lists, there, min_matched=args.min_matched, allow_missing=args.allow_missing
        )
    except DataError as error:
        raise DataError(f"{language.names()}: {error}") from None
    _write_missing(args, matches)
    wanted = set(lists.clips)
    rows: dict[str, Row] = {}
    for row in language.rows(*ALL_TABLES):
        if row.clip in wanted:
            rows.setdefault(row.clip, row)
    changed = 0
    for split, match in matches.items():
        print(f"{args.lang}: {match}")
        items, counts = [], Counter({"no audio": len(match.missing)})
        for clip in match.matched:
            row = rows.get(clip, Row(clip, "", ""))
            listed = language.words(lists.texts.get(clip, ""))
            words = language.words(row.sentence) or listed
            changed += bool(listed) and words != listed
            phones = lists.phones.get(clip, [])
            if not words or (lists.phones and not phones):
                counts["no phone label" if words else _no_words(row.sentence)] += 1
                continue
            items.append(Item(clip, row.speaker, there[clip], words, phones))
        record: dict[str, object] = {"split": "few-shot list", "left_out": dict(counts)}
        if split == "train" and args.fewshot_hours == DRAWN:
            items, more = fill_up(args, language, items, wanted)
            record |= {"drawn": more}
        write(args, language, f"{args.lang}_{split}", items, record)
        two = difference(match.matched, lists.phones, lists.second)
        if two.clips:
            print(f"{args.lang}: {split}: the lists' .phone differ from their .id by {two}")
    if changed:
        print(f"{args.lang}: {changed} sentences of the lists read otherwise in the release")


def _no_words(sentence: str) -> str:
    return "markup in the sentence" if has_markup(sentence) else "no sentence"


def _write_missing(args: argparse.Namespace, matches: Mapping[str, Match]) -> None:
    path = args.data / "local" / f"{args.lang}_fewshot_missing.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic(path) as stream:
        for match in matches.values():
            stream.writelines(f"{match.split} {clip}\n" for clip in match.missing)


def official(args: argparse.Namespace, language: Language, split: str) -> list[Item]:
    """Clips of train.tsv, dev.tsv or test.tsv; with --splits fewshot, MINUTES at random."""
    rows = list(language.rows(OFFICIAL[split]))
    known: dict[str, float] = {}
    if args.splits == "fewshot":
        rows.sort(key=lambda row: (rank(row.clip, args.seed), row.clip))
        known = language.durations()
    items: dict[str, Item] = {}
    counts, total = Counter[str](), 0.0
    for row in rows:
        words = language.words(row.sentence)
        path = language.files.get(row.clip)
        reason = ""
        if path is None:
            reason = "no audio"
        elif not size_of(path):
            reason = "empty file"
        elif not words:
            reason = _no_words(row.sentence)
        elif args.digits == "drop" and (found := digits_in(row, words, args.lang)):
            reason = found
        elif row.clip in items:
            reason = "listed twice"
        if path is None or reason:
            counts[reason] += 1
            continue
        if args.splits == "fewshot":
            total += known.get(row.clip) or file_seconds(path)
            if total > 60 * MINUTES[split]:
                break
        items[row.clip] = Item(row.clip, row.speaker, path, words, [])
    left_out = ", ".join(f"{count} {why}" for why, count in sorted(counts.items()))
    print(f"{args.lang}: {OFFICIAL[split]}: {len(items)} clips; left out: {left_out or 'none'}")
    return list(items.values())


def prepare_pretrain(
    args: argparse.Namespace, language: Language, part: str, few_shot: Iterable[str]
) -> None:
    hours = hours_of(part, args.lang)
    if part == "pretrain" and args.max_hours is not None:
        hours = args.max_hours
    held_out = {row.clip: "in dev or test" for row in language.rows("dev.tsv", "test.tsv")}
    held_out |= dict.fromkeys(few_shot, "in a few-shot list")
    rows = list(language.rows(*(f"{name}.tsv" for name in args.tables.split(","))))
    held_out = without_words(rows) | held_out
    seconds, source = lengths(args, language, (row.clip for row in rows))
    chosen = select(
        rows, seconds, held_out, hours=hours, seed=args.seed, max_seconds=args.max_seconds
    )
    items = items_of(language, chosen.rows)
    record = {**chosen.record(), "tables": args.tables, "lengths": source}
    write(args, language, f"{args.lang}_{part}", items, record)
    left_out = ", ".join(f"{count} {why}" for why, count in sorted(chosen.left_out.items()))
    print(
        f"{args.lang}: {part}: {record['hours']:.2f} h of {record['hours_available']:.2f} h, "
        f"{record['clips']} clips of {record['speakers']} speakers (seed {args.seed}); "
        f"left out: {left_out or 'none'}"
    )
    if chosen.short():
        warn(
            f"{args.lang}: {record['hours_available']:.2f} h where {hours:g} h are "
            "wanted; another release, or --tables validated,other, has more"
        )


def hours_of(part: str, lang: str) -> float:
    """Hours by the name of the part: pretrain_100h, or Table 1's for pretrain (0: all)."""
    match = re.fullmatch(r"pretrain(_(\d+(\.\d+)?)h)?", part)
    if match is None:
        raise DataError(f"--parts are labeled, pretrain and pretrain_<hours>h, not {part!r}")
    return float(match[2]) if match[2] else float(HOURS.get(lang, 0))


def write(
    args: argparse.Namespace,
    language: Language,
    name: str,
    items: list[Item],
    record: Mapping[str, object],
) -> None:
    folder = args.data / name
    write_clips(folder, items, args.lang)
    write_record(folder, {"release": language.names(), **record, "odd": language.counts})
    print(f"{folder}: {len(items)} clips")


def refuse_idle(args: argparse.Namespace, parts: list[str]) -> None:
    lists = args.splits == "fewshot" and args.lang in FEW_SHOT
    refuse_unused(
        args,
        (args.splits == "official", "fewshot_hours min_matched allow_missing",
         "with --splits official"),
        (lists, "digits", "with the sentences of few-shot lists"),
        ("pretrain" not in parts, "max_hours", "without pretrain among --parts"),
        (parts == ["labeled"], "tables max_seconds", "with --parts labeled"),
        of_script=get_parser(),
    )  # fmt: skip


def run(args: argparse.Namespace) -> None:
    parts = args.parts.replace("labelled", "labeled").split(",")  # as earlier versions wrote it
    refuse_idle(args, parts)
    unlabeled = [part for part in parts if part != "labeled"]
    for part in unlabeled:
        hours_of(part, args.lang)  # refuses names without hours, before any work
    lists = fewshot_lists(args)
    language = open_language(args)
    print(f"{args.lang}: {language.names()}: {len(language.files)} audio files")
    # No list is seen in pre-training, even where others split the labeled data.
    listed = lists or (read_fewshot(args) if args.fewshot_lists is not None else None)
    held_out = listed.clips if listed else []
    if "labeled" in parts and lists is not None:
        prepare_fewshot(args, language, lists)
    elif "labeled" in parts:
        if args.splits == "fewshot":
            minutes = ", ".join(f"{count} of {split}" for split, count in MINUTES.items())
            print(f"{args.lang}: no few-shot lists; minutes of the official splits: {minutes}")
        for split, table in OFFICIAL.items():
            items = official(args, language, split)
            write(args, language, f"{args.lang}_{split}", items, {"split": table})
    for part in unlabeled:
        prepare_pretrain(args, language, part, held_out)
    for what, count in sorted(language.counts.items()):
        print(f"{args.lang}: {what}: {count}")


def main(argv: list[str] | None = None) -> int:
    return run_main(get_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
