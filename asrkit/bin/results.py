"""Collects every score.json below an experiment folder into RESULTS.md and prints the summary."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from asrkit.arguments import run_main
from asrkit.files import DataError
from asrkit.score.classes import accuracy_rows, collect_classified
from asrkit.score.gains import GAINS_HEAD, gain_rows
from asrkit.score.pooled import draw_pooled, pool
from asrkit.score.results import SUMMARY_HEAD, collect, language_rows, summary_rows
from asrkit.score.results_file import pairs_text, text_table, write_results
from asrkit.score.seeds import SEEDS_HEAD, seed_rows


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--exp", type=Path, default=Path("exp"), help="folder to search")
    parser.add_argument("--out", type=Path, help="RESULTS.md to write or renew; else only print")
    parser.add_argument(
        "--show_pairs", type=int, default=0, help="references and hypotheses a language to print"
    )
    parser.add_argument(
        "--langs", nargs="+", default=[], help="languages to average over; default: all there are"
    )
    parser.add_argument(
        "--baseline",
        default="",
        help="system that the others are compared with, such as xlsr_mono or asr_all_xlsr_10",
    )
    return parser


def run(args: argparse.Namespace) -> None:
    scores, skipped = collect(args.exp)
    classified = collect_classified(args.exp)
    if not scores and not skipped and not classified:
        raise DataError(f"{args.exp}: no score.json below it; run python -m asrkit.bin.score first")
    if args.out is not None:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        write_results(
            args.out,
            scores,
            skipped,
            langs=args.langs,
            baseline=args.baseline,
            classified=classified,
        )
    print(text_table(SUMMARY_HEAD, summary_rows(scores, skipped)))
    pooled = pool(scores)
    languages = language_rows([*scores, *pooled], args.langs)
    if languages:
        print("\n" + text_table(languages[0], languages[1:]))
    if args.baseline:
        gains = gain_rows([*scores, *pooled], args.baseline, args.langs)
        print("\n" + text_table(GAINS_HEAD, gains))
    seeds = seed_rows(scores)
    if seeds:
        print("\n" + text_table(SEEDS_HEAD, seeds))
    for one in classified:
        head, *rows = accuracy_rows(one)
        print(f"\n{one.name}\n{text_table(head, rows)}")
    if args.show_pairs > 0:
        print(pairs_text(scores, args.show_pairs))
    if args.out is not None:
        for plot in draw_pooled(pooled, args.exp):
            print(f"drawn: {plot}")
        print(f"written to {args.out}")


def main(argv: list[str] | None = None) -> int:
    return run_main(get_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
