"""Learns subword units (sentencepiece, bpe or unigram) from texts: bpe.model and tokens.txt."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from asrkit.arguments import refuse_unused, run_main
from asrkit.text.normalize import HYPHEN_POLICIES, HYPHENS_HELP
from asrkit.text.readers import text_lines
from asrkit.text.tokenize import train_sentencepiece
from asrkit.tokens import TokenList


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--text", nargs="*", default=[], help="Kaldi texts: '<id> <words>'")
    parser.add_argument("--plain", nargs="*", default=[], help="texts with one sentence a line")
    parser.add_argument("--lang", help="normalize the texts by the rules of this language")
    parser.add_argument("--utt2lang", type=Path, help="or of the languages of --text")
    parser.add_argument("--hyphens", choices=HYPHEN_POLICIES, default="split", help=HYPHENS_HELP)
    parser.add_argument("--vocab_size", type=int, required=True)
    parser.add_argument("--mode", choices=("bpe", "unigram"), default="unigram")
    parser.add_argument("--out_dir", type=Path, required=True, help="data/token_list/bpe500")
    return parser


def run(args: argparse.Namespace) -> None:
    read = args.lang is None and args.utt2lang is None
    refuse_unused(
        args,
        (args.lang is not None, "utt2lang", "beside --lang, one language for all"),
        (read, "hyphens", "without --lang or --utt2lang: texts are read as they are"),
    )
    if args.plain and args.utt2lang:
        raise ValueError("--utt2lang names no language of --plain; give --lang, or --text alone")
    lines = list(
        text_lines(
            args.text,
            args.plain,
            language=args.lang,
            utt2lang=args.utt2lang,
            hyphens=args.hyphens,
        )
    )
    args.out_dir.mkdir(parents=True, exist_ok=True)
    # sentencepiece writes the files itself: under another name first
    prefix = args.out_dir / "bpe.part"
    try:
        units = train_sentencepiece(lines, prefix, vocab_size=args.vocab_size, mode=args.mode)
        TokenList.build(units.symbols()).write(args.out_dir / "tokens.txt")
        for ending in ("vocab", "model"):
            prefix.with_name(f"bpe.part.{ending}").replace(args.out_dir / f"bpe.{ending}")
    finally:
        for ending in ("vocab", "model"):
            prefix.with_name(f"bpe.part.{ending}").unlink(missing_ok=True)
    print(f"{args.out_dir}/bpe.model: {len(units.symbols())} {args.mode} units, {len(lines)} lines")


def main(argv: list[str] | None = None) -> int:
    return run_main(get_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
