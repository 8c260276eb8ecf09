"""Packs a model into one file that asr_infer.py --model takes: weights, tokens, n-grams, a card."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from pathlib import Path

from asrkit.arguments import boolean, refuse_unused, run_main
from asrkit.pack.archive import PackError
from asrkit.pack.make import Order, make_pack


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--model", type=Path, required=True, help="exp/<name> or one checkpoint in it")
    add("--out", type=Path, required=True, help="file to write, e.g. exp/<name>/<name>.zip")
    add("--ngram", type=Path, help="folder of <lang>/lexicon.txt and n-grams, e.g. exp/ngram")
    add("--langs", default="", help="languages of it to take, e.g. 'it es'; default: all")
    add("--bpe_model", type=Path, help="sentencepiece model; default: beside the token list")
    add("--phones", type=Path, help="phonemizer.json; default: that of the training data")
    add("--classifier", type=Path, help="exp/language: model of languages, for --lang auto")
    add("--name", help="name on the card; default: the folder's")
    add("--license", help="license of the model, e.g. cc-by-4.0")
    add("--data", help="a sentence on the training data")
    add(
        "--allow_pretrained",
        type=boolean,
        default=False,
        help="true: also pack a model that cannot recognize",
    )
    return parser


def run(args: argparse.Namespace) -> None:
    refuse_unused(args, (args.ngram is None, "langs", "without --ngram"))
    options = dict(vars(args))
    options["langs"] = tuple(args.langs.split())
    if args.out.suffix != ".zip":
        raise PackError(f"{args.out}: the name of a pack ends in .zip")
    order = Order(**{field.name: options[field.name] for field in dataclasses.fields(Order)})
    made = make_pack(order)
    print(f"{args.out}: {made['kind']}, {made['files']} files, {made['bytes']} bytes")


def main(argv: list[str] | None = None) -> int:
    return run_main(get_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
