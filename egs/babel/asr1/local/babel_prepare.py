#!/usr/bin/env python3
"""Kaldi data folders of one language of BABEL: transcripts, tags, splits.

Leaves data/<lang>_{train,valid,test}, and data/faults/<lang>.tsv with every fault of the
transcripts by file and line. Nothing below the corpus is ever written.
"""

from __future__ import annotations

import argparse
import math
import shlex
import shutil
import sys
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from asrkit.arguments import boolean, refuse_unused, run_main
from asrkit.audio import decoders, headers
from asrkit.files import DataError, atomic, read_lines
from asrkit.kaldi.utterances import Command, Utterance, print_counts, write_data_dir
from babel_packs import AUDIO, Pack, Side, find_pack, find_parts, read_sides
from babel_split import SHARE, SPLITS, length, split
from babel_tags import POLICIES, TagPolicy, read_lexicon_words
from babel_transcripts import Fault, Segment, read_transcript

SHOWN = 10  # faults printed; all of them are in data/faults
SILENT = ("nothing spoken", "marks alone")  # left out by the tag policy: no faults, not printed


class Part(NamedTuple):
    """Utterances of ``training`` or ``dev``, what was wrong, and how many sides there were."""

    utterances: list[Utterance]
    faults: list[Fault]
    sides: int
    untranscribed: int


def source_of(path: Path) -> str:
    """A line of wav.scp: the file, or a command for the codings that FFmpeg cannot unpack."""
    with open(path, "rb") as stream:
        data = stream.read(4096)
    if data[:7] != b"NIST_1A":
        return str(path)
    try:
        headers.check_sphere(data)
    except ValueError as error:
        if shutil.which("sph2pipe") is None:
            raise DataError(
                f"{path}: {error}; with sph2pipe on the PATH this is done here (Kaldi's "
                "tools/Makefile builds it)"
            ) from None
        return Command(f"sph2pipe -f wav -p {shlex.quote(str(path))} |")
    return str(path)


def read_side(side: Side, policy: TagPolicy, *, train: bool) -> tuple[list[Utterance], list[Fault]]:
    """The utterances of a side that has audio and a transcript."""
    assert side.audio is not None and side.transcript is not None
    try:
        seconds = decoders.seconds(side.audio)
        if seconds == math.inf:
            raise ValueError("it does not state a length")
    except ValueError as error:
        return [], [Fault(side.audio, 0, "unreadable audio header", f"{error}; side left out")]
    segments, faults = read_transcript(side.transcript, seconds)
    source = source_of(side.audio.absolute())
    utterances: dict[str, Utterance] = {}
    for segment in segments:
        text, reason = policy.text(segment.text, train=train)
        name = side.utterance(segment.start)
        if not reason and name in utterances:
            reason = "starts in the same hundredth of a second as another"
        if reason:
            faults.append(_left_out(side, segment, reason))
            continue
        span = (segment.start, segment.end)
        utterances[name] = Utterance(name, side.speaker, source, text, side.id, span)
    return list(utterances.values()), faults


def _left_out(side: Side, segment: Segment, reason: str) -> Fault:
    assert side.transcript is not None
    done = f"segment {segment.start:g}-{segment.end:g} s left out: {segment.text[:60]}"
    return Fault(side.transcript, segment.line, reason, done)


def read_part(
    folder: Path, policy: TagPolicy, *, train: bool, roman: bool, only: set[str] | None = None
) -> Part:
    """All utterances of ``training`` or ``dev``; ``only``: of these sides."""
    sides, others = read_sides(folder, roman=roman)
    if only is not None:
        missing = sorted(only - {side.id for side in sides})
        if missing:
            raise DataError(
                f"{folder}: {len(missing)} sides of --train_list are not there: {missing[:3]}"
            )
        sides = [side for side in sides if side.id in only]
    faults = [Fault(path, 0, "no conversation side", "ignored") for path in others]
    utterances: list[Utterance] = []
    both, untranscribed = 0, 0
    for side in tqdm(sides, desc=folder.name, unit="side", delay=2):
        if side.transcript is None:
            untranscribed += 1
        elif side.audio is None:
            where = folder / "audio" / f"{side.id}{'|'.join(AUDIO)}"
            faults.append(Fault(side.transcript, 0, "no audio", f"side left out; no {where}"))
        else:
            both += 1
            found, wrong = read_side(side, policy, train=train)
            utterances += found
            faults += wrong
    return Part(utterances, faults, both, untranscribed)


def read_list(path: Path | None) -> set[str] | None:
    """Side ids of a list such as Kaldi's train.LimitedLP.list, one a line."""
    if path is None:
        return None
    return {line.strip().removesuffix(".sph") for line in read_lines(path) if line.strip()}


def lexicon_of(training: Path, given: Path | None) -> Path:
    return given or training.parent / "reference_materials/lexicon.txt"


def make_policy(args: argparse.Namespace, pack: Pack, training: Path) -> TagPolicy:
    try:
        policy = TagPolicy(args.tags, pack.lang)
    except DataError:
        if args.tags not in POLICIES:
            raise
    else:
        refuse_unused(args, (True, "lexicon", f"with --tags {args.tags}, which looks no word up"))
        return policy
    path = lexicon_of(training, args.lexicon)
    if not path.is_file():
        raise DataError(f"{path}: no such file; --tags {args.tags} needs it, or give --lexicon")
    return TagPolicy(args.tags, pack.lang, read_lexicon_words(path, roman=args.roman))


def check_counts(pack: Pack, train: Part, dev: Part, *, limited: bool) -> list[str]:
    """Warnings about numbers of sides that are not those of the release."""
    wanted = {"training": (train.sides, pack.llp if limited else pack.train)}
    wanted["dev"] = (dev.sides, pack.dev)
    if pack.untranscribed is not None and not limited:
        wanted["untranscribed training"] = (train.untranscribed, pack.untranscribed)
    return [
        f"warning: {pack.pack}-{pack.name}: {found} {what} sides, {number} in Kaldi's lists of "
        f"{pack.release}; is the release complete, or another version?"
        for what, (found, number) in wanted.items()
        if found != number
    ]


def report(pack: Pack, parts: dict[str, list[Utterance]], faults: list[Fault]) -> None:
    print_counts(pack.lang, Counter(fault.kind for fault in faults))
    hours = {name: sum(map(length, part)) / 3600 for name, part in parts.items()}
    for name, part in parts.items():
        speakers = len({u.speaker for u in part})
        print(
            f"{pack.lang}_{name}: {hours[name]:.2f} h, {len(part)} utterances, {speakers} speakers"
        )
    if pack.paper_hours is not None:
        print(f"{pack.lang}: the paper fine-tunes on {pack.paper_hours} h")


def write_faults(path: Path, faults: list[Fault]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic(path) as stream:
        stream.write("file\tline\tfault\tdone\n")
        stream.writelines("\t".join(map(str, fault)) + "\n" for fault in faults)
    told = [fault for fault in faults if fault.kind not in SILENT]
    for fault in told[:SHOWN]:
        print(fault, file=sys.stderr)
    if len(told) > SHOWN:
        print(f"and {len(told) - SHOWN} more: {path}", file=sys.stderr)


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="babel_prepare", description=__doc__)
    add = parser.add_argument
    add("--lang", required=True, help="lang or iso639_3 of packs.tsv: ka, zh, yue")
    add("--babel", type=Path, help="folder that holds the releases, each below it somewhere")
    add("--packs", nargs="*", default=[], help="CODE=FOLDER of single packs: 404=/corpora/ka")
    add("--data", type=Path, default=Path("data"))
    add("--tags", default="xlsr", help=f"policy for tags: {', '.join(POLICIES)}")
    add("--lexicon", type=Path, help="default: reference_materials/lexicon.txt (--tags kaldi)")
    add("--roman", type=boolean, default=False, help="transcript_roman instead of transcription")
    add("--train_list", type=Path, help="sides to train on, e.g. of the limited pack (LLP)")
    add("--valid_split", default="speaker", help=f"{' or '.join(SPLITS)}")
    add("--valid_share", type=float, default=SHARE, help="of the training sides' speech")
    add("--seed", type=int, default=0, help="of the split")
    return parser


def roots_of(args: argparse.Namespace, pack: Pack) -> list[Path]:
    """The folder named for this pack, else the one that holds all."""
    given = {}
    for word in args.packs:
        code, equals, folder = word.partition("=")
        if not equals or not folder:
            raise DataError(f"--packs is CODE=FOLDER, such as 404=/corpora/georgian, not {word!r}")
        given[find_pack(code).pack] = Path(folder)
    if pack.pack in given:
        return [given[pack.pack]]
    if args.babel is None:
        raise DataError(
            "where is BABEL? Give --babel FOLDER with the releases in it (or set $BABEL), or "
            f"--packs {pack.pack}=FOLDER"
        )
    return [args.babel]


def run(args: argparse.Namespace) -> None:
    pack = find_pack(args.lang)
    # The code that was asked for names the folders: zh, or yue for the same language.
    lang = args.lang
    if lang not in (pack.lang, pack.iso639_3):
        raise DataError(f"--lang {lang}: write {pack.lang}, the code of {pack.name} in packs.tsv")
    places = find_parts(roots_of(args, pack), pack)
    policy = make_policy(args, pack, places["training"])
    only = read_list(args.train_list)
    training = read_part(places["training"], policy, train=True, roman=args.roman, only=only)
    dev = read_part(places["dev"], policy, train=False, roman=args.roman)
    faults = [*training.faults, *dev.faults]
    if not training.utterances or not dev.utterances:
        write_faults(args.data / "faults" / f"{lang}.tsv", faults)
        raise DataError(f"{pack.name}: no utterance is left for training or dev; see the faults")
    train, valid = split(
        training.utterances, args.valid_split, share=args.valid_share, seed=args.seed
    )
    parts = {"train": train, "valid": valid, "test": dev.utterances}
    for name, utterances in parts.items():
        write_data_dir(args.data / f"{lang}_{name}", utterances, lang)
    write_faults(args.data / "faults" / f"{lang}.tsv", faults)
    for warning in check_counts(pack, training, dev, limited=only is not None):
        print(warning, file=sys.stderr)
    for tag, count in policy.unknown().items():
        print(f"warning: {pack.name}: tag {tag} is not in tags.tsv: dropped {count} times")
    report(pack, parts, faults)
    print(
        f"{lang}: tags: {policy.name}; " + ", ".join(f"{t} {n}" for t, n in policy.counts.items())
    )


def main(argv: list[str] | None = None) -> int:
    return run_main(get_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
