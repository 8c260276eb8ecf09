"""Converts checkpoints: transformers and fairseq to asrkit, asrkit to transformers.

A folder with config.json is transformers', a folder with config.yaml (or a checkpoint in it)
asrkit's, any other file fairseq's; hf:owner/name is a folder of transformers on the Hugging Face
hub. docs/convert.md lists what is supported and what is refused.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from asrkit.arguments import boolean, run_main
from asrkit.bin.export import report
from asrkit.config import read_yaml
from asrkit.convert.experiment import write_experiment
from asrkit.convert.export import write_huggingface
from asrkit.convert.fairseq import read_fairseq
from asrkit.convert.hub import fetch, is_hub
from asrkit.convert.huggingface import read_huggingface
from asrkit.convert.source import ConvertError, Given
from asrkit.foreign import explained, is_weights
from asrkit.text.tokenize import TYPES
from asrkit.train.checkpoint import folder_of


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--source", type=Path, required=True, help="folder, file, or hf:owner/name[@revision]")
    add("--out", type=Path, required=True, help="folder to write; must be new or empty")
    add("--heads", type=int, help="attention heads, where the source does not say")
    add("--norm_first", type=boolean, help="true: pre-norm (Large of XLSR-53), where likewise")
    add("--normalize", type=boolean, help="true: waveforms are normalized, where likewise")
    add("--dict", type=Path, help="dict.*.txt of a fine-tuned fairseq model")
    add(
        "--token_type",
        choices=TYPES,
        help="what the tokens are; default: what the source says, or a guess, which is reported",
    )
    add("--blank", help="token that was the blank, where a folder of transformers names two")
    add("--language", help="which of the languages of an MMS model: its adapters and output layer")
    add("--encoder_only", type=boolean, default=False, help="true: leave every head out")
    return parser


def is_experiment(folder: Path) -> bool:
    """Whether an asrkit training or conversion wrote ``folder``; others have a config.yaml too."""
    file = folder / "config.yaml"
    content = read_yaml(file) if file.is_file() else None
    return isinstance(content, dict) and "objective" in content and "encoder_conf" in content


def convert(args: argparse.Namespace) -> dict[str, Any]:
    """Reads what --source is, writes the other side's form, says what was done."""
    given = Given(
        heads=args.heads,
        norm_first=args.norm_first,
        normalize=args.normalize,
        dictionary=args.dict,
        token_type=args.token_type,
        blank=args.blank,
        language=args.language,
        encoder_only=args.encoder_only,
    )
    source: Path = args.source
    if is_hub(source):
        fetched = fetch(source, given.language)
        read = read_huggingface(fetched.folder, given)
        read.origin = fetched.origin
        return write_experiment(read, args.out)
    if not source.exists():
        raise ConvertError(explained(f"{source}: no such file or folder", source))
    if source.is_dir() and (source / "config.json").exists():
        return write_experiment(read_huggingface(source, given), args.out)
    if is_experiment(source if source.is_dir() else folder_of(source)):
        if given != Given():
            raise ConvertError(f"{source}: an asrkit model says all itself; only --out is needed")
        return write_huggingface(source, args.out)
    if source.is_dir():
        message = f"{source}: holds neither config.json (transformers) nor config.yaml (asrkit)"
        raise ConvertError(explained(message, source))
    if is_weights(source):
        raise ConvertError(explained(f"{source}: no checkpoint of fairseq", source))
    return write_experiment(read_fairseq(source, given), args.out)


def run(args: argparse.Namespace) -> None:
    report(args.out, convert(args))


def main(argv: list[str] | None = None) -> int:
    return run_main(get_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
