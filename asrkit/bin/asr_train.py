"""Trains any method: pre-training, fine-tuning, from scratch. One YAML says what."""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Sequence

import torch

from asrkit import config
from asrkit.arguments import format_error, in_utf8
from asrkit.build import resolve
from asrkit.options import Options
from asrkit.processes import end_with_launcher
from asrkit.train.memory import keep_freed_memory
from asrkit.train.run import train
from asrkit.train.trainer import Stopped, TrainingError
from asrkit.train.watch import LostProcess

OUT_OF_MEMORY = (
    "The GPU's memory is full: go on with --checkpoint_activations true --resume true. If that is "
    "set, and batch_bins is auto, lower the number in micro_batches.json of the output_dir; else "
    "halve batch_bins and double accum_grad (accum_grad 0 follows by itself), which keeps the "
    "audio of an update; docs/own_data.md says more."
)

MEMORY_FULL = (
    "This machine's memory is full: halve batch_bins and double accum_grad, lower num_workers, or "
    "ask for more memory. --resume true goes on from last.pt."
)

READER_ENDED = (
    "A data-loader worker was killed, mostly because memory or /dev/shm "
    "is full: lower num_workers, or ask for more memory. --resume true goes on from last.pt."
)


def get_parser() -> argparse.ArgumentParser:
    return config.parser()


def options_of(argv: Sequence[str]) -> tuple[Options, bool]:
    """Checked options with every default, and whether only to print them."""
    namespace = get_parser().parse_args(list(argv))
    options = resolve(config.options_from(namespace))
    for assignment in namespace.set:
        config.set_value(options, assignment)
    return resolve(options), namespace.print_config


def _under_torchrun(options: Options, argv: Sequence[str]) -> None:
    """Several GPUs and no launcher: starts torchrun in place of this process."""
    if options.ngpu > 1 and "WORLD_SIZE" not in os.environ:
        launcher = [
            "-m",
            "torch.distributed.run",
            "--standalone",
            f"--nproc_per_node={options.ngpu}",
        ]
        program = ["-m", "asrkit.bin.asr_train", *argv]
        os.execv(sys.executable, [sys.executable, *launcher, *program])


def main(argv: Sequence[str] | None = None) -> int:
    argv = sys.argv[1:] if argv is None else argv
    in_utf8()
    end_with_launcher()
    try:
        options, only_print = options_of(argv)
        if only_print:
            print(config.dump_yaml(config.to_mapping(options)), end="")
            return 0
        _under_torchrun(options, argv)
        keep_freed_memory()
        train(options)
    except Stopped as stop:
        print(f"asr_train: {stop}", file=sys.stderr)
        return 128 + stop.number
    except KeyboardInterrupt:
        print("error: interrupted", file=sys.stderr)
        return 130
    except torch.OutOfMemoryError as error:
        print(f"error: {str(error).splitlines()[0]}\n{OUT_OF_MEMORY}", file=sys.stderr)
        return 1
    except (ValueError, OSError, TrainingError, LostProcess) as error:
        print(f"error: {format_error(error)}", file=sys.stderr)
        return 1
    except Exception as error:
        what, remedy = (str(error) or type(error).__name__).splitlines()[0], _remedy(error)
        if remedy is None:
            traceback.print_exc()  # a fault of the program: for who looks into it
            what = f"{type(error).__name__}: {what}"
            remedy = "The lines above say where. --resume true goes on from last.pt."
        print(f"error: {what}\n{remedy}", file=sys.stderr)
        return 1
    return 0


def _remedy(error: Exception) -> str | None:
    """What to do about errors for which neither torch nor the system has a class of its own."""
    if isinstance(error, MemoryError) or "can't allocate memory" in str(error):
        return MEMORY_FULL
    return READER_ENDED if "DataLoader worker" in str(error) else None


if __name__ == "__main__":
    sys.exit(main())
