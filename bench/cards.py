"""What fits one card: the largest micro-batch of each model, with and without recomputed blocks.

    python bench/cards.py

Counted, as bench/scaling.py does, under bfloat16 autocast: weights of 4 bytes, 12 more for each
that learns (gradient, two moments of Adam), and the most that is alive at once in a forward pass,
autocast's copies of the weights among it. Where backward computes the blocks again
(checkpoint_activations) that, or what is kept and one block's share of what all would have kept,
whichever is more. --cache is what fine-tuning may keep of features (feature_cache_gib), --reserve
what CUDA, its libraries and holes between tensors take.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from scaling import CONF, GIB, RATE, Counts, count, options_of

from asrkit.options import Options

ONE_B = {"width": 1280, "layers": 48}  # XLS-R 1B, MMS 1B: Large, wider and deeper
MODELS: dict[str, tuple[str, dict[str, Any]]] = {
    "Base": ("base", {}),
    "Large, 300M": ("large", {}),
    "1B": ("large", ONE_B),
}
TASKS = {"pre-training": "pretrain_xlsr", "fine-tuning": "finetune_ctc"}


class Line(NamedTuple):
    """Bytes of a micro-batch: ``fixed`` and ``clip`` for each of its clips."""

    fixed: float
    clip: float


class Memory(NamedTuple):
    """state: bytes whatever the batch. lines: forward and, where it may need more, backward."""

    state: float
    lines: list[Line]

    def of(self, clips: int) -> float:
        return self.state + max(line.fixed + clips * line.clip for line in self.lines)

    def clips(self, room: float) -> int:
        """How many clips ``room`` bytes hold."""
        most = min((room - self.state - line.fixed) // line.clip for line in self.lines)
        return max(0, int(most))


def _options(path: Path, encoder: dict[str, Any], again: bool) -> Options:
    options = options_of(path)
    options.encoder_conf |= encoder
    return dataclasses.replace(options, checkpoint_activations=again)


def _line(one: float, two: float) -> Line:
    """From one and from two clips; the rest grows in proportion."""
    return Line(2 * one - two, two - one)


def memory(path: Path, encoder: dict[str, Any], cache: float) -> tuple[Counts, Memory, Memory]:
    """Counts of one clip; the memory without and with blocks that are computed again."""
    plain, again = (
        [count(_options(path, encoder, recompute), clips) for clips in (1, 2)]
        for recompute in (False, True)
    )
    one = plain[0]
    state: float = 4 * one.parameters + 12 * one.learning
    if options_of(path).objective_conf.get("feature_cache_gib"):
        state += cache * GIB
    layers = _options(path, encoder, False).encoder_conf["layers"]
    backward = [
        less.kept + (whole.kept - less.kept) / layers
        for whole, less in zip(plain, again, strict=True)
    ]
    forward = [_line(*(found.peak for found in both)) for both in (plain, again)]
    return (
        one,
        Memory(state, [forward[0]]),
        Memory(state, [forward[1], _line(*backward)]),
    )


def report(args: argparse.Namespace, say: Callable[[str], None]) -> None:
    names = " | ".join(f"{card:g} GB" for card in args.cards)
    say(
        "| counted, of one card | weights, gradients, Adam; features | 1 clip: without, with "
        f"| 4 clips | {names} |\n|---|--:|--:|--:|{'--:|' * len(args.cards)}"
    )
    for name, (size, encoder) in MODELS.items():
        for task, stem in TASKS.items():
            one, plain, again = memory(CONF / f"{stem}_{size}.yaml", encoder, args.cache)
            both = plain, again
            taken = [", ".join(f"{m.of(n) / GIB:.1f}" for m in both) for n in (1, 4)]
            rooms = [(card - args.reserve) * GIB for card in args.cards]
            fit = [", ".join(str(m.clips(room) or "-") for m in both) for room in rooms]
            say(
                f"| {name} ({one.parameters / 1e6:.0f} M), {task}, {one.samples / RATE:.1f} s "
                f"| {plain.state / GIB:.1f} GiB | {taken[0]} GiB | {taken[1]} GiB "
                f"| {' | '.join(fit)} |"
            )


def parse(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cards", type=float, nargs="+", default=[8, 12, 16, 24, 80], help="GiB")
    parser.add_argument("--cache", type=float, default=0.5, help="GiB of features kept")
    parser.add_argument("--reserve", type=float, default=1.5, help="GiB that are not counted")
    args = parser.parse_args(argv)
    if min(args.cache, args.reserve) < 0 or min(args.cards) <= args.reserve:
        parser.error("--cards are above --reserve, which is 0 or more, as --cache is")
    return args


def main(argv: list[str] | None = None) -> int:
    report(parse(argv), lambda line: print(line, flush=True))
    return 0


if __name__ == "__main__":
    sys.exit(main())
