"""Fits the confidence of words to a model, on a dump folder with its text: a validation set.

Writes confidence.json beside the model, or the Transcoder; transcripts then have the probability
that a word is right.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from asrkit.align import align
from asrkit.arguments import boolean, refuse_unused, run_main
from asrkit.audio.given import read_dumped
from asrkit.decode import confidence
from asrkit.decode.confidence import AGREEMENT_ALONE, Calibration
from asrkit.decode.hypothesis import Evidence
from asrkit.decode.options import add_network_options, open_recognizer
from asrkit.decode.plan import Plan
from asrkit.decode.transcribe import evidence
from asrkit.files import DataError
from asrkit.infer import Speech2Text
from asrkit.kaldi.datadir import read_dump
from asrkit.kaldi.kaldi_text import texts_of
from asrkit.pack.archive import refuse_pack
from asrkit.transcoder.model import Phones2Words, Speech2Words
from asrkit.transcoder.options import open_transcoder


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--model", type=Path, required=True, help="exp/<name>")
    add("--lang", nargs="+", required=True, help="of each folder: its lexicon and n-gram are taken")
    add("--data_dir", nargs="+", type=Path, required=True, help="dump folders of valid sets")
    add(
        "--transcoder",
        type=Path,
        help="exp/<name> of stage 10 or 11: of its words, and not --model's",
    )
    add("--lm", type=Path, help="KenLM file of words that the Transcoder searches with")
    add("--fit", type=boolean, default=True, help="false: only say how good confidence is there")
    add_network_options(parser)
    return parser


def _plan(
    model: Speech2Text, transcoder: Phones2Words | None, lang: str, args: argparse.Namespace
) -> Plan:
    if transcoder is not None:
        return Speech2Words(model, transcoder, max_seconds=args.max_seconds).plan(lang=lang)
    plan = model.plan(None, lang, max_seconds=args.max_seconds)
    if plan.beam is None or "lexicon" not in plan.beam.options:
        raise DataError(f"--lang {lang}: no lexicon; without one, confidence has no weights")
    return plan


def run(args: argparse.Namespace) -> int:
    refuse_unused(args, (args.transcoder is None, "lm", "without --transcoder: --lang chooses it"))
    if len(args.lang) != len(args.data_dir):
        raise DataError("give --lang as many languages as --data_dir folders, in their order")
    if args.fit:
        refuse_pack(args.transcoder or args.model, confidence.FILE)
    model, transcoder = open_recognizer(args.model, args), None
    if args.transcoder is not None:
        transcoder = open_transcoder(args.transcoder, device=args.device, lm=args.lm)
    rows: list[Evidence] = []
    right: list[bool] = []
    for lang, folder in zip(args.lang, args.data_dir, strict=True):
        sources = read_dump(folder)
        texts = texts_of(sources, folder)
        plan = _plan(model, transcoder, lang, args)
        given = ((name, read_dumped(source)) for name, source in sources.items())
        for name, words in evidence(model, given, plan):
            pairs = align(texts[name].split(), [word for word, _ in words]).pairs
            right += [one == two for one, two in pairs if two is not None]
            rows += [row for _, row in words]
    alone = "share of the n-best alone" if transcoder is None else "the Transcoder's probability"
    of = transcoder or model
    ways = {alone: AGREEMENT_ALONE, "now": of.calibration}
    if args.fit:
        ways["fitted"] = Calibration.fit(rows, right)
    print(f"{len(rows)} words, {sum(right)} of them right")
    for name, way in ways.items():
        found = confidence.quality(list(map(way, rows)), right)
        print(f"{name}: AUC {found.auc:.3f}, ECE {found.ece:.3f}")
    if args.fit:
        print(f"written: {ways['fitted'].write(of.folder)}")
    return 0


def main(argv: list[str] | None = None) -> int:
    return run_main(get_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
