"""Unpacks a file that `asrkit pack` wrote, names and hashes checked; `infer` takes both forms."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from asrkit.arguments import run_main
from asrkit.pack.archive import unpack


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pack", type=Path, required=True, help="file to read")
    parser.add_argument("--out", type=Path, required=True, help="new folder")
    return parser


def run(args: argparse.Namespace) -> None:
    manifest = unpack(args.pack, args.out)
    name, kind = manifest.get("name", args.pack.name), manifest.get("kind", "unknown kind")
    print(f"{args.out}: {name}, {kind}, {len(manifest['files'])} files")


def main(argv: list[str] | None = None) -> int:
    return run_main(get_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
