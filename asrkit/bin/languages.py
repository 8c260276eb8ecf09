"""Tells what espeak-ng does with the languages of Common Voice, FLEURS, MLS and BABEL: voice,
letters it cannot read, phones, tones, words, numbers, and a verdict."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from asrkit.arguments import refuse_unused, run_main
from asrkit.files import DataError, atomic
from asrkit.text.language_table import answers, page, verdicts, verdicts_json
from asrkit.text.languages import find_language, languages


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lang", nargs="+", help="codes or locales; default: all languages")
    parser.add_argument(
        "--out", type=Path, help="write the page here, in Markdown; default: print it"
    )
    parser.add_argument("--verdicts", type=Path, help="also write the verdicts here, as JSON")
    return parser


def run(args: argparse.Namespace) -> None:
    refuse_unused(args, (args.lang is not None, "verdicts", "for some of the languages"))
    chosen = list(languages().values())
    if args.lang:
        chosen = []
        for code in args.lang:
            language = find_language(code)
            if language is None:
                raise DataError(
                    f"--lang: no corpus of the table has a language {code!r}; write a code of"
                    " docs/languages.md, or a locale of Common Voice"
                )
            chosen.append(language)
    found = answers(chosen)
    text = page(chosen, found)
    if args.verdicts:
        with atomic(args.verdicts) as stream:
            stream.write(verdicts_json(found))
    if args.out is None:
        print(text, end="")
        return
    with atomic(args.out) as stream:
        stream.write(text)
    kinds = [verdict.kind for verdict in verdicts(found).values()]
    counts = ", ".join(f"{kinds.count(kind)} {kind}" for kind in sorted(set(kinds)))
    print(f"{args.out}: {len(found)} languages, {len(kinds)} with a voice: {counts}")


def main(argv: list[str] | None = None) -> int:
    return run_main(get_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
