"""Phonemizes the text of a data folder with espeak-ng: text -> text.phn, phonemizer.json."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from asrkit.arguments import boolean, finite, refuse_unused, run_main, warn
from asrkit.files import atomic, write_json
from asrkit.kaldi.kaldi_text import languages_of, read_keyed, write_keyed
from asrkit.shards import FOLDER, add_arguments, do_part, refuse_both
from asrkit.text.g2p import CHOICES, HELP
from asrkit.text.markup import warn_of_asides
from asrkit.text.normalize import DIGIT_POLICIES, HYPHEN_POLICIES, HYPHENS_HELP
from asrkit.text.phone_table import PhoneTable
from asrkit.text.phonemize import SWITCH_POLICIES
from asrkit.text.verdict import advice


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data_dir", required=True, help="Kaldi folder with text (and utt2lang)")
    parser.add_argument("--text", help="text file; default <data_dir>/text")
    parser.add_argument("--lang", help="ISO 639-1 code of all utterances; default: utt2lang")
    parser.add_argument("--utt2lang", help="default <data_dir>/utt2lang")
    parser.add_argument("--out", help="default <data_dir>/text.phn")
    parser.add_argument("--words_out", help="also write word-by-word phones, JSON lines")
    parser.add_argument(
        "--word_boundary", type=boolean, default=False, help="put <space> between words"
    )
    parser.add_argument(
        "--language_switch",
        choices=SWITCH_POLICIES,
        default="remove-flags",
        help="what to do with espeak's flags on foreign words",
    )
    parser.add_argument("--digits", choices=DIGIT_POLICIES, default="keep")
    parser.add_argument("--hyphens", choices=HYPHEN_POLICIES, default="split", help=HYPHENS_HELP)
    parser.add_argument(
        "--max_unread",
        type=finite,
        default=0.01,
        help="of a language's texts that hold characters its voice cannot read; more is an error",
    )
    parser.add_argument("--allow_empty_text", type=boolean, default=False)
    parser.add_argument("--g2p", choices=CHOICES, default="espeak", help=HELP)
    parser.add_argument("--cache_dir", help="folder of its answers, shared between runs")
    add_arguments(parser)
    return parser


def run(args: argparse.Namespace) -> None:
    refuse_both(args)
    refuse_unused(args, (args.lang is not None, "utt2lang", "beside --lang, one language for all"))
    folder = Path(args.data_dir)
    out = Path(args.out or folder / "text.phn")
    source = Path(args.text or folder / "text")
    texts = read_keyed(source, allow_empty=args.allow_empty_text, need_rows=True)
    langs = languages_of(texts, lang=args.lang, utt2lang=args.utt2lang or folder / "utt2lang")
    table = PhoneTable(
        texts,
        langs,
        source=str(source),
        switch=args.language_switch,
        digits=args.digits,
        hyphens=args.hyphens,
        g2p=args.g2p,
        # What espeak answers a shard is in its results; many writing to one file would wait.
        cache_dir=None if args.shard else args.cache_dir,
    )
    task = table.task(out.with_name(f"{FOLDER}.{out.name}"))
    if args.split or args.shard:
        print(do_part(task, args))
        return
    warn_of_asides(texts.values(), source)
    sentences = table.sentences(
        task=task, allow_empty=args.allow_empty_text, max_unread=args.max_unread
    )
    if args.g2p == "espeak" and (doubts := advice(list(table.parts))):
        warn(doubts)
    kept = {key: s for key, s in sentences.items() if not s.removed}
    removed = [key for key, s in sentences.items() if s.removed]
    write_keyed(
        out, ((k, " ".join(s.tokens(word_boundary=args.word_boundary))) for k, s in kept.items())
    )
    if args.words_out:
        with atomic(args.words_out) as stream:
            for key, s in kept.items():
                row = {"id": key, "words": s.words, "phones": s.phones, "aligned": s.aligned}
                stream.write(json.dumps(row, ensure_ascii=False) + "\n")
    record = table.record(word_boundary=args.word_boundary, removed=removed)
    write_json(out.parent / "phonemizer.json", record, readable=True)
    task.forget()
    for lang, part in record["languages"].items():
        shown = " ".join(f"{name}={count}" for name, count in part["counts"].items() if count)
        print(f"{out}: {lang} ({args.g2p} {record[args.g2p]} {part['voice']}): {shown}")


def main(argv: list[str] | None = None) -> int:
    return run_main(get_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
