"""Recognizes speech: prints what was said in audio files, or decodes a data folder."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from functools import partial
from pathlib import Path
from typing import Any

from asrkit.arguments import at_least, boolean, refuse_unused, run_main, warn
from asrkit.audio.given import read_dumped, read_file
from asrkit.decode.files import Job, expand, jobs, left, transcripts, write_all
from asrkit.decode.options import (
    add_network_options,
    known_network,
    known_weights,
    open_recognizer,
)
from asrkit.decode.plan import AUTO, NOT_LIVE, VADS, Plan
from asrkit.decode.run import READERS, recognition, recognize_dir
from asrkit.decode.search_options import (
    AUTO_REFUSES,
    NO_TRANSCODER,
    Chosen,
    add_search_options,
    auto_plan,
    choose_search,
    known_languages,
    restricted_languages,
)
from asrkit.decode.stream_options import add_stream_options, is_live, live_of, sound_of
from asrkit.decode.streaming import Stream
from asrkit.decode.told import tell
from asrkit.files import write_json
from asrkit.formats.table import WRITERS
from asrkit.infer import Speech2Text
from asrkit.model_io import ModelError, default_model
from asrkit.shards import add_arguments, do_part, refuse_both, stamped
from asrkit.transcoder.model import Speech2Words
from asrkit.transcoder.options import asked_of, open_transcoder, unused


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add(
        "audio",
        nargs="*",
        help="audio files of any rate and codec, or folders of them; - is standard input",
    )
    add(
        "--model",
        type=Path,
        help="exp/<name>, a checkpoint in it, or a pack (.zip); default: exp/asr_multilingual, or "
        "the only recognizer in exp/",
    )
    add("--data_dir", type=Path, help="dump folder to decode instead of files")
    add(
        "--output_dir",
        type=Path,
        help="where --format writes, one output a file, those that are there already left as they "
        "are; hyp.tokens and hyp.text of --data_dir",
    )
    add(
        "--format",
        nargs="+",
        choices=list(WRITERS),
        metavar="FORMAT",
        help=f"write transcripts with times: {', '.join(WRITERS)}; default: print FILE<TAB>TEXT",
    )
    add(
        "--vad",
        choices=VADS,
        default="energy",
        help="where words may be: energy: where sound rises above the noise; none: everywhere",
    )
    add(
        "--nbest",
        type=at_least(1),
        default=1,
        help="alternatives of each segment, in json; of each utterance, in nbest.jsonl",
    )
    add("--transcoder", type=Path, help="exp/<name> of stage 10 or 11: words of --model's phones")
    add_search_options(parser)
    add(
        "--channel",
        type=at_least(1),
        help="of audio files: the number of the channel to take, from 1; default: the mean of all",
    )
    add_stream_options(parser)
    add_network_options(parser)
    add("--keep_scores", type=boolean, default=False, help="also write scores.npz, to tune weights")
    add_arguments(parser)
    return parser


def run(args: argparse.Namespace) -> int:
    refuse_both(args)
    if is_live(args):
        return _live(args)
    if bool(args.audio) == bool(args.data_dir):
        raise ModelError("give audio files, or --data_dir and --output_dir")
    of_files = "with --data_dir, whose outputs are hyp.tokens and hyp.text"
    refuse_unused(
        args,
        (
            bool(args.audio) and not args.format,
            "output_dir nbest",
            "without --format: what files say is printed",
        ),
        (bool(args.audio), "keep_scores split shard", "without --data_dir"),
        (args.keep_scores, "split shard", "with --keep_scores: shards keep no scores"),
        (bool(args.data_dir), "channel", "with --data_dir: what stage 3 wrote has one channel"),
        (bool(args.data_dir), "format vad", of_files),
        *_unused_by_transcoder(args),
        (args.lang == AUTO, AUTO_REFUSES, "with --lang auto: docs/language_id.md"),
        (args.lang != AUTO, "classifier", "without --lang auto"),
    )
    if (args.data_dir or args.format) and not args.output_dir:
        what = "--data_dir" if args.data_dir else "--format"
        raise ModelError(f"{what} needs --output_dir, where the transcripts go")
    todo = jobs(args.audio, args.output_dir) if args.format else expand(args.audio)
    args.model = args.model or default_model()
    model = open_recognizer(args.model, args, classifier=args.classifier)
    if args.lang == AUTO:
        return _files(args, model, Chosen(args.decode, None, False), todo)
    chosen = choose_search(args, model)
    langs = restricted_languages(args, restricted=chosen.restricted)
    if args.data_dir:
        return _folder(args, model, chosen, langs)
    return _files(args, model, chosen, todo)


def _unused_by_transcoder(args: argparse.Namespace) -> list[tuple[bool, str, str]]:
    if args.transcoder is None:
        return []
    folders = "with --transcoder, which makes words of files; asrkit transcode reads folders"
    return [
        (True, "data_dir", folders),
        (True, NO_TRANSCODER, "with --transcoder, which has no lexicon"),
        *unused(args, "with --transcoder and "),
    ]


def _live(args: argparse.Namespace) -> int:
    """Prints what is said while it is being said."""
    live = live_of(args)
    if args.lang == AUTO:
        raise ModelError(NOT_LIVE)
    refuse_unused(args, (True, "classifier", "without --lang auto"), *_unused_by_transcoder(args))
    with sound_of(args) as sound:
        args.model = args.model or default_model()
        model = open_recognizer(args.model, args)
        plan = _plan(args, model, choose_search(args, model))
        name = args.audio[0] if args.audio else "microphone"
        tell(Stream(model, plan, live, rate=sound.rate, channel=args.channel), sound.parts, name)
    return 0


def _folder(
    args: argparse.Namespace, model: Speech2Text, chosen: Chosen, langs: dict[str, str] | None
) -> int:
    if chosen.task is not None and args.nbest > 1:
        options = {**chosen.task.options, "nbest": args.nbest}
        chosen = chosen._replace(task=dataclasses.replace(chosen.task, options=options))
    what = (model, args.data_dir, args.output_dir, read_dumped)
    how = {
        "beam": chosen.task,
        "nj": 1 if args.shard else args.nj,
        "max_seconds": args.max_seconds,
        "langs": langs,
        "of": known_network(args.model, args),
    }
    if args.split or args.shard:
        print(do_part(recognition(*what, **how), args))
        return 0
    failed = recognize_dir(*what, **how, keep_scores=args.keep_scores)
    write_json(args.output_dir / "decoding.json", chosen.record())
    for name in failed:
        warn(f"{name} could not be read; see {args.output_dir}/failed")
    return 0


def _plan(args: argparse.Namespace, model: Speech2Text, chosen: Chosen) -> Plan:
    if args.transcoder is not None:
        transcoder = open_transcoder(args.transcoder, device=args.device, **asked_of(args))
        both = Speech2Words(model, transcoder, max_seconds=args.max_seconds)
        return both.plan(lang=args.lang, nbest=args.nbest, vad=args.vad)
    if args.lang == AUTO:
        return auto_plan(args, model)
    return Plan(
        chosen.task,
        args.lang,
        chosen.restricted,
        nj=args.nj,
        nbest=args.nbest,
        max_seconds=args.max_seconds,
        vad=args.vad,
    )


def _files(args: argparse.Namespace, model: Speech2Text, chosen: Chosen, todo: list[Job]) -> int:
    """Prints what is said, or writes it to files."""
    plan = _plan(args, model, chosen)
    of: dict[str, Any] = {}
    if args.format:
        of = {
            "lang": args.lang,
            "decode": chosen.mode,
            "restrict_langs": chosen.restricted,
            "nbest": args.nbest,
            "vad": args.vad,
            "channel": args.channel,
            "network": known_network(args.model, args),
            "confidence": dataclasses.astuple(plan.calibration or model.calibration),
            **(chosen.task.known() if chosen.task else {}),
        }
        if args.transcoder is not None:
            of["transcoder"] = known_weights(args.transcoder)
            of |= stamped(asked_of(args))
        if args.lang == AUTO:
            of |= known_languages(args, model)
        todo = left(todo, args.format, args.output_dir, of)
    failures: dict[str, str] = {}
    made = transcripts(
        model,
        [job.audio for job in todo],
        partial(read_file, channel=args.channel),
        plan,
        failures,
        name=str(model.path),
        threads=READERS[model.device.type],
        seconds=model.look_ahead,
    )
    if args.format:
        write_all(todo, args.format, args.output_dir, of, made)
    else:
        for transcript in made:
            print(f"{transcript.audio}\t{transcript.text}", flush=True)
    for reason in failures.values():
        print(f"error: {reason}", file=sys.stderr)
    return 1 if failures else 0


def main(argv: list[str] | None = None) -> int:
    return run_main(get_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
