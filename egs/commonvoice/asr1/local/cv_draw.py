"""Validated clips that can be trained on, and ten hours of them around the listed hour."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable

from asrkit.arguments import warn
from asrkit.text.markup import has_markup
from asrkit.text.numerals import numerals
from cv_folders import Item
from cv_language import Language
from cv_lengths import measure
from cv_select import select
from cv_tables import Row

DRAWN = 10  # hours to train on, as TranUSR's: more than any list has


def fill_up(
    args: argparse.Namespace, language: Language, items: list[Item], listed: set[str]
) -> tuple[list[Item], dict[str, object]]:
    """`items` and validated clips that no list, dev or test has, DRAWN hours together; and which.

    Without phones: the lists know those of their own clips only.
    """
    rows = list(language.rows("validated.tsv"))
    held_out = {row.clip: "in dev or test" for row in language.rows("dev.tsv", "test.tsv")}
    held_out |= dict.fromkeys(listed, "in a few-shot list") | without_words(rows)
    if args.digits == "drop":
        for row in rows:
            if why := digits_in(row, language.words(row.sentence), args.lang):
                held_out.setdefault(row.clip, why)
    clips = [row.clip for row in rows] + [item.clip for item in items]
    seconds, _ = lengths(args, language, clips)
    hours = DRAWN - sum(seconds[item.clip] for item in items) / 3600
    chosen = select(
        rows, seconds, held_out, hours=hours, seed=args.seed, max_seconds=args.max_seconds
    )
    found = [item._replace(phones=[]) for item in items]
    found += items_of(language, chosen.rows)
    if chosen.short():
        warn(
            f"{args.lang}: with the listed hour {chosen.available / 3600 + DRAWN - hours:.2f} h "
            f"where {DRAWN} h are wanted; another release has more"
        )
    return found, chosen.record()


def digits_in(row: Row, words: str, lang: str) -> str:
    """What a sentence has that is not read as it is written; empty if nothing."""
    if re.search(r"\d", words):
        return "digits"
    return "Roman numerals" if numerals(row.sentence, lang) else ""


def without_words(rows: Iterable[Row]) -> dict[str, str]:
    """Clips that cannot be used, and why."""
    found: dict[str, str] = {}
    for row in rows:
        if not any(character.isalpha() for character in row.sentence):
            found.setdefault(row.clip, "no sentence")
        elif has_markup(row.sentence):
            found.setdefault(row.clip, "markup in the sentence")
    return found


def lengths(
    args: argparse.Namespace, language: Language, clips: Iterable[str]
) -> tuple[dict[str, float], str]:
    """Seconds of the clips that have a file, and where they come from."""
    known = language.durations()
    cache = args.data / "local" / f"{args.lang}_seconds.tsv"
    return (
        measure(clips, language.files, known, cache),
        "clip_durations.tsv" if known else "headers",
    )


def items_of(language: Language, rows: Iterable[Row]) -> list[Item]:
    return [
        Item(row.clip, row.speaker, language.files[row.clip], words, [])
        for row in rows
        if (words := language.words(row.sentence))
    ]
