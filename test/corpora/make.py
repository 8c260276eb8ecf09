"""Makes a miniature corpus in the layout of a release: python test/corpora/make.py NAME FOLDER"""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parent)]
TOOLS = {"make", "speech", "sphere"}


def names() -> list[str]:
    """Every corpus there is a module for."""
    modules = {path.stem for path in HERE.glob("*.py") if not path.stem.startswith("test_")}
    return sorted(modules - TOOLS)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", choices=names())
    parser.add_argument("folder", type=Path, help="made; must not exist, or be empty")
    args = parser.parse_args(argv)
    if args.folder.exists() and any(args.folder.iterdir()):
        print(f"error: {args.folder} is not empty; name another folder", file=sys.stderr)
        return 1
    args.folder.mkdir(parents=True, exist_ok=True)
    importlib.import_module(f"corpora.{args.corpus}").make(args.folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
