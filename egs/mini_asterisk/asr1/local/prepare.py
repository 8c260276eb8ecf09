#!/usr/bin/env python3
"""Kaldi data directories of one language from the unpacked Asterisk sounds, split by prompt.

A prompt's split depends on its normalized text alone, so the same sentence is never on two sides.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import NamedTuple

from asrkit.arguments import run_main
from asrkit.files import atomic
from asrkit.kaldi.utterances import Utterance, print_counts, write_data_dir
from asrkit.text.normalize import split_hyphens
from prompts import Dropped, Vocabulary, clean, number_words, read_prompts

SPEAKERS = {"en": "allison", "es": "allison", "fr": "june", "it": "carlo", "ru": "ivrvoice"}
BYTES_PER_SECOND = 8000  # G.722: 64 kbit/s for 16 kHz speech
FASTEST = 28  # letters a second; above it the text is not what was said
SALT = "mini_asterisk 586"  # of 6000 tried, the closest to 80/10/10 by duration in every language
SPLITS = ("train", "valid", "test")


class Usable(NamedTuple):
    """A prompt that can be used."""

    id: str
    path: Path
    words: str
    seconds: float


def split_of(words: str, salt: str = SALT) -> str:
    """`test` and `valid` get a tenth each of all texts, by a hash of the text."""
    share = int.from_bytes(hashlib.sha256(f"{salt}\0{words}".encode()).digest()[:8], "big") / 2**64
    return "test" if share < 0.1 else "valid" if share < 0.2 else "train"


def locate(downloads: Path, lang: str) -> tuple[Path, Path]:
    """Text file and folder of speech of the unpacked packages; ValueError if not there."""
    texts = sorted(downloads.glob(f"asterisk-core-sounds-{lang}*/**/core-sounds-{lang}.txt*"))
    marks = sorted(downloads.glob(f"asterisk-core-sounds-{lang}-g722/**/vm-goodbye.g722"))
    if not texts or not marks:
        raise ValueError(
            f"{downloads}: no asterisk-core-sounds-{lang}; run local/fetch.py --lang {lang}"
        )
    return texts[0], marks[0].parent


def collect(
    text_file: Path, speech: Path, lang: str, vocabulary: Vocabulary | None
) -> tuple[list[Usable], Counter[str]]:
    """Usable utterances sorted by id, and counts of what was dropped or repaired and why."""
    prompts, twice = read_prompts(text_file)
    numbers = number_words(prompts)
    counts: Counter[str] = Counter({"repeated key ignored": twice})
    utterances: dict[str, Usable] = {}
    for prompt in prompts:
        path = speech / f"{prompt.key}.g722"
        name = f"{lang}_{SPEAKERS[lang]}-{prompt.key.replace('/', '_')}"
        try:
            if not path.is_file():
                raise Dropped("no speech file")
            words, done = clean(prompt, lang, numbers, vocabulary)
            seconds = path.stat().st_size / BYTES_PER_SECOND
            if len(words) > FASTEST * seconds:
                raise Dropped("text longer than the speech")
            if name in utterances:
                raise Dropped("name taken")
        except Dropped as reason:
            counts[f"dropped: {reason}"] += 1
            continue
        counts.update(done)
        utterances[name] = Usable(name, path, words, seconds)
    return sorted(utterances.values(), key=lambda utterance: utterance.id.encode()), counts


def write_part(folder: Path, utterances: list[Usable], lang: str) -> None:
    """One data folder; its prompts have one speaker."""
    speaker = f"{lang}_{SPEAKERS[lang]}"
    rows = (Utterance(u.id, speaker, str(u.path), u.words) for u in utterances)
    write_data_dir(folder, rows, lang)


def read_vocabulary(path: Path) -> Vocabulary | None:
    """Word counts of the help text, or None where there is none."""
    if not path.is_file():
        return None
    counts: Counter[str] = Counter()
    with path.open(encoding="utf-8") as stream:
        for line in stream:
            counts.update(split_hyphens(line).split())
    return Vocabulary(counts)


def write_lm_text(source: Path, target: Path, held_out: set[str]) -> None:
    """The help sentences less those that are prompts of valid or test."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with source.open(encoding="utf-8") as stream, atomic(target) as output:
        output.writelines(line for line in stream if split_hyphens(line.strip()) not in held_out)


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lang", required=True, choices=sorted(SPEAKERS))
    parser.add_argument("--downloads", type=Path, default=Path("downloads"))
    parser.add_argument("--data", type=Path, default=Path("data"))
    parser.add_argument("--help_text", type=Path, help="output of help_text.py, if any")
    return parser


def run(args: argparse.Namespace) -> None:
    lang = args.lang
    text_file, speech = locate(args.downloads, lang)
    vocabulary = read_vocabulary(args.help_text) if args.help_text else None
    utterances, counts = collect(text_file, speech, lang, vocabulary)
    parts = defaultdict(list)
    for utterance in utterances:
        parts[split_of(split_hyphens(utterance.words))].append(utterance)
    for split in SPLITS:
        write_part(args.data / f"{lang}_{split}", parts[split], lang)
    if vocabulary is not None:
        held_out = {split_hyphens(u.words) for split in ("valid", "test") for u in parts[split]}
        write_lm_text(args.help_text, args.data / f"lm_text/{lang}.txt", held_out)
    print_counts(lang, counts)
    minutes = {split: sum(u.seconds for u in parts[split]) / 60 for split in SPLITS}
    print(f"{lang}: " + ", ".join(f"{s} {minutes[s]:.1f} min ({len(parts[s])})" for s in SPLITS))


def main(argv: list[str] | None = None) -> int:
    return run_main(get_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
