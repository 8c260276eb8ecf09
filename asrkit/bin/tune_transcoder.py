"""Chooses lm_weight and word_score of a Transcoder's search with a word n-gram, on a valid set."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from asrkit.arguments import at_least, finite, refuse_unused, run_main, warn
from asrkit.audio.given import read_dumped
from asrkit.decode.options import NETWORK_OPTIONS, add_network_options, open_recognizer
from asrkit.decode.tune import tune, write_trials
from asrkit.kaldi.datadir import read_dump
from asrkit.kaldi.kaldi_text import read_keyed
from asrkit.text.normalize import HYPHEN_POLICIES, HYPHENS_HELP, normalize
from asrkit.transcoder.inputs import Inputs, Rows, warn_of_lost
from asrkit.transcoder.model import Phones2Words, Speech2Words
from asrkit.transcoder.posteriors import POOLS
from asrkit.transcoder.search import WordSearch


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--transcoder", type=Path, required=True, help="exp/<name> of stage 10 or 11")
    add("--asr_model", type=Path, help="exp/<name> of a phone recognizer (stage 8)")
    add(
        "--data_dir",
        type=Path,
        required=True,
        help="dump folder of speech with text; without --asr_model a folder of phones",
    )
    add("--lang", required=True, help="brings references to asrkit's spelling")
    add("--lm", type=Path, required=True, help="KenLM file of words")
    add("--lm_weights", type=finite, nargs="+", default=[0.0, 0.25, 0.5, 1.0, 2.0])
    add("--word_scores", type=finite, nargs="+", default=[-1.0, 0.0, 1.0, 2.0])
    add("--beam_size", type=at_least(1), default=8, help="hypotheses kept by the search")
    add("--pool", choices=POOLS, default="mean", help="frames of a phone to its posteriors")
    add("--max_phones", type=at_least(1), default=300, help="read longer utterances in windows")
    add_network_options(parser)
    add("--hyphens", choices=HYPHEN_POLICIES, default="split", help=HYPHENS_HELP)
    add("--out", type=Path, required=True, help="JSON: best weights and all trials")
    return parser


def run(args: argparse.Namespace) -> None:
    refuse_unused(args, (not args.asr_model, f"pool {NETWORK_OPTIONS}", "without --asr_model"))
    model = Phones2Words(args.transcoder, device=args.device, max_phones=args.max_phones)
    model.search = WordSearch(model.tokens, lm=args.lm, beam_size=args.beam_size)
    inputs = Inputs(model)
    rows = _rows(args, inputs, model)
    found = {name: model.candidates([row])[0] for name, row in rows}
    for name, reason in inputs.failed.items():
        warn(f"{name}: {reason}")
    texts = read_keyed(args.data_dir / "text")
    references = {
        name: normalize(text, args.lang, hyphens=args.hyphens)
        for name, text in texts.items()
        if name not in inputs.failed
    }
    grid = {"lm_weights": args.lm_weights, "word_scores": args.word_scores}
    write_trials(args.out, "wer", tune(model.search, found, references, **grid))


def _rows(args: argparse.Namespace, inputs: Inputs, model: Phones2Words) -> Rows:
    if args.asr_model is None:
        return inputs.folder(args.data_dir)
    recognizer = open_recognizer(args.asr_model, args)
    speech = Speech2Words(recognizer, model, pool=args.pool, max_seconds=args.max_seconds)
    warn_of_lost(speech)
    return inputs.audio(speech, read_dump(args.data_dir), read_dumped)


def main(argv: list[str] | None = None) -> int:
    return run_main(get_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
