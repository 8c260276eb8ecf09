#!/usr/bin/env python3
"""Data folders of one language of FLEURS (stage 1): data/<lang>_{train,valid,test}.

The release names no speakers: every utterance is its own. Prompts come several times, read by
different people; a prompt is in one part only.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from asrkit.arguments import boolean, refuse_unused, run_main
from asrkit.files import DataError
from asrkit.kaldi.archives import download, unpack
from asrkit.kaldi.utterances import Utterance, print_counts, write_data_dir
from asrkit.text.markup import has_markup

URL = "https://huggingface.co/datasets/google/fleurs/resolve/main/data"
CONFIGS = Path(__file__).with_name("configs.tsv")
PARTS = {"train": "train", "valid": "dev", "test": "test"}
GENDERS = {"FEMALE": "f", "MALE": "m"}


class Row(NamedTuple):
    """One of the seven columns' lines, less the characters: they are the words with | between."""

    prompt: str
    wav: str
    raw: str
    normalized: str
    num_samples: int
    gender: str


def configs() -> dict[str, str]:
    """Language code -> configuration, such as ky -> ky_kg."""
    with open(CONFIGS, encoding="utf-8", newline="") as stream:
        return {row["lang"]: row["config"] for row in csv.DictReader(stream, delimiter="\t")}


def resolve(lang: str) -> tuple[str, str]:
    """Code and configuration of a language given by either; DataError names the nearest."""
    table = configs()
    if lang in table:
        return lang, table[lang]
    for code, config in table.items():
        if lang == config:
            return code, config
    near = [f"{code} ({config})" for code, config in table.items() if config[:2] == lang[:2]]
    raise DataError(f"FLEURS has no language {lang!r}; near it: {', '.join(near) or 'none'}")


def read_rows(path: Path, counts: Counter[str]) -> Iterator[Row]:
    """Usable lines of <part>.tsv, which has no heading and no quoting; others are counted.

    Raises DataError where the file cannot be read, or a line does not have seven columns.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")  # CR LF becomes LF
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: is not UTF-8 ({error.reason}); fetch it again") from None
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        fields = line.split("\t")
        if len(fields) != 7:
            raise DataError(f"{path}:{number}: has {len(fields)} columns, not 7; fetch it again")
        prompt, wav, raw, normalized, _, samples, gender = fields
        if not samples.isdecimal() or not prompt.isdecimal():
            raise DataError(f"{path}:{number}: {prompt!r} and {samples!r} are not both numbers")
        if gender not in GENDERS:
            counts[f"gender {gender!r} taken as not known"] += 1
        yield Row(prompt, wav, raw, normalized, int(samples), GENDERS.get(gender, "u"))


def find_config(corpus: Path, config: str) -> Path:
    """The folder with train.tsv: <corpus>/<config>, <corpus>/data/<config>, or ``corpus``."""
    for folder in (corpus / config, corpus / "data" / config, corpus):
        if (folder / "train.tsv").is_file():
            if folder == corpus and corpus.name != config:
                continue
            return folder
    raise DataError(f"{corpus}: has no {config}/train.tsv, nor data/{config}/train.tsv")


def fetch(config: str, downloads: Path) -> Path:
    """Downloads texts and archives of a configuration; what is there is not fetched again."""
    folder = downloads / config
    for part in PARTS.values():
        download(f"{URL}/{config}/{part}.tsv", folder / f"{part}.tsv")
        if not (folder / "audio" / part).is_dir():
            download(f"{URL}/{config}/audio/{part}.tar.gz", folder / f"audio/{part}.tar.gz")
    return folder


def find_audio(folder: Path, part: str, unpacked: Path) -> Path:
    """The folder of a part's wav files; its archive is unpacked below ``unpacked``."""
    archive = folder / f"audio/{part}.tar.gz"
    there = next(filter(Path.is_dir, (folder / "audio" / part, folder / part)), None)
    if there is None and archive.is_file():
        there = unpack(archive, unpacked / folder.name / part)
    if there is None:
        raise DataError(f"{folder}: has neither audio/{part}/ nor audio/{part}.tar.gz")
    return there / part if (there / part).is_dir() else there  # archives hold a folder of the part


def read_part(
    folder: Path, part: str, audio: Path, *, raw: bool, counts: Counter[str], allowed: float
) -> list[Utterance]:
    """Utterances of a part; DataError where more than the share ``allowed`` has no audio."""
    found: dict[str, Utterance] = {}
    total = missing = 0
    there = {path.name for path in audio.iterdir()}
    named = set()
    rows = read_rows(folder / f"{part}.tsv", counts)
    for row in tqdm(rows, f"{folder.name} {part}", unit="line", delay=3):
        total += 1
        named.add(row.wav)
        text = " ".join((row.raw if raw else row.normalized).split())
        name = f"{row.prompt.zfill(5)}-{Path(row.wav).stem}"
        if row.wav not in there:
            missing += 1
        elif not text:
            counts["left out: no text"] += 1
        elif has_markup(text):
            counts["left out: markup in the text"] += 1
        elif name in found:
            counts["left out: the same line again"] += 1
        else:
            seconds = f"{row.num_samples / 16000:.2f}"
            more = {"utt2gender": row.gender, "utt2dur": seconds}
            found[name] = Utterance(name, name, str(audio / row.wav), text, more=more)
    counts["left out: no audio"] += missing
    counts["audio left out: no line"] += len(there - named)
    if missing > allowed * total:
        raise DataError(
            f"{folder / f'{part}.tsv'}: {missing} of {total} wav files are not in {audio}; unpack "
            "the archive again, or raise --max_missing"
        )
    return list(found.values())


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lang", required=True, help="code or configuration: ky or ky_kg")
    parser.add_argument("--fleurs", type=Path, help="folder that holds ky_kg or data/ky_kg")
    parser.add_argument("--download", type=boolean, default=False)
    parser.add_argument("--downloads", type=Path, default=Path("downloads"))
    parser.add_argument(
        "--raw_text", type=boolean, default=False, help="with case and punctuation, as published"
    )
    parser.add_argument("--max_missing", type=float, default=0.01, help="share without audio")
    parser.add_argument("--data", type=Path, default=Path("data"))
    return parser


def run(args: argparse.Namespace) -> None:
    refuse_unused(args, (args.fleurs is not None, "download", "with --fleurs (or FLEURS) as well"))
    lang, config = resolve(args.lang)
    downloads = args.downloads.absolute()
    if args.fleurs:
        folder = find_config(args.fleurs.expanduser().absolute(), config)
    elif args.download:
        folder = fetch(config, downloads)
    elif (downloads / config).is_dir():
        folder = find_config(downloads, config)
    else:
        raise DataError("where is FLEURS? Give --fleurs FOLDER, or set FLEURS, or --download true")
    counts: Counter[str] = Counter()
    parts = {}
    for name, part in PARTS.items():
        audio = find_audio(folder, part, downloads)
        parts[name] = read_part(
            folder, part, audio, raw=args.raw_text, counts=counts, allowed=args.max_missing
        )
    for name, rows in parts.items():
        write_data_dir(args.data / f"{args.lang}_{name}", rows, lang)
        minutes = sum(float(row.more["utt2dur"]) for row in rows) / 60
        prompts = len({row.id.split("-")[0] for row in rows})
        print(f"{args.lang}_{name}: {minutes:.1f} min, {len(rows)} utterances of {prompts} prompts")
    print_counts(args.lang, counts)


def main(argv: list[str] | None = None) -> int:
    return run_main(get_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
