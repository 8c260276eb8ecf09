"""Options of the programs that recognize speech with a network."""

from __future__ import annotations

import argparse
from pathlib import Path

from asrkit.arguments import finite
from asrkit.infer import Speech2Text
from asrkit.model_io import checkpoint_of
from asrkit.network import BATCH_SECONDS
from asrkit.pack.archive import MANIFEST
from asrkit.shards import stamp
from asrkit.train.memory import keep_freed_memory

PRECISIONS = ("auto", "fp32", "bf16", "fp16", "int8")


def add_network_options(parser: argparse.ArgumentParser, *, windows: bool = True) -> None:
    """windows: also how long they are."""
    add = parser.add_argument
    add("--device", default="cpu", help="cpu or cuda")
    add(
        "--precision",
        choices=PRECISIONS,
        default="auto",
        help="of the network: auto is bf16 on CUDA, else fp32. On a CPU bf16 is faster where the "
        "processor multiplies it; int8, faster still, changes the text a little",
    )
    defaults = ", ".join(f"{seconds:g} on {name}" for name, seconds in BATCH_SECONDS.items())
    add(
        "--batch_seconds",
        type=finite,
        help="audio, with padding, that the network is given at once: less for little memory; "
        f"default: {defaults}",
    )
    if windows:
        add(
            "--max_seconds",
            type=finite,
            default=60.0,
            help="longer recordings are recognized in windows of so many seconds, which overlap",
        )


NETWORK_OPTIONS = "precision batch_seconds max_seconds"  # of no use where nothing is recognized


def open_recognizer(
    model: Path, args: argparse.Namespace, *, classifier: Path | None = None
) -> Speech2Text:
    """The recognizer of a program; on a CPU the process then keeps the memory that it frees."""
    if args.device == "cpu":
        keep_freed_memory()
    return Speech2Text(
        model,
        device=args.device,
        precision=args.precision,
        batch_seconds=args.batch_seconds,
        classifier=classifier,
    )


def known_network(model: Path, args: argparse.Namespace) -> tuple[object, ...]:
    """What its scores depend on beside the audio and rounding: the weights and the options."""
    return known_weights(model), args.precision, args.device.partition(":")[0], args.max_seconds


def known_weights(model: Path) -> tuple[object, ...]:
    """A model's checkpoint, with its size and time."""
    home = model / "model" if (model / MANIFEST).is_file() else model
    return stamp(checkpoint_of(home) if home.is_dir() else home)
