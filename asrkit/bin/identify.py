"""Tells which language is spoken where in recordings, or scores a classifier on data folders."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from asrkit.arguments import at_least, refuse_unused, run_main, warn
from asrkit.audio.given import read_dumped, read_file
from asrkit.audio.reading import AudioError
from asrkit.decode.files import expand
from asrkit.decode.options import add_network_options
from asrkit.files import DataError
from asrkit.identify import Guess, Speech2Class
from asrkit.kaldi.datadir import read_dump, refuse_inputs
from asrkit.kaldi.kaldi_text import read_keyed, write_keyed
from asrkit.score import provenance
from asrkit.score.classes import (
    WHOLE,
    Classified,
    Length,
    Tally,
    accuracy_rows,
    confusion_rows,
)
from asrkit.score.results_file import text_table


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("audio", nargs="*", help="audio files, or folders of them; - is standard input")
    add("--model", type=Path, default=Path("exp/language"), help="of objective classify")
    add("--data_dir", type=Path, nargs="+", default=[], help="dump folders instead of files")
    add(
        "--seconds",
        nargs="+",
        default=[WHOLE],
        help="of each utterance of --data_dir: its middle 2, 3-5 (as much as there is), or whole",
    )
    add(
        "--output_dir",
        type=Path,
        help="of --data_dir: classes as in training (utt2lang), utt2prob, classes.json",
    )
    add("--channel", type=at_least(1), help="of audio files, from 1; default: the mean of all")
    add_network_options(parser, windows=False)
    return parser


def run(args: argparse.Namespace) -> int:
    if bool(args.audio) == bool(args.data_dir):
        raise DataError("give audio files, or --data_dir")
    refuse_unused(
        args,
        (bool(args.audio), "seconds output_dir", "without --data_dir"),
        (bool(args.data_dir), "channel", "with --data_dir: what stage 3 wrote has one channel"),
    )
    lengths = [Length.of(name) for name in args.seconds]
    model = Speech2Class(
        args.model, device=args.device, precision=args.precision, batch_seconds=args.batch_seconds
    )
    return _folders(args, model, lengths) if args.data_dir else _files(args, model)


def _files(args: argparse.Namespace, model: Speech2Class) -> int:
    """A line for each stretch: file, start and end in seconds, class, probability."""
    failed = 0
    for name, _ in expand(args.audio):
        try:
            given = read_file(name, args.channel)
        except AudioError as error:
            print(f"error: {error}", file=sys.stderr)
            failed = 1
            continue
        given.tell(name)
        found = model.in_samples(given.samples)
        if not found:
            warn(f"{name}: nobody speaks")
        for one in found:
            times = one.seconds
            print(f"{name}\t{times[0]:.2f}\t{times[1]:.2f}\t{one.lang}\t{one.confidence:.3f}")
    return failed


def _folders(args: argparse.Namespace, model: Speech2Class, lengths: list[Length]) -> int:
    sources, truths = _read(args.data_dir, model.label_file)
    if args.output_dir is not None and (args.output_dir / model.label_file).exists():
        refuse_inputs(args.output_dir, args.data_dir)
    if not truths and (args.output_dir is None or WHOLE not in args.seconds):
        raise DataError(
            f"no {model.label_file} in --data_dir to compare with; give --output_dir, and {WHOLE} "
            "among --seconds, to have the classes written down"
        )
    if missing := len(sources) - len(truths):
        warn(f"{missing} of {len(sources)} utterances are not in {model.label_file}: not scored")
    tallies: dict[str, Tally] = {}
    whole: dict[str, Guess] = {}
    for length in lengths:
        tally = Tally()
        for name, guess in _guesses(model, sources, length):
            if name in truths:
                tally.add(truths[name], guess.name if guess else "-")
            if length.name == WHOLE and guess is not None:
                whole[name] = guess
        tallies[length.name] = tally
    if args.output_dir is not None:
        args.output_dir.mkdir(parents=True, exist_ok=True)
        if whole:
            named = ((key, guess.name) for key, guess in whole.items())
            write_keyed(args.output_dir / model.label_file, named)
            sure = ((k, f"{v.confidence:.4f}") for k, v in whole.items())
            write_keyed(args.output_dir / "utt2prob", sure)
    if not truths:
        return 0
    done = Classified(str(args.output_dir or args.model), tallies)
    if args.output_dir is not None:
        made = {"model": str(model.path), "data": list(map(str, args.data_dir))}
        where_from = {**made, "date": provenance.now(), "environment": provenance.environment()}
        done.write(args.output_dir, where_from)
    head, *rows = accuracy_rows(done)
    print(text_table(head, rows))
    for name, tally in tallies.items():
        head, *rows = confusion_rows(tally)
        print(f"\n{Length.of(name).shown}:\n{text_table(head, rows)}")
    return 0


def _read(folders: list[Path], label_file: str) -> tuple[dict[str, str], dict[str, str]]:
    """(audio, class) of the utterances of all folders; the class of those that have one."""
    sources: dict[str, str] = {}
    truths: dict[str, str] = {}
    for folder in folders:
        found = read_dump(folder)
        if twice := sources.keys() & found.keys():
            raise DataError(
                f"{folder}/wav.scp: {min(twice)!r} is in a --data_dir before it too; leave one of "
                "them out"
            )
        sources |= found
        if (labels := folder / label_file).is_file():
            known = read_keyed(labels)
            truths |= {name: known[name] for name in found if name in known}
    return sources, truths


def _guesses(
    model: Speech2Class, sources: dict[str, str], length: Length
) -> Iterator[tuple[str, Guess | None]]:
    """(utterance, its class), of those that are long enough."""
    names: list[str] = []

    def waves() -> Iterator[np.ndarray]:
        for name, source in sources.items():
            clip = length.of_clip(read_dumped(source).samples)
            if clip is not None:
                names.append(name)
                yield clip

    for at, guess in enumerate(model.classify(waves())):
        yield names[at], guess


def main(argv: list[str] | None = None) -> int:
    return run_main(get_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
