"""Takes a model's label priors from its training audio, for searches with --prior_weight.

Writes label_prior.json beside the model: the mean probability of each token over all frames.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import torch

from asrkit.arguments import at_least, run_main
from asrkit.audio.given import read_dumped
from asrkit.decode.options import add_network_options, open_recognizer
from asrkit.decode.prior import FILE, LabelPrior
from asrkit.kaldi.datadir import read_dump
from asrkit.keys import key_of
from asrkit.pack.archive import refuse_pack
from asrkit.rate import RATE


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--model", type=Path, required=True, help="exp/<name>")
    add("--data_dir", nargs="+", type=Path, required=True, help="dump folders it was trained on")
    add("--max_minutes", type=at_least(1), default=10, help="of each folder; drawn by utterance")
    add_network_options(parser, windows=False)
    return parser


def run(args: argparse.Namespace) -> int:
    refuse_pack(args.model, FILE)
    model = open_recognizer(args.model, args)
    rows = model.frames(_waves(args.data_dir, args.max_minutes * 60 * RATE))
    prior = LabelPrior.estimate(model.tokens, rows)
    blank = prior.shares[model.tokens.symbols[0]]
    print(f"{prior.write(model.folder)}: {prior.frames} frames, {100 * blank:.1f} % blank")
    return 0


def _waves(folders: list[Path], most: float) -> Iterator[torch.Tensor]:
    """Utterances in an order that says nothing, of each folder until it is ``most`` samples."""
    for folder in folders:
        so_far = 0
        for _, source in sorted(read_dump(folder).items(), key=lambda item: key_of(item[0])):
            samples = read_dumped(source).samples
            yield torch.as_tensor(samples)
            so_far += len(samples)
            if so_far >= most:
                break


def main(argv: list[str] | None = None) -> int:
    return run_main(get_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
