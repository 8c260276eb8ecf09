"""What fits one card, with and without recomputed blocks, and how long it fine-tunes.

    python bench/cards.py
    python bench/cards.py --hours 0.5 1 2 10 --tflops 5 11.6 150
    python bench/cards.py --tuning

Counted, as bench/scaling.py does, under bfloat16 autocast: weights of 4 bytes, 12 more for each
that learns (gradient, two moments of Adam), and the most that is alive at once in a forward pass,
autocast's copies of the weights among it. Where backward computes the blocks again
(checkpoint_activations) that, or what is kept and one block's share of what all would have kept,
whichever is more. --cache is what fine-tuning may keep of features (feature_cache_gib), --reserve
what CUDA, its libraries and holes between tensors take.

With --hours of speech: how much audio the quick presets of fine-tuning see, and the published ones,
and how long that takes. An audio second costs a forward pass, c of the convolutions and t of all
else: c + t while the encoder is frozen, then c + 3 t, and once more the blocks where they are
recomputed. c is counted each time, though features that are kept cost it once.

With --tuning: what the quick preset of Large takes when all of it learns, or LoRA, adapters, or the
classifier alone, and how large a checkpoint of what learns is (save_base: false, not last.pt).
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

from scaling import CONF, GIB, Counts, count, options_of

from asrkit.options import Options
from asrkit.phases import phase_length
from asrkit.rate import RATE

ONE_B = {"width": 1280, "layers": 48}  # XLS-R 1B, MMS 1B: Large, wider and deeper
MODELS: dict[str, tuple[str, dict[str, Any]]] = {
    "Base": ("base", {}),
    "Large, 300M": ("large", {}),
    "1B": ("large", ONE_B),
}
FINE_TUNING = [
    f"finetune_ctc_{size}{kind}" for size in ("base", "large") for kind in ("_quick", "")
]
TUNINGS: dict[str, tuple[str, list[str]]] = {
    "all": ("", []),
    "LoRA": ("_lora", []),
    "adapters": ("_adapters", []),
    "classifier": ("", ["^head"]),
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


def _options(given: Options, encoder: dict[str, Any], again: bool) -> Options:
    return dataclasses.replace(
        given, encoder_conf=given.encoder_conf | encoder, checkpoint_activations=again
    )


def _line(one: float, two: float) -> Line:
    """From one and from two clips; the rest grows in proportion."""
    return Line(2 * one - two, two - one)


def memory(given: Options, encoder: dict[str, Any], cache: float) -> tuple[Counts, Memory, Memory]:
    """Counts of one clip; the memory without and with blocks that are computed again."""
    plain, again = (
        [count(_options(given, encoder, recompute), clips) for clips in (1, 2)]
        for recompute in (False, True)
    )
    one = plain[0]
    state: float = 4 * one.parameters + 12 * one.learning
    if given.objective_conf.get("feature_cache_gib"):
        state += cache * GIB
    layers = _options(given, encoder, False).encoder_conf["layers"]
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
            given = options_of(CONF / f"{stem}_{size}.yaml")
            one, plain, again = memory(given, encoder, args.cache)
            both = plain, again
            taken = [", ".join(f"{m.of(n) / GIB:.1f}" for m in both) for n in (1, 4)]
            rooms = [(card - args.reserve) * GIB for card in args.cards]
            fit = [", ".join(str(m.clips(room) or "-") for m in both) for room in rooms]
            say(
                f"| {name} ({one.parameters / 1e6:.0f} M), {task}, {one.samples / RATE:.1f} s "
                f"| {plain.state / GIB:.1f} GiB | {taken[0]} GiB | {taken[1]} GiB "
                f"| {' | '.join(fit)} |"
            )


def report_tuning(args: argparse.Namespace, say: Callable[[str], None]) -> None:
    say(
        "| counted, fine-tuning; what learns | parameters that do | weights, gradients, Adam; "
        "features | 1 clip: without, with | 4 clips | a checkpoint of them |\n"
        "|---|--:|--:|--:|--:|--:|"
    )
    for name, (size, encoder) in MODELS.items():
        for what, (kind, trainable) in TUNINGS.items() if size == "large" else ():
            given = options_of(CONF / f"finetune_ctc_large_quick{kind}.yaml")
            given = dataclasses.replace(given, trainable=trainable)
            one, *both = memory(given, encoder, args.cache)
            taken = [", ".join(f"{m.of(n) / GIB:.1f}" for m in both) for n in (1, 4)]
            say(
                f"| {name}, {what} | {one.learning:,} | {both[0].state / GIB:.1f} GiB "
                f"| {taken[0]} GiB | {taken[1]} GiB | {4 * one.learning / 1e6:,.1f} MB |"
            )


class Work(NamedTuple):
    """What a fine-tuning sees of some hours of speech: seconds of audio, updates, operations."""

    seen: float
    updates: float
    operations: float


def work(options: Options, counts: Counts, hours: float) -> Work:
    """counts: of any micro-batch of ``options``."""
    update = options.reference_batch_seconds
    if update is None:
        raise SystemExit("error: reference_batch_seconds: missing; how much audio has an update?")
    seen = options.max_update * update
    if not options.max_update:
        seen = (options.passes or 0) * hours**0.5 * 3600
    updates = seen / update
    frozen = phase_length(options.objective_conf["freeze_steps"], round(updates)) / updates
    rest = counts.forward - counts.front
    again = counts.inner if options.checkpoint_activations else 0
    learning = (1 - frozen) * (2 * rest + again)
    of_second = (counts.forward + learning) / (counts.clips * counts.samples / RATE)
    return Work(seen, updates, seen * of_second)


def _time(seconds: float) -> str:
    if seconds < 3600:
        return f"{max(1, round(seconds / 60))} min"
    return f"{seconds / 3600:.1f} h" if seconds < 36_000 else f"{seconds / 3600:.0f} h"


def report_hours(args: argparse.Namespace, say: Callable[[str], None]) -> None:
    at = " | ".join(f"at {tflops:g} TFLOP/s" for tflops in args.tflops)
    say(
        "| fine-tuning | speech | audio seen | updates | TFLOP an audio second "
        f"| {at} |\n|---|--:|--:|--:|--:|{'--:|' * len(args.tflops)}"
    )
    for stem in FINE_TUNING:
        options = options_of(CONF / f"{stem}.yaml")
        counts = count(options, 1)
        for hours in args.hours if not options.max_update else [math.inf]:
            found = work(options, counts, hours)
            taken = " | ".join(_time(found.operations / (t * 1e12)) for t in args.tflops)
            speech = f"{hours:g} h" if math.isfinite(hours) else "any"
            say(
                f"| `{stem}` | {speech} | {found.seen / 3600:.0f} h | {found.updates:.0f} "
                f"| {found.operations / found.seen / 1e12:.3f} | {taken} |"
            )


def parse(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cards", type=float, nargs="+", default=[8, 12, 16, 24, 80], help="GiB")
    parser.add_argument("--cache", type=float, default=0.5, help="GiB of features kept")
    parser.add_argument("--reserve", type=float, default=1.5, help="GiB that are not counted")
    parser.add_argument("--hours", type=float, nargs="+", help="of speech, to fine-tune on")
    parser.add_argument("--tuning", action="store_true", help="ways to tune Large, side by side")
    parser.add_argument("--tflops", type=float, nargs="+", default=[11.6], help="as training runs")
    args = parser.parse_args(argv)
    if min(args.tflops) <= 0 or min(args.hours or [1]) <= 0:
        parser.error("--hours and --tflops are above 0")
    if min(args.cache, args.reserve) < 0 or min(args.cards) <= args.reserve:
        parser.error("--cards are above --reserve, which is 0 or more, as --cache is")
    return args


def main(argv: list[str] | None = None) -> int:
    args = parse(argv)
    chosen = report_hours if args.hours else report_tuning if args.tuning else report
    chosen(args, lambda line: print(line, flush=True))
    return 0


if __name__ == "__main__":
    sys.exit(main())
