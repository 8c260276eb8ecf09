"""Text of a language to what the Transcoder learns from: phones, word labels, words, held-out sets.

Writes OUT/{train,valid,test}/{text,text.phn,text.star,utt2lang}, words.txt, report.json and
skipped.tsv, which names every line that was not used and why.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from asrkit.arguments import run_main, warn
from asrkit.kaldi.kaldi_text import read_keyed
from asrkit.text.files import text_of
from asrkit.text.g2p import CHOICES, HELP
from asrkit.text.normalize import HYPHEN_POLICIES, HYPHENS_HELP
from asrkit.text.phonemize import SWITCH_POLICIES, Phonemizer
from asrkit.text.readers import text_lines
from asrkit.tokens import TokenList
from asrkit.transcoder.corpus import TextOptions, prepare_text

DEFAULTS = TextOptions()


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    add = parser.add_argument
    add("--plain", nargs="+", default=[], type=Path, help="texts (.gz too), one sentence a line")
    add("--text", nargs="+", default=[], type=Path, help="Kaldi texts: '<id> <words>'")
    add("--held_out", nargs="*", default=[], help="Kaldi texts whose sentences must not come in")
    add("--lang", required=True, help="ISO 639-1 code")
    add("--hyphens", choices=HYPHEN_POLICIES, default="split", help=HYPHENS_HELP)
    add("--out_dir", required=True, type=Path)
    add("--phone_list", help="tokens.txt of the acoustic model; default: write phones.txt")
    add("--vocabulary", type=int, default=DEFAULTS.vocabulary, help="most frequent words kept")
    add("--valid", type=int, default=DEFAULTS.valid, help="sentences taken out for validation")
    add("--test", type=int, default=DEFAULTS.test, help="sentences taken out for a test")
    add("--max_words", type=int, default=DEFAULTS.max_words, help="longer sentences are skipped")
    add("--max_characters", type=int, default=DEFAULTS.max_characters, help="longer lines, too")
    add("--mixed_scripts", choices=("skip", "keep"), default=DEFAULTS.mixed_scripts)
    add("--language_switch", choices=SWITCH_POLICIES[:2], default="remove-flags")
    add("--seed", type=int, default=DEFAULTS.seed, help="of the choice of --valid and --test")
    add("--g2p", choices=CHOICES, default="espeak", help=HELP)
    add("--cache_dir", help="folder of its answers, shared between runs")
    return parser


def _lines(args: argparse.Namespace) -> Iterator[tuple[str, str]]:
    for path in args.text:
        for key, text in read_keyed(path).items():
            yield f"{path} {key}", text
    for path in args.plain:
        for number, line in enumerate(text_of(path), 1):
            yield f"{path}:{number}", line


def run(args: argparse.Namespace) -> None:
    if not args.plain and not args.text:
        raise ValueError("give texts: --plain or --text")
    if args.vocabulary < 1 or args.valid < 0 or args.test < 0:
        raise ValueError("--vocabulary is at least 1, --valid and --test are not negative")
    options = TextOptions(
        vocabulary=args.vocabulary,
        valid=args.valid,
        test=args.test,
        max_words=args.max_words,
        max_characters=args.max_characters,
        mixed_scripts=args.mixed_scripts,
        seed=args.seed,
    )
    phones = TokenList.read(args.phone_list) if args.phone_list else None
    phonemizer = Phonemizer(
        args.lang,
        switch=args.language_switch,
        hyphens=args.hyphens,
        g2p=args.g2p,
        cache_dir=args.cache_dir,
    )
    held_out = text_lines(args.held_out, language=args.lang, hyphens=args.hyphens)
    report = prepare_text(
        _lines(args), phonemizer, args.out_dir, options, phones, held_out=held_out
    )
    print(f"{args.out_dir}: sentences {_shown(report['sentences'])}")
    print(f"{args.out_dir}: lines not used: {_shown(report['skipped']) or 'none'}")
    words, test = report["words"], report["test"]
    if words["kept"] < words["asked"]:
        print(f"{args.out_dir}: the text has only {words['kept']} words, fewer than asked for")
    print(
        f"{args.out_dir}/words.txt: {words['kept']} of {words['distinct']} words;"
        f" {words['left_out']} occurrences become <unk>"
    )
    if report["phones"]["unknown"]:
        warn(f"phones not in {args.phone_list} become <unk>: {_shown(report['phones']['unknown'])}")
    if test["words"]:
        print(
            f"{args.out_dir}/test: {test['words']} words, {test['oov_rate']:.2f} % not in the list;"
            f" {test['homophone_rate']:.2f} % are not the commonest word with their phones"
        )


def _shown(counts: dict[str, int]) -> str:
    return " ".join(f"{name}={count}" for name, count in counts.items())


def main(argv: list[str] | None = None) -> int:
    return run_main(get_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
