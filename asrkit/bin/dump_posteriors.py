"""Decodes a dump folder of speech to phone posteriors that a Transcoder can be tuned on.

Writes OUT/{text.phn,posteriors.ark,posteriors.scp,utt2lang,text,text.star}; ``empty``,
``skipped.tsv`` and ``failed`` (audio that cannot be read) name the utterances left out.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tqdm import tqdm

from asrkit.arguments import boolean, refuse_unused, run_main, warn
from asrkit.decode.dealt import read_ones
from asrkit.decode.options import add_network_options, known_network, open_recognizer
from asrkit.files import DataError
from asrkit.kaldi.datadir import read_dump
from asrkit.kaldi.kaldi_text import languages_of, texts_of, write_keyed
from asrkit.shards import add_arguments, do_part, refuse_both
from asrkit.text.g2p import CHOICES, HELP
from asrkit.text.normalize import HYPHEN_POLICIES, HYPHENS_HELP
from asrkit.text.phone_table import PhoneTable
from asrkit.tokens import TokenList
from asrkit.transcoder.hypotheses import write_hypotheses
from asrkit.transcoder.posteriors import POOLS, PhoneColumns
from asrkit.transcoder.recognition import recognition_task


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    add = parser.add_argument
    add("--model", type=Path, required=True, help="exp/<name> of a phone recognizer")
    add("--data_dir", type=Path, required=True, help="dump folder: wav.scp, text, utt2lang")
    add("--out_dir", type=Path, required=True)
    add("--phone_list", type=Path, required=True, help="phones.txt of the Transcoder")
    add("--only_lang", help="leave out the utterances of other languages (utt2lang)")
    add("--labels", type=boolean, default=True, help="align the words of text: text.star")
    add("--hyphens", choices=HYPHEN_POLICIES, default="split", help=HYPHENS_HELP)
    add("--pool", choices=POOLS, default="mean", help="frames of a phone to its posteriors")
    add("--g2p", choices=CHOICES, default="espeak", help=HELP)
    add("--cache_dir", help="folder of its answers, shared between runs")
    add_network_options(parser)
    add_arguments(parser)
    return parser


def run(args: argparse.Namespace) -> None:
    refuse_both(args)
    refuse_unused(
        args, (not args.labels, "cache_dir hyphens g2p", "without --labels: nothing is phonemized")
    )
    model = open_recognizer(args.model, args)
    columns = PhoneColumns(model.tokens, TokenList.read(args.phone_list), pool=args.pool)
    if columns.lost:
        warn(f"{args.phone_list} has no {' '.join(columns.lost)}")
    sources = read_dump(args.data_dir)
    langs = languages_of(sources, lang=None, utt2lang=args.data_dir / "utt2lang")
    if args.only_lang:
        pairs = zip(sources.items(), langs, strict=True)
        sources = dict(item for item, lang in pairs if lang == args.only_lang)
        langs = [args.only_lang] * len(sources)
        if not sources:
            raise DataError(f"{args.data_dir}/utt2lang: no utterance is of {args.only_lang}")
    of = known_network(args.model, args)
    task = recognition_task(
        model, columns, sources, args.out_dir, max_seconds=args.max_seconds, of=of
    )
    if args.split or args.shard:
        print(do_part(task, args))
        return
    sentences = None
    if args.labels:
        texts = texts_of(sources, args.data_dir, allow_empty=False)
        table = PhoneTable(
            texts, langs, hyphens=args.hyphens, g2p=args.g2p, cache_dir=args.cache_dir
        )
        sentences = table.sentences()
    failed: dict[str, str] = {}

    found = tqdm(
        read_ones(task.results(), failed),
        f"decode {args.data_dir.name}",
        len(sources),
        mininterval=1,
        leave=False,
    )
    try:
        counts = write_hypotheses(
            found, args.out_dir, langs=dict(zip(sources, langs, strict=True)), sentences=sentences
        )
    finally:  # they may be why nothing is left
        for key, reason in failed.items():
            warn(f"{key} could not be read: {reason}")
    write_keyed(args.out_dir / "failed", failed)
    task.forget()
    print(
        f"{args.out_dir}: {counts['kept']} utterances; {counts['empty']} without a recognized"
        f" phone, {counts['skipped']} whose words fit no phones, {len(failed)} unreadable"
    )


def main(argv: list[str] | None = None) -> int:
    return run_main(get_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
