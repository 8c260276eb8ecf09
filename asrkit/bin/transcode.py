"""Words from phones with a Transcoder; from audio too, with an acoustic model before it."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path
from typing import Any

from asrkit.arguments import at_least, boolean, finite, refuse_unused, run_main, warn
from asrkit.audio.given import read_dumped, read_file
from asrkit.decode.options import (
    NETWORK_OPTIONS,
    add_network_options,
    known_network,
    open_recognizer,
)
from asrkit.kaldi.datadir import read_dump
from asrkit.model_io import ModelError
from asrkit.shards import Task, add_arguments, do_part, refuse_both
from asrkit.transcoder.inputs import Inputs, Rows, warn_of_lost
from asrkit.transcoder.model import Phones2Words, Speech2Words, transcribe
from asrkit.transcoder.options import asked_of, open_transcoder, unused
from asrkit.transcoder.outputs import write_words
from asrkit.transcoder.posteriors import POOLS
from asrkit.transcoder.recognition import recognition_task
from asrkit.transcoder.search import BEAM_SIZE, LM_WEIGHT


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add(
        "audio",
        nargs="*",
        help="audio files of any rate and codec, - is standard input; needs --asr_model",
    )
    add("--transcoder", type=Path, required=True, help="exp/<name> of stage 10 or 11")
    add("--asr_model", type=Path, help="exp/<name> of a phone recognizer (stage 8)")
    add(
        "--data_dir",
        type=Path,
        help="dump folder of speech; without --asr_model a folder of phones",
    )
    add("--phones", help="file of '<id> <phones>' lines to read; - reads standard input")
    add("--output_dir", type=Path, help="where hyp.text goes; default: print")
    add("--batch_size", type=int, help="utterances a batch; default 16, or 1 to print each at once")
    add("--lm", type=Path, help="KenLM file of words, to search with")
    add("--lm_weight", type=finite, default=LM_WEIGHT, help="multiplies log10 of the n-gram")
    add("--word_score", type=finite, default=0.0, help="added for each word of a search")
    add("--weights", type=Path, help="file of tune_transcoder: its lm_weight and word_score count")
    add("--beam_size", type=at_least(1), default=BEAM_SIZE, help="hypotheses kept by a search")
    add(
        "--nbest",
        type=at_least(1),
        default=1,
        help="above 1: write so many to nbest.jsonl",
    )
    add("--pool", choices=POOLS, default="mean", help="frames of a phone to its posteriors")
    add("--max_phones", type=at_least(1), default=300, help="read longer utterances in windows")
    add(
        "--channel",
        type=at_least(1),
        help="of audio files: the number of the channel to take, from 1; default: the mean of all",
    )
    add_network_options(parser)
    add("--progress", type=boolean, default=True)
    add_arguments(parser)
    return parser


def _check(args: argparse.Namespace) -> None:
    refuse_both(args)
    if sum(map(bool, (args.audio, args.data_dir, args.phones))) != 1:
        raise ModelError("give one of: audio files, --data_dir, --phones")
    if args.audio and args.asr_model is None:
        raise ModelError("audio files need --asr_model, a phone recognizer")
    if args.output_dir and (spaced := [name for name in args.audio if len(name.split()) != 1]):
        raise ModelError(
            f"{spaced[0]!r} holds white space, and would be several words of hyp.text; rename it, "
            "or leave --output_dir out"
        )
    refuse_unused(
        args,
        (not args.audio, "channel", "without audio files"),
        (bool(args.phones), "asr_model", "with --phones, which are phones already"),
        (
            args.asr_model is None,
            f"pool {NETWORK_OPTIONS}",
            "without --asr_model: nothing is recognized",
        ),
        *unused(args, ""),
        (not args.output_dir, "progress", "without --output_dir"),
        (
            not (args.asr_model and args.data_dir and args.output_dir),
            "split shard",
            "without --asr_model, --data_dir and --output_dir: shards recognize phones",
        ),
    )
    if args.nbest > 1 and not args.output_dir:
        raise ModelError("--nbest above 1 needs --output_dir, where nbest.jsonl goes")
    if args.batch_size is None:
        args.batch_size = 16 if args.output_dir else 1
    if args.batch_size < 1:
        raise ModelError("--batch_size is at least 1")


def run(args: argparse.Namespace) -> int:
    _check(args)
    asked = asked_of(args)
    model = open_transcoder(
        args.transcoder, device=args.device, max_phones=args.max_phones, **asked
    )
    inputs = Inputs(model)
    rows, task = _rows(args, inputs, model)
    if task and (args.split or args.shard):
        print(do_part(task, args))
        return 0
    results = transcribe(model, rows, batch_size=args.batch_size)
    if args.output_dir:
        searched = _record(args, asked) if model.search else None
        nbest, progress = args.nbest > 1, args.progress
        write_words(
            args.output_dir, results, inputs, nbest=nbest, searched=searched, progress=progress
        )
        if task:
            task.forget()
    else:
        for name, (best, *_) in results:
            print(f"{name}\t{' '.join(best.words)}", flush=True)
    if inputs.unknown:
        shown = " ".join(f"{phone}={count}" for phone, count in sorted(inputs.unknown.items()))
        warn(f"phones not in the model's list were read as <unk>: {shown}")
    for name, reason in inputs.failed.items():
        kind = "warning" if args.data_dir else "error"
        print(f"{kind}: {name}: {reason}", file=sys.stderr)
    return 1 if inputs.failed and not args.data_dir else 0


def _rows(
    args: argparse.Namespace, inputs: Inputs, model: Phones2Words
) -> tuple[Rows, Task[Any] | None]:
    """The utterances to read, and where a folder of speech becomes another, what of them shards
    may do."""
    if args.phones:
        return inputs.lines(args.phones), None
    if args.asr_model is None:
        return inputs.folder(args.data_dir), None
    recognizer = open_recognizer(args.asr_model, args)
    speech = Speech2Words(recognizer, model, pool=args.pool, max_seconds=args.max_seconds)
    warn_of_lost(speech)
    if not args.data_dir:
        read = partial(read_file, channel=args.channel)
        return inputs.audio(speech, {name: name for name in args.audio}, read), None
    sources = read_dump(args.data_dir)
    if not args.output_dir:
        return inputs.audio(speech, sources, read_dumped), None
    task = recognition_task(
        recognizer,
        speech.columns,
        sources,
        args.output_dir,
        max_seconds=args.max_seconds,
        of=known_network(args.asr_model, args),
    )
    return inputs.recognized(task), task


def _record(args: argparse.Namespace, asked: dict[str, Any]) -> dict[str, Any]:
    """What words were searched with."""
    return {
        "decode": "transcoder",
        "lm": None if args.lm is None else str(args.lm),
        "lm_weight": asked["lm_weight"],
        "word_score": asked["word_score"],
        "beam_size": args.beam_size,
        "tuned": None if args.weights is None else str(args.weights),
    }


def main(argv: list[str] | None = None) -> int:
    return run_main(get_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
