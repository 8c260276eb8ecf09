"""Tells why words written by a Transcoder are wrong: unknown, homophones, seldom in its text."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from asrkit.analysis.word_errors import TrainingText, WordErrors
from asrkit.arguments import run_main
from asrkit.files import DataError
from asrkit.kaldi.kaldi_text import read_keyed
from asrkit.tokens import TokenList


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--text_dir", type=Path, required=True, help="of transcoder_text")
    parser.add_argument("--hyp", type=Path, required=True, help="hyp.text of transcode")
    parser.add_argument("--ref", type=Path, help="default: test/text of --text_dir")
    parser.add_argument("--seldom", type=int, default=3, help="at most so often in the text")
    return parser


def run(args: argparse.Namespace) -> None:
    known = TokenList.read(args.text_dir / "words.txt")
    ref_file = args.ref or args.text_dir / "test" / "text"
    refs, hyps = read_keyed(ref_file), read_keyed(args.hyp)
    if missing := refs.keys() ^ hyps.keys():
        raise DataError(
            f"{ref_file} and {args.hyp}: {len(missing)} utterances are in one of them only "
            f"({sorted(missing)[0]}); give the folder that was decoded"
        )
    found = WordErrors(known, TrainingText(args.text_dir / "train"), seldom=args.seldom)
    for name, text in refs.items():
        found.add(text.split(), hyps[name].split())
    print(found.table(), end="")


def main(argv: list[str] | None = None) -> int:
    return run_main(get_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
