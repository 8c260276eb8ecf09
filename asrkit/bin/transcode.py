"""Words from phones with a Transcoder; from audio too, with an acoustic model before it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
from tqdm import tqdm

from asrkit.arguments import at_least, boolean, finite, refuse_unused, run_main, warn
from asrkit.audio.given import read_dumped, read_file
from asrkit.decode.dealt import Failed, read_ones
from asrkit.decode.nbest import FILE, Scored, write_nbest
from asrkit.decode.options import (
    NETWORK_OPTIONS,
    add_network_options,
    known_network,
    open_recognizer,
)
from asrkit.decode.run import score
from asrkit.decode.search import read_weights
from asrkit.files import DataError, write_json
from asrkit.kaldi.datadir import read_dump
from asrkit.kaldi.kaldi_text import read_keyed, split_line, write_keyed
from asrkit.model_io import ModelError
from asrkit.shards import Task, add_arguments, do_part, refuse_both
from asrkit.tokens import BLANK, TokenList
from asrkit.transcoder.dataset import PhoneDataset
from asrkit.transcoder.hearing import hearing
from asrkit.transcoder.hypotheses import Heard
from asrkit.transcoder.index import PhoneIndex
from asrkit.transcoder.model import Phones2Words, Speech2Words, transcribe
from asrkit.transcoder.posteriors import POOLS
from asrkit.transcoder.search import WordHypothesis, WordSearch

Rows = Iterator[tuple[str, np.ndarray]]


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
    add("--lm_weight", type=finite, default=0.5, help="multiplies log10 of the n-gram")
    add("--word_score", type=finite, default=0.0, help="added for each word of a search")
    add("--weights", type=Path, help="file of tune_transcoder: its lm_weight and word_score count")
    add("--beam_size", type=at_least(1), default=8, help="hypotheses kept by a search")
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


class Source:
    """Posteriors of the utterances to read, and what happened on the way."""

    def __init__(self, args: argparse.Namespace, model: Phones2Words) -> None:
        self.args, self.model = args, model
        self.failed: dict[str, str] = {}
        self.heard: dict[str, str] = {}  # phones recognized from audio
        self.unknown: dict[str, int] = {}  # phones of a text that the model does not know
        self.count: int | None = None
        self.task: Task[Heard | Failed] | None = None  # what the recognizer has to do of a folder

    def rows(self) -> Rows:
        args = self.args
        if args.phones:
            return self._phones()
        if args.asr_model is None:
            return self._folder(args.data_dir)
        speech = Speech2Words(
            open_recognizer(args.asr_model, args),
            self.model,
            pool=args.pool,
            max_seconds=args.max_seconds,
        )
        if speech.columns.lost:
            shown = " ".join(speech.columns.lost)
            warn(f"phones that the Transcoder does not know are <unk>: {shown}")
        if not (args.data_dir and args.output_dir):
            return self._audio(speech)
        self.task = hearing(
            speech.asr_model,
            speech.columns,
            read_dump(args.data_dir),
            args.output_dir,
            max_seconds=args.max_seconds,
            of=known_network(args.asr_model, args),
        )
        return self._dump(self.task)

    def _dump(self, task: Task[Heard | Failed]) -> Rows:
        self.count = len(task.items)
        for heard in read_ones(task.results(), self.failed):
            self.heard[heard.id] = " ".join(heard.phones)
            yield heard.id, heard.rows

    def _phones(self) -> Rows:
        if self.args.phones != "-":
            table = read_keyed(self.args.phones, need_rows=True)
            self.count = len(table)
            lines = iter(table.items())
        else:
            lines = (split_line(line.rstrip("\n")) for line in sys.stdin if line.strip())
        for name, text in lines:
            spoken = text.split()
            self._count_unknown(spoken)
            yield name, self.model.posteriors(spoken)

    def _folder(self, folder: Path) -> Rows:
        index = PhoneIndex([folder])
        dataset = PhoneDataset(index, self.model.phones, None)
        self.count = len(index)
        for row in range(len(index)):
            self._count_unknown(index.phones(row))
            yield index.id(row), dataset.matrix(row)
        if (folder / "empty").exists():
            for name in read_keyed(folder / "empty"):
                yield name, self.model.posteriors([])

    def _count_unknown(self, spoken: list[str]) -> None:
        for phone in spoken:
            if phone == BLANK or phone not in self.model.phones:
                self.unknown[phone] = self.unknown.get(phone, 0) + 1

    def _audio(self, speech: Speech2Words) -> Rows:
        args = self.args
        sources = read_dump(args.data_dir) if args.data_dir else {name: name for name in args.audio}
        self.count = len(sources)
        read = read_dumped if args.data_dir else partial(read_file, channel=args.channel)
        rows = score(
            speech.asr_model, sources.items(), read, self.failed, max_seconds=args.max_seconds
        )
        for name, row in rows:
            found = speech.columns(row)
            self.heard[name] = " ".join(speech.columns.names(found))
            yield name, found


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
    searches = bool(args.lm or args.word_score or args.nbest > 1)
    refuse_unused(
        args,
        (not args.audio, "channel", "without audio files"),
        (bool(args.phones), "asr_model", "with --phones, which are phones already"),
        (
            args.asr_model is None,
            f"pool {NETWORK_OPTIONS}",
            "without --asr_model: nothing is recognized",
        ),
        (not args.lm, "weights lm_weight", "without --lm"),
        (not searches, "beam_size", "without a search: --lm, --word_score or --nbest"),
        (bool(args.weights), "lm_weight word_score", "beside --weights, whose numbers count"),
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


def _search(args: argparse.Namespace, tokens: TokenList) -> WordSearch | None:
    if args.lm is None and args.nbest == 1 and not args.word_score:
        return None
    return WordSearch(
        tokens,
        lm=args.lm,
        lm_weight=args.lm_weight,
        word_score=args.word_score,
        beam_size=args.beam_size,
        nbest=args.nbest,
    )


def run(args: argparse.Namespace) -> int:
    _check(args)
    if args.weights is not None:
        args.lm_weight, args.word_score = read_weights(args.weights)
    model = Phones2Words(args.transcoder, device=args.device, max_phones=args.max_phones)
    model.search = _search(args, model.tokens)
    for note in model.search.notes if model.search else []:
        warn(note)
    source = Source(args, model)
    rows = source.rows()
    if source.task and (args.split or args.shard):
        print(do_part(source.task, args))
        return 0
    results = transcribe(model, rows, batch_size=args.batch_size)
    if args.output_dir:
        _write(args, source, results)
        if source.task:
            source.task.forget()
    else:
        for name, (best, *_) in results:
            print(f"{name}\t{' '.join(best.words)}", flush=True)
    if source.unknown:
        shown = " ".join(f"{phone}={count}" for phone, count in sorted(source.unknown.items()))
        warn(f"phones not in the model's list were read as <unk>: {shown}")
    for name, reason in source.failed.items():
        kind = "warning" if args.data_dir else "error"
        print(f"{kind}: {name}: {reason}", file=sys.stderr)
    return 1 if source.failed and not args.data_dir else 0


def _write(
    args: argparse.Namespace, source: Source, results: Iterator[tuple[str, list[WordHypothesis]]]
) -> None:
    """hyp.text, failed, hyp.tokens of what was heard, nbest.jsonl, decoding.json of a search;
    hyp.text last.

    What an earlier run with other options wrote and this one does not is removed.
    """
    out: Path = args.output_dir
    out.mkdir(parents=True, exist_ok=True)
    words: dict[str, str] = {}
    nbest: list[tuple[str, list[Scored]]] = []
    bar = tqdm(results, f"transcode {out.name}", mininterval=1, disable=not args.progress)
    for name, hypotheses in bar:
        bar.total = source.count
        if name in words:
            raise DataError(f"duplicate utterance {name!r}; its words would be lost")
        words[name] = " ".join(hypotheses[0].words)
        nbest.append((name, [Scored(tuple(one.words), one.score) for one in hypotheses]))
    if args.nbest > 1:
        write_nbest(out / FILE, nbest)
    else:
        (out / FILE).unlink(missing_ok=True)
    if source.model.search is None:
        (out / "decoding.json").unlink(missing_ok=True)
    else:
        _record(args, out / "decoding.json")
    write_keyed(out / "failed", source.failed)
    if source.heard:
        write_keyed(out / "hyp.tokens", source.heard)
    else:
        (out / "hyp.tokens").unlink(missing_ok=True)
    write_keyed(out / "hyp.text", words)


def _record(args: argparse.Namespace, path: Path) -> None:
    """What words were searched with; ``score`` takes it over."""
    content = {
        "decode": "transcoder",
        "lm": None if args.lm is None else str(args.lm),
        "lm_weight": args.lm_weight,
        "word_score": args.word_score,
        "beam_size": args.beam_size,
        "tuned": None if args.weights is None else str(args.weights),
    }
    write_json(path, content)


def main(argv: list[str] | None = None) -> int:
    return run_main(get_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
