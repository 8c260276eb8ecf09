#!/usr/bin/env python3
"""Sentences for language models from the LibreOffice help pages of one language."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from tqdm import tqdm

from asrkit.arguments import run_main
from asrkit.data.normalize import normalize
from asrkit.files import DataError, atomic
from prompts import LETTERS

BLOCKS = set("p li td th tr div h1 h2 h3 h4 h5 h6 br body dd dt".split())
SILENT = set("script style head footer nav noscript code pre select form".split())
END = re.compile(r"(?<=[.!?:;])\s+")


class Blocks(HTMLParser):
    """Collects the text of each block element of a page in `blocks`."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[str] = []
        self._text: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in SILENT
        if tag in BLOCKS:
            self.flush()

    def handle_endtag(self, tag: str) -> None:
        self._silent = max(0, self._silent - (tag in SILENT))
        if tag in BLOCKS:
            self.flush()

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._text.append(data)

    def flush(self) -> None:
        """End the block at hand."""
        text = " ".join("".join(self._text).split())
        self._text.clear()
        if text:
            self.blocks.append(text)


def sentences(page: str, lang: str, *, shortest: int = 3, longest: int = 40) -> Iterator[str]:
    """Normalised sentences of `shortest` to `longest` words, in letters of the language only."""
    symbols = re.compile(r"[\d<>={}\\|@_%$#&*+/^~]")  # formulas and paths are no sentences
    allowed = re.compile(f"[{LETTERS[lang]}' ]+")
    parser = Blocks()
    parser.feed(page)
    parser.close()
    parser.flush()
    for block in parser.blocks:
        for sentence in END.split(block):
            if symbols.search(sentence):
                continue
            words = normalize(sentence, lang)
            if shortest <= len(words.split()) <= longest and allowed.fullmatch(words):
                yield words


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lang", required=True, choices=sorted(LETTERS))
    parser.add_argument("--help_dir", required=True, type=Path, help="folder with the .html pages")
    parser.add_argument(
        "--output", required=True, type=Path, help="one sentence a line, no duplicates"
    )
    return parser


def run(args: argparse.Namespace) -> None:
    pages = sorted(args.help_dir.rglob("*.html"))
    if not pages:
        raise DataError(f"{args.help_dir}: no .html files; fetch libreoffice-help again")
    seen: dict[str, None] = {}
    for page in tqdm(pages, desc=f"help text {args.lang}", unit="page", mininterval=1):
        seen.update(dict.fromkeys(sentences(page.read_text("utf-8", errors="replace"), args.lang)))
    args.output.parent.mkdir(parents=True, exist_ok=True)
    with atomic(args.output) as stream:
        stream.writelines(f"{sentence}\n" for sentence in seen)
    print(f"{args.output}: {len(seen)} sentences from {len(pages)} pages")


def main(argv: list[str] | None = None) -> int:
    return run_main(get_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
