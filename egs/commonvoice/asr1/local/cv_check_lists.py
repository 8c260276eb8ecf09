#!/usr/bin/env python3
"""Counts, hours and labels of the few-shot lists, against what is known of them.

Prints a table: clips and hours of each list, phone tokens, how far the lists' two labelings are
from each other and, with --espeak true, how far espeak-ng of today is from the labels. Ends with 1
where the lists are not those that were published.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from asrkit.arguments import boolean, run_main
from asrkit.files import DataError
from asrkit.text.phonemize import Phonemizer
from cv_languages import FEW_SHOT, LOCALES
from cv_lists import SPLITS, Lists, difference, read_lists

# Clips to train on, validate on and test on, as passed on with UniSpeech.
CLIPS = {
    "es": (818, 245, 813),
    "fr": (844, 254, 851),
    "it": (720, 223, 706),
    "ky": (750, 227, 752),
    "nl": (926, 276, 912),
    "ru": (697, 202, 688),
    "sv": (1150, 348, 1182),
}
# Phone tokens of the test list; phones of the dictionary.
TOKENS = {"es": 26045, "fr": 24618, "it": 36454, "ky": 30562, "nl": 31673, "ru": 37344, "sv": 24357}
PHONES = {"es": 41, "fr": 42, "it": 61, "ky": 39, "nl": 53, "ru": 50, "sv": 41}
HEAD = ("", "list", "clips", "hours", "phones", "dictionary, unseen", ".phone", "espeak")


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--fewshot_lists", required=True, type=Path, help="folder or tar archive")
    parser.add_argument("--langs", default=" ".join(FEW_SHOT), help="those that are there")
    parser.add_argument("--espeak", type=boolean, default=False, help="compare with espeak-ng")
    return parser


def rows_of(lang: str, lists: Lists, espeak: bool) -> list[list[str]]:
    """One row a list, as HEAD."""
    trained = {phone for clip in lists.splits["train"] for phone in lists.phones.get(clip, ())}
    unseen = [phone for phone in lists.dictionary if phone and phone not in trained]
    rows = []
    for split in SPLITS:
        clips = lists.splits[split]
        tokens = sum(len(lists.phones.get(clip, ())) for clip in clips)
        hours = sum(lists.seconds.get(clip, 0.0) for clip in clips) / 3600
        second = difference(clips, lists.phones, lists.second)
        spoken = "-"
        if espeak and lists.texts:
            written = [clip for clip in clips if clip in lists.texts]
            sentences = Phonemizer(lang)([lists.texts[clip] for clip in written])
            today = {c: s.tokens() for c, s in zip(written, sentences, strict=True)}
            spoken = str(difference(clips, lists.phones, today))
        dictionary = f"{len(lists.dictionary)}, {len(unseen)}" if split == "train" else ""
        counts = [f"{len(clips)}", f"{hours:.3f}" if hours else "-", f"{tokens}"]
        rows.append(
            [lang, split, *counts, dictionary, str(second) if second.clips else "-", spoken]
        )
    return rows


def wrong(lang: str, lists: Lists) -> list[str]:
    """What is not as published."""
    found = tuple(len(lists.splits[split]) for split in SPLITS)
    tokens = sum(len(lists.phones.get(clip, ())) for clip in lists.splits["test"])
    checks = (
        ("clips", found, CLIPS.get(lang)),
        ("phones in the dictionary", len(lists.dictionary), PHONES.get(lang)),
        ("phone tokens of test", tokens, TOKENS.get(lang)),
    )
    return [
        f"{lang}: {what}: {is_there}, published {wanted}"
        for what, is_there, wanted in checks
        if wanted is not None and is_there != wanted
    ]


def markdown(rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    lines.insert(1, "|" + "---|" * len(rows[0]))
    return "\n".join(lines)


def run(args: argparse.Namespace) -> int:
    rows: list[Sequence[str]] = [HEAD]
    problems: list[str] = []
    for lang in args.langs.split():
        lists = read_lists(args.fewshot_lists, [lang, LOCALES.get(lang, lang)])
        if lists is not None:
            rows += rows_of(lang, lists, args.espeak)
            problems += wrong(lang, lists)
    if len(rows) == 1:
        raise DataError(f"{args.fewshot_lists}: no lists of {args.langs} in it")
    print(markdown(rows))
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)
    return int(bool(problems))


def main(argv: list[str] | None = None) -> int:
    return run_main(get_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
