"""Writes a model for other programs: for transformers, or for onnxruntime and sherpa-onnx.

docs/convert.md says what transformers takes, docs/deploy.md how a phone, a browser or a Raspberry
Pi runs the ONNX file.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from asrkit.arguments import refuse_unused, run_main
from asrkit.convert.export import write_huggingface
from asrkit.convert.source import ConvertError

FORMATS = ("transformers", "onnx")


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--model", type=Path, required=True, help="exp/<name> or one checkpoint in it")
    add("--format", choices=FORMATS, required=True, help="what is to read it")
    add("--out", type=Path, required=True, help="folder to write; must be new or empty")
    add("--int8", action="store_true", help="weights in 8 bits, a quarter of the size (onnx)")
    return parser


def export(args: argparse.Namespace) -> dict[str, Any]:
    if args.format == "transformers":
        return write_huggingface(args.model, args.out)
    try:
        from asrkit.convert.onnx_folder import write_onnx
    except ModuleNotFoundError as error:
        raise ConvertError(
            f'--format onnx needs the package {error.name}: pip install "asrkit[onnx]"'
        ) from None
    return write_onnx(args.model, args.out, int8=args.int8)


def report(out: Path, done: dict[str, Any]) -> None:
    """Says what was written: the result of a conversion in either direction."""
    kind = done.get("class") or done["kind"]
    print(f"{out}: {done['parameters']} parameters, {kind}")
    for note in done.get("notes", []):
        print(f"note: {note}")
    if done["left_out"]:
        shown = ", ".join(done["left_out"][:5])
        print(f"left out: {len(done['left_out'])} tensors ({shown})")


def run(args: argparse.Namespace) -> None:
    refuse_unused(args, (args.format != "onnx", "int8", f"with --format {args.format}"))
    report(args.out, export(args))


def main(argv: list[str] | None = None) -> int:
    return run_main(get_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
