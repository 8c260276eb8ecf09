#!/usr/bin/env python3
"""Sentences for language models from the LibreOffice help pages of one language.

What nobody has translated yet is English in the pages of every language (18 % of the Spanish
sentences): sentences that the English pages of the same release hold, too, are left out.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from tqdm import tqdm

from asrkit.arguments import run_main
from asrkit.files import DataError, atomic
from asrkit.text.normalize import normalize, split_hyphens
from prompts import LETTERS

BLOCKS = set("p li td th tr div h1 h2 h3 h4 h5 h6 br body dd dt".split())
SILENT = set("script style head footer nav noscript code pre select form".split())
BRACKETS = str.maketrans("[]", "  ")  # of arguments that may be left out, no tags
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
        """End the current block."""
        text = " ".join("".join(self._text).split())
        self._text.clear()
        if text:
            self.blocks.append(text)


def sentences(page: str, lang: str, *, shortest: int = 3, longest: int = 40) -> Iterator[str]:
    """Normalized sentences of `shortest` to `longest` words, in letters of the language only."""
    symbols = re.compile(r"[\d<>={}\\|@_%$#&*+/^~]")  # formulas and paths are not sentences
    allowed = re.compile(f"[{LETTERS[lang]}' -]+")
    parser = Blocks()
    parser.feed(page)
    parser.close()
    parser.flush()
    for block in parser.blocks:
        for sentence in END.split(block):
            if symbols.search(sentence):
                continue
            words = normalize(sentence.translate(BRACKETS), lang, hyphens="keep")
            if shortest <= len(split_hyphens(words).split()) <= longest and allowed.fullmatch(
                words
            ):
                yield words


def help_sentences(folder: Path, lang: str) -> dict[str, None]:
    """The sentences of all pages below `folder`, each once, in the order of the pages' names.

    Raises DataError where there are no pages.
    """
    pages = sorted(folder.rglob("*.html"))
    if not pages:
        raise DataError(f"{folder}: no .html files; fetch libreoffice-help again")
    seen: dict[str, None] = {}
    for page in tqdm(pages, desc=f"{folder.name} as {lang}", unit="page", mininterval=1):
        seen.update(dict.fromkeys(sentences(page.read_text("utf-8", errors="replace"), lang)))
    return seen


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lang", required=True, choices=sorted(LETTERS))
    parser.add_argument("--help_dir", required=True, type=Path, help="folder with the .html pages")
    parser.add_argument(
        "--english_dir", type=Path, help="the same of English; needed for every other language"
    )
    parser.add_argument(
        "--output", required=True, type=Path, help="one sentence a line, no duplicates"
    )
    return parser


def run(args: argparse.Namespace) -> None:
    if (args.english_dir is None) != (args.lang == "en"):
        raise DataError("--english_dir is needed for every language but English, and not for that")
    found = help_sentences(args.help_dir, args.lang)
    # Read as if they were in this language, so that equal text is spelled alike.
    english = help_sentences(args.english_dir, args.lang) if args.english_dir else {}
    kept = [sentence for sentence in found if sentence not in english]
    if not kept:
        raise DataError(
            f"{args.help_dir}: no sentence is left for {args.output}; is this another language?"
        )
    args.output.parent.mkdir(parents=True, exist_ok=True)
    with atomic(args.output) as stream:
        stream.writelines(f"{sentence}\n" for sentence in kept)
    untranslated = len(found) - len(kept)
    print(f"{args.output}: {len(kept)} sentences; {untranslated} untranslated ones left out")


def main(argv: list[str] | None = None) -> int:
    return run_main(get_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
