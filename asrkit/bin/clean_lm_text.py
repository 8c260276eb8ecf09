"""Makes text for language models of web text: sentences in asrkit's spelling, each once."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from asrkit.arguments import at_least, boolean, refuse_unused, run_main
from asrkit.text.lm_text import Rules, clean
from asrkit.text.readers import text_lines


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("inputs", nargs="+", help="files, also .gz, .xz and .bz2; - is standard input")
    add("--lang", required=True, help="ISO 639-1 code: spelling rules and script")
    add("--out", type=Path, required=True, help="file to write; .gz is packed")
    add("--min_words", type=int, default=2)
    add("--max_words", type=int, default=50)
    add("--max_word", type=int, default=30, help="letters of the longest word")
    add("--max_foreign", type=float, default=0.0, help="share of letters of another script")
    add("--digits", choices=("drop", "keep"), default="drop", help="sentences with digits")
    add("--split_sentences", type=boolean, default=True, help="cut lines at . ! ? and the like")
    add("--json_field", help="lines are JSON with the text in this field (raw_content of CCNet)")
    add("--held_out", nargs="*", default=[], help="Kaldi texts whose sentences must not come in")
    add("--memory", type=float, default=256, help="megabytes for telling repeats")
    add("--max_lines", type=at_least(1), help="stop after so many sentences")
    add("--sample", type=at_least(1), help="keep so many sentences, drawn from all that pass")
    add("--seed", type=int, default=0, help="of --sample")
    add("--nj", type=at_least(1), default=1, help="processes")
    return parser


def run(args: argparse.Namespace) -> None:
    refuse_unused(args, (args.sample is None, "seed", "without --sample"))
    if args.sample is not None and args.max_lines is not None:
        raise ValueError("--max_lines takes the first sentences, --sample any: give one of them")
    rules = Rules(
        language=args.lang,
        min_words=args.min_words,
        max_words=args.max_words,
        max_word=args.max_word,
        max_foreign=args.max_foreign,
        digits=args.digits,
        split=args.split_sentences,
        json_field=args.json_field,
    )
    args.out.parent.mkdir(parents=True, exist_ok=True)
    report = clean(
        args.inputs,
        args.out,
        rules,
        held_out=text_lines(args.held_out, language=args.lang),
        megabytes=args.memory,
        max_lines=args.max_lines,
        sample=args.sample,
        seed=args.seed,
        nj=args.nj,
    )
    print(f"{args.out}:\n{report.table()}")
    if report.forgotten:
        print(
            f"{report.forgotten:,} sentences did not fit into --memory {args.memory:g}: some "
            "repeats of them may be left"
        )


def main(argv: list[str] | None = None) -> int:
    return run_main(get_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
