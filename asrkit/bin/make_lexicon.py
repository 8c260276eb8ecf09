"""Makes a pronouncing dictionary (word<TAB>phones) of the words in texts, with espeak-ng."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from asrkit.arguments import at_least, refuse_unused, run_main
from asrkit.decode.lexicon import build_lexicon, usable, write_lexicon
from asrkit.files import atomic
from asrkit.text.g2p import CHOICES, HELP
from asrkit.text.non_linguistic import characters
from asrkit.text.normalize import HYPHEN_POLICIES, HYPHENS_HELP
from asrkit.text.phonemize import Phonemizer
from asrkit.text.readers import text_lines
from asrkit.text.tokenize import make_tokenizer
from asrkit.tokens import TokenList


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--text", nargs="*", default=[], help="Kaldi texts: '<id> <words>'")
    add("--plain", nargs="*", default=[], help="texts or word lists, one sentence or word a line")
    add("--lang", required=True, help="ISO 639-1 code")
    add("--hyphens", choices=HYPHEN_POLICIES, default="split", help=HYPHENS_HELP)
    add("--out", type=Path, required=True)
    add("--words_out", type=Path, help="also write the words: train_ngram --limit_vocab")
    add("--token_list", type=Path, help="leave out pronunciations that these tokens cannot spell")
    add(
        "--type",
        choices=("phn", "char", "bpe"),
        default="phn",
        help="char spells words with letters, bpe with the units of --bpe_model",
    )
    add("--bpe_model", type=Path, help="of --type bpe: what split the training text")
    add("--min_count", type=at_least(1), default=1, help="leave out rarer words")
    add("--max_words", type=at_least(1), help="keep only the most frequent words")
    add("--max_pronunciations", type=at_least(1), default=3)
    add(
        "--max_sentences",
        type=int,
        default=100_000,
        help="sentences at most that espeak reads for how words sound in them",
    )
    add("--g2p", choices=CHOICES, default="espeak", help=HELP)
    add("--cache_dir", help="folder of its answers, shared between runs")
    return parser


def run(args: argparse.Namespace) -> None:
    spoken = "max_pronunciations max_sentences cache_dir g2p"
    refuse_unused(
        args,
        (args.type != "phn", spoken, f"with --type {args.type}: espeak speaks nothing"),
        (args.type != "bpe", "bpe_model", f"with --type {args.type}"),
    )
    nlsyms = "keep" if args.type == "char" else "drop"
    phonemizer: Phonemizer | None = None
    spell: Callable[[str], list[str]] = characters
    if args.type == "bpe":
        spell = make_tokenizer("bpe", args.bpe_model, option="--bpe_model").encode
    if args.type == "phn":
        phonemizer = Phonemizer(
            args.lang, hyphens=args.hyphens, g2p=args.g2p, cache_dir=args.cache_dir
        )
    # espeak reads hyphens, whatever they do to the words.
    policy = args.hyphens if phonemizer is None else "keep"
    lines = text_lines(args.text, args.plain, language=args.lang, nlsyms=nlsyms, hyphens=policy)
    lexicon, report = build_lexicon(
        lines,
        phonemizer,
        spell=spell,
        min_count=args.min_count,
        max_words=args.max_words,
        max_pronunciations=args.max_pronunciations,
        max_sentences=args.max_sentences,
    )
    lost = 0
    if args.token_list is not None:
        lexicon, lost, _ = usable(lexicon, TokenList.read(args.token_list))
    args.out.parent.mkdir(parents=True, exist_ok=True)
    write_lexicon(args.out, lexicon)
    if args.words_out is not None:
        with atomic(args.words_out) as out:
            out.write("".join(f"{word}\n" for word in sorted(lexicon)))
    print(
        f"{args.out}: {len(lexicon)} words, {sum(map(len, lexicon.values()))} pronunciations;"
        f" left out: {report.rare} rare words, {len(report.silent)} words that espeak cannot read,"
        f" {lost} pronunciations with unknown tokens"
    )


def main(argv: list[str] | None = None) -> int:
    return run_main(get_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
