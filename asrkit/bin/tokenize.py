"""Tokenizes the text of a data folder: characters with <space>, sentencepiece units or words."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from asrkit.arguments import boolean, refuse_unused, run_main
from asrkit.files import DataError
from asrkit.kaldi.kaldi_text import languages_of, read_keyed, write_keyed
from asrkit.text.markup import warn_of_asides
from asrkit.text.normalize import HYPHEN_POLICIES, HYPHENS_HELP, NormalizeError, normalize
from asrkit.text.tokenize import TokenizeError, make_tokenizer


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data_dir", type=Path, required=True, help="Kaldi folder with text")
    parser.add_argument("--type", choices=("char", "bpe", "word"), default="char")
    parser.add_argument("--model", type=Path, help="bpe.model of train_bpe, for --type bpe")
    parser.add_argument("--text", type=Path, help="default <data_dir>/text")
    parser.add_argument("--out", type=Path, help="default <data_dir>/text.<type>")
    parser.add_argument("--normalize", type=boolean, default=True, help="asrkit's spelling first")
    parser.add_argument("--hyphens", choices=HYPHEN_POLICIES, default="split", help=HYPHENS_HELP)
    parser.add_argument("--lang", help="ISO 639-1 code of all utterances; default: utt2lang")
    parser.add_argument("--utt2lang", type=Path, help="default <data_dir>/utt2lang")
    parser.add_argument("--allow_empty_text", type=boolean, default=False)
    return parser


def run(args: argparse.Namespace) -> None:
    refuse_unused(
        args,
        (args.type != "bpe", "model", f"with --type {args.type}"),
        (not args.normalize, "lang utt2lang hyphens", "without --normalize"),
        (args.lang is not None, "utt2lang", "beside --lang, one language for all"),
    )
    tokenizer = make_tokenizer(args.type, args.model)
    source = args.text or args.data_dir / "text"
    texts = read_keyed(source, allow_empty=args.allow_empty_text, need_rows=True)
    languages = [""] * len(texts)
    if args.normalize:
        warn_of_asides(texts.values(), source)
        utt2lang = args.utt2lang or args.data_dir / "utt2lang"
        languages = languages_of(texts, lang=args.lang, utt2lang=utt2lang)
    nlsyms = "drop" if args.type == "bpe" else "keep"
    rows, count = {}, 0
    for number, ((key, text), lang) in enumerate(zip(texts.items(), languages, strict=True), 1):
        try:
            spelled = text
            if args.normalize:
                spelled = normalize(text, lang, nlsyms=nlsyms, hyphens=args.hyphens)
            tokens = tokenizer.encode(spelled)
        except (NormalizeError, TokenizeError) as error:
            raise DataError(f"{source}:{number}: utterance {key!r}: {error}") from None
        if text and not tokens:
            raise DataError(
                f"{source}:{number}: utterance {key!r} gives no tokens: {text!r}; remove it"
            )
        rows[key] = " ".join(tokens)
        count += len(tokens)
    out = args.out or args.data_dir / f"text.{args.type}"
    write_keyed(out, rows)
    print(f"{out}: {len(rows)} utterances, {count} tokens")


def main(argv: list[str] | None = None) -> int:
    return run_main(get_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
