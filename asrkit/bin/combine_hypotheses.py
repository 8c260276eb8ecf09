"""Combines n-best lists: the words of least risk of one system, the vote of several (ROVER)."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from pathlib import Path

from asrkit.arguments import UsageError, finite, refuse_unused, run_main
from asrkit.decode.combine import Weights, choose, combined, same_utterances, write_choice
from asrkit.decode.nbest import read_nbest
from asrkit.files import write_json
from asrkit.kaldi.kaldi_text import read_keyed, write_keyed


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add(
        "--nbest",
        type=Path,
        nargs="+",
        required=True,
        help="nbest.jsonl of each system, the best system first: asrkit infer --data_dir --nbest, "
        "asrkit transcode --nbest",
    )
    add("--output_dir", type=Path, help="where hyp.text goes")
    add("--scale", type=finite, default=0.5, help="of scores, for the shares of an n-best")
    add("--alpha", type=finite, default=0.5, help="of the number of systems; the rest: confidence")
    add("--null", type=finite, default=0.5, help="confidence of saying nothing in a place")
    add("--weights", type=Path, help="file of --choose: its scale, alpha and null count")
    add("--choose", type=Path, help="writes here the weights with the fewest errors against --ref")
    add("--ref", type=Path, help="texts of a validation set, for --choose: '<id> <words>'")
    add("--unit", choices=("wer", "cer"), default="wer", help="of the errors of --choose")
    return parser


def run(args: argparse.Namespace) -> None:
    chosen = "scale alpha null weights output_dir"
    refuse_unused(
        args,
        (args.choose is not None, chosen, "with --choose, which writes weights"),
        (args.choose is None, "ref unit", "without --choose"),
        (args.weights is not None, "scale alpha null", "beside --weights, whose numbers count"),
        (len(args.nbest) == 1, "alpha null", "with one system: nothing is voted on"),
    )
    if (args.choose is None) == (args.output_dir is None) or bool(args.choose) != bool(args.ref):
        raise UsageError("give --output_dir, or --choose and --ref")
    systems = [read_nbest(path) for path in args.nbest]
    same_utterances(systems, [str(path) for path in args.nbest])
    if args.choose is not None:
        trials = choose(systems, read_keyed(args.ref), args.unit)
        write_choice(args.choose, args.unit, trials)
        rate, best = trials[0]
        print(
            f"{args.choose}: scale {best.scale:g}, alpha {best.alpha:g}, null {best.null:g}:"
            f" {args.unit.upper()} {rate:.2f} % of {len(trials)} trials"
        )
        return
    weights = Weights(args.scale, args.alpha, args.null)
    if args.weights is not None:
        weights = Weights.read(args.weights)
    words = combined(systems, weights)
    args.output_dir.mkdir(parents=True, exist_ok=True)
    record = {"decode": "combined", "nbest": [str(path) for path in args.nbest]}
    write_json(args.output_dir / "decoding.json", {**record, **dataclasses.asdict(weights)})
    write_keyed(args.output_dir / "hyp.text", {k: " ".join(said) for k, said in words.items()})
    print(f"{args.output_dir}/hyp.text: {len(words)} utterances of {len(systems)} systems")


def main(argv: list[str] | None = None) -> int:
    return run_main(get_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
