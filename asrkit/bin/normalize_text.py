"""Brings the text of a data folder to asrkit's spelling (lower case, no punctuation, ...)."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from asrkit.arguments import boolean, refuse_unused, run_main
from asrkit.files import DataError
from asrkit.kaldi.kaldi_text import languages_of, read_keyed, write_keyed
from asrkit.text.markup import warn_of_asides
from asrkit.text.normalize import (
    DIGIT_POLICIES,
    HYPHEN_POLICIES,
    HYPHENS_HELP,
    NormalizeError,
    normalize,
)


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data_dir", type=Path, required=True)
    parser.add_argument("--text", type=Path, help="default <data_dir>/text")
    parser.add_argument("--out", type=Path, help="default <data_dir>/text.norm")
    parser.add_argument("--lang", help="ISO 639-1 code of all utterances; default: utt2lang")
    parser.add_argument("--utt2lang", type=Path, help="default <data_dir>/utt2lang")
    parser.add_argument("--digits", choices=DIGIT_POLICIES, default="keep")
    parser.add_argument("--hyphens", choices=HYPHEN_POLICIES, default="split", help=HYPHENS_HELP)
    parser.add_argument("--allow_empty_text", type=boolean, default=False)
    return parser


def run(args: argparse.Namespace) -> None:
    refuse_unused(args, (args.lang is not None, "utt2lang", "beside --lang, one language for all"))
    source = args.text or args.data_dir / "text"
    texts = read_keyed(source, allow_empty=args.allow_empty_text, need_rows=True)
    warn_of_asides(texts.values(), source)
    utt2lang = args.utt2lang or args.data_dir / "utt2lang"
    rows, changed = {}, 0
    languages = languages_of(texts, lang=args.lang, utt2lang=utt2lang)
    for number, ((key, text), lang) in enumerate(zip(texts.items(), languages, strict=True), 1):
        try:
            rows[key] = normalize(text, lang, digits=args.digits, hyphens=args.hyphens)
        except NormalizeError as error:
            raise DataError(f"{source}:{number}: {error}") from None
        if text and not rows[key]:
            raise DataError(
                f"{source}:{number}: nothing is left of utterance {key!r}: {text!r}; remove it"
            )
        changed += rows[key] != text
    out = args.out or args.data_dir / "text.norm"
    write_keyed(out, rows)
    print(f"{out}: {len(rows)} utterances, {changed} changed")


def main(argv: list[str] | None = None) -> int:
    return run_main(get_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
