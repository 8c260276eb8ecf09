"""Names its language in every token of a text, a becomes (it)a: separate vocabularies."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from asrkit.arguments import run_main
from asrkit.files import DataError
from asrkit.kaldi.kaldi_text import languages_of, read_keyed, write_keyed
from asrkit.tokens import TokenError
from asrkit.vocabulary import with_language


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--data_dir", type=Path, required=True, help="folder with the tokens and utt2lang")
    add("--tokens", default="text.phn", help="name of the tokenized text in it")
    add("--lang", help="language of all utterances; default: utt2lang")
    add("--out", type=Path, required=True, help="file to write, e.g. <data_dir>/text.phn_separate")
    return parser


def run(args: argparse.Namespace) -> None:
    source = args.data_dir / args.tokens
    table = read_keyed(source, need_rows=True)
    langs = languages_of(table, lang=args.lang, utt2lang=args.data_dir / "utt2lang")
    rows = {}
    for number, ((key, text), lang) in enumerate(zip(table.items(), langs, strict=True), 1):
        try:
            rows[key] = " ".join(with_language(token, lang) for token in text.split())
        except TokenError as error:
            raise DataError(f"{source}:{number}: utterance {key!r}: {error}") from None
    write_keyed(args.out, rows)
    print(f"{args.out}: {len(rows)} utterances in {', '.join(sorted(set(langs)))}")


def main(argv: list[str] | None = None) -> int:
    return run_main(get_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
