#!/usr/bin/env python3
"""data/en_librispeech_{100,360}h: train-clean-100 or -360 of LibriSpeech, as m-CPC had.

Layout (OpenSLR 12): train-clean-100/<reader>/<chapter>/<reader>-<chapter>-<number>.flac, and a file
<reader>-<chapter>.trans.txt of "<utterance> WORDS" beside them.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from tqdm import tqdm

from asrkit.arguments import run_main
from asrkit.files import DataError, read_lines
from asrkit.kaldi.utterances import Utterance, file_in, write_data_dir
from asrkit.text.normalize import normalize

PART = re.compile(r"librispeech_(100|360)h")


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", required=True, type=Path, help="holds train-clean-*")
    parser.add_argument("--part", required=True, help="librispeech_100h or librispeech_360h")
    parser.add_argument("--data", type=Path, default=Path("data"))
    return parser


def find(corpus: Path, name: str) -> Path:
    folder = corpus / name
    if not folder.is_dir():
        raise DataError(
            f"{corpus}: no {name} in it; give the folder LibriSpeech as it was unpacked"
        )
    return folder


def utterances(folder: Path) -> tuple[list[Utterance], list[str]]:
    """All utterances with a file, and the ids of those that only have a transcript."""
    found, missing = [], []
    for transcript in tqdm(
        sorted(folder.glob("*/*/*.trans.txt")), "chapters", delay=2, mininterval=1
    ):
        for line in read_lines(transcript):
            name, _, words = line.partition(" ")
            audio = file_in(transcript.parent, f"{name}.flac")
            speaker = f"ls_{name.split('-')[0]}"
            if audio.is_file():
                text = normalize(words, "en", hyphens="keep")
                found.append(Utterance(f"ls_{name}", speaker, str(audio), text))
            else:
                missing.append(name)
    if not found:
        raise DataError(f"{folder}: no <reader>/<chapter>/*.trans.txt with FLAC files in it")
    return found, missing


def run(args: argparse.Namespace) -> None:
    match = PART.fullmatch(args.part)
    if match is None:
        raise DataError(f"--part is librispeech_100h or librispeech_360h, not {args.part!r}")
    folder = find(args.corpus, f"train-clean-{match[1]}")
    found, missing = utterances(folder)
    target = args.data / f"en_{args.part}"
    write_data_dir(target, found, "en")
    print(f"{target}: {len(found)} utterances, {len(missing)} without a file: {missing[:3]}")


def main(argv: list[str] | None = None) -> int:
    return run_main(get_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
