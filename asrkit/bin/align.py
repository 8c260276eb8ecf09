"""Aligns long recordings with their texts: writes a data folder of segments to train on.

Sentences get the times at which they are said, and a score. Text that is not said, speech that is
not in the text, music, and paragraphs in another order are found and reported.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from asrkit.arguments import at_least, finite, refuse_unused, run_main, warn
from asrkit.decode.options import add_network_options, open_recognizer
from asrkit.files import DataError
from asrkit.formats.table import WRITERS
from asrkit.segmentation.folder import SPELLINGS, report, write_aligned
from asrkit.segmentation.frames import FEE
from asrkit.segmentation.pairs import find_pairs, read_pairs
from asrkit.segmentation.recording import Aligned, Pair, Rules, align_recording
from asrkit.segmentation.spelling import Speller
from asrkit.segmentation.units import SPLITS
from asrkit.text.g2p import CHOICES, HELP
from asrkit.text.verdict import advice
from asrkit.vocabulary import type_of


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    add, default = parser.add_argument, Rules()
    add("--audio", type=Path, help="a recording, or a folder of recordings")
    add("--text", type=Path, help="its text, or a folder of texts, NAME.txt for every recording")
    add("--table", type=Path, help="instead: lines of recording, text and speaker, tabs between")
    add("--lang", required=True, help="ISO 639-1 code of the text")
    add(
        "--model",
        type=Path,
        default=Path("exp/asr_multilingual"),
        help="a recognizer, of this or another language: exp/<name>, a checkpoint in it, or a pack",
    )
    add("--out", type=Path, required=True, help="data folder to write")
    add("--speaker", help="who speaks in all recordings; default: each has its own speaker")
    add("--split", choices=SPLITS, default=default.split, help="what becomes a segment")
    add(
        "--min_score",
        type=finite,
        default=default.min_score,
        help="leave out segments below this score: 1 where the model itself would write the text, "
        "0.11 where it has nothing to do with what is said",
    )
    add(
        "--longest",
        type=finite,
        default=default.longest,
        help="seconds; longer segments are cut between words, at pauses",
    )
    add(
        "--spelling",
        choices=SPELLINGS,
        default="original",
        help="of the segments' text: as the file has it, or in asrkit's spelling",
    )
    add(
        "--format",
        nargs="*",
        choices=list(WRITERS),
        default=["textgrid", "eaf"],
        help="of transcripts with word times, each a folder in --out",
    )
    add(
        "--max_unknown",
        type=finite,
        default=default.max_unknown,
        help="share of the text's symbols for which the model may have nothing",
    )
    add("--g2p", choices=CHOICES, default="espeak", help=HELP + "; for a model of phones")
    add("--bpe_model", type=Path, help="of a model of subword units: the file that splits text")
    add("--channel", type=at_least(1), help="of the recordings, from 1; default: the mean of all")
    add_network_options(parser)
    return parser


def run(args: argparse.Namespace) -> int:
    pairs = _pairs(args)
    if not 0 <= args.min_score <= 1 or args.longest <= 0:
        raise DataError("--min_score is from 0 to 1, and --longest above 0")
    if args.out.exists() and (not args.out.is_dir() or any(args.out.iterdir())):
        raise DataError(f"{args.out}: exists already; choose another folder, or remove it")
    model = open_recognizer(args.model, args)
    kind, _ = type_of(model.token_file)
    refuse_unused(
        args,
        (kind != "phn", "g2p", f"with a model of {kind}: it makes phones"),
        (not kind.startswith("bpe"), "bpe_model", f"with a model of {kind}"),
    )
    speller = Speller(model.tokens, kind, args.lang, bpe_model=args.bpe_model, g2p=args.g2p)
    if kind == "phn" and args.g2p == "espeak" and (doubts := advice([args.lang])):
        warn(doubts)
    rules = Rules(
        args.split, args.min_score, args.longest, args.max_unknown, args.max_seconds, args.channel
    )
    aligned: list[Aligned] = []
    failures: list[str] = []
    for pair in pairs:
        try:
            found = align_recording(model, speller, pair, rules)
        except DataError as error:
            if len(pairs) == 1:
                raise
            failures.append(str(error))
            continue
        _tell(found)
        aligned.append(found)
    for reason in failures:
        print(f"error: {reason}", file=sys.stderr)
    if not aligned:
        raise DataError("no recording could be aligned; see above")
    record = {
        "model": str(args.model),
        "step": model.step,
        "language": args.lang,
        "g2p": args.g2p if kind == "phn" else None,
        "split": args.split,
        "min_score": args.min_score,
        "longest": args.longest,
        "fee": FEE,
        "failed": failures,
    }
    write_aligned(
        args.out,
        aligned,
        language=args.lang,
        spelling=args.spelling,
        names=list(dict.fromkeys(args.format)),
        record=record,
    )
    count = sum(len(found.segments) for found in aligned)
    minutes = sum(s.end - s.begin for found in aligned for s in found.segments) / 60
    left = sum(len(found.rejected) for found in aligned)
    print(f"{args.out}: {count} segments, {minutes:.1f} minutes; {left} in rejected.tsv")
    return 1 if failures else 0


def _pairs(args: argparse.Namespace) -> list[Pair]:
    refuse_unused(args, (args.table is not None, "audio text", "beside --table, which names them"))
    if args.table is not None:
        return read_pairs(args.table, args.speaker)
    if args.audio is None or args.text is None:
        raise DataError("give --audio and --text, or --table")
    for path in (args.audio, args.text):
        if not path.exists():
            raise DataError(f"{path}: no such file; check the path")
    return find_pairs(args.audio, args.text, args.speaker)


def _tell(found: Aligned) -> None:
    pair, numbers = found.pair, report(found)
    if found.mapping.counts:
        print(f"{pair.text}: the model does not have, and reads: {found.mapping.shown()}")
    for passage in found.moved:
        warn(f"{pair.text}: {passage}")
    print(
        f"{pair.name}: {numbers['segments']} segments, {numbers['seconds_aligned'] / 60:.1f} of "
        f"{found.seconds / 60:.1f} minutes, median score {numbers['median_score'] or 0:.2f}; "
        f"{numbers['rejected']} rejected; {100 * found.speech_outside:.0f} % of the speech is in "
        "no segment"
    )


def main(argv: list[str] | None = None) -> int:
    return run_main(get_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
