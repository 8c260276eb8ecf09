#!/usr/bin/env python3
"""Data folders of one language of Multilingual LibriSpeech (stage 1), FLAC or Opus.

Leaves data/<lang>_{train,valid,test}, lists of limited supervision in data/lists/<lang>/<size>
(utterance ids) and, where MLS's text is, data/lm_text/<lang>.txt.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from asrkit.arguments import boolean, run_main
from asrkit.files import DataError, atomic
from asrkit.kaldi.utterances import Utterance, print_counts, write_data_dir
from asrkit.text.normalize import normalize
from mls_lm_text import find_lm_text, write_lm_text
from mls_release import (
    LANGUAGES,
    URL,
    audio_files,
    find_tree,
    limited_lists,
    names,
    read_durations,
    read_genders,
    read_transcripts,
    utterance_id,
)

PARTS = {"train": "train", "valid": "dev", "test": "test"}


def check_missing(what: str, missing: int, total: int, allowed: float) -> None:
    """DataError where more than the share ``allowed`` of ``total`` is missing."""
    if missing > allowed * total:
        raise DataError(
            f"{what}: {missing} of {total} have no audio (more than {100 * allowed:g} %): unpack "
            "MLS again, or raise --max_missing"
        )


def read_part(
    folder: Path, genders: Mapping[int, str], counts: Counter[str], allowed: float
) -> dict[str, Utterance]:
    """Handle -> utterance of train, dev or test."""
    texts = read_transcripts(folder / "transcripts.txt", counts)
    seconds = read_durations(folder / "segments.txt", counts)
    audio = audio_files(folder / "audio")
    found: dict[str, Utterance] = {}
    for handle, text in texts.items():
        if handle not in audio:
            counts["transcript left out: no audio"] += 1
            continue
        name = utterance_id(handle)
        more = {"utt2gender": genders.get(int(handle.split("_", 1)[0]), "u")}
        if handle in seconds:
            more["utt2dur"] = f"{seconds[handle]:.2f}"
        elif seconds:
            counts["no line in segments.txt"] += 1
        speaker = name.split("_", 1)[0]
        found[handle] = Utterance(name, speaker, str(audio[handle]), text, more=more)
    counts["audio left out: no transcript"] += len(audio.keys() - texts.keys())
    check_missing(str(folder / "transcripts.txt"), len(texts) - len(found), len(texts), allowed)
    return found


def used_lists(
    train: Path, known: Mapping[str, Utterance], counts: Counter[str], allowed: float
) -> dict[str, list[str]]:
    """Lists of limited supervision as utterance ids; handles without audio or text are left out."""
    lists = {}
    for name, handles in limited_lists(train, counts).items():
        kept = [handle for handle in handles if handle in known]
        check_missing(f"list {name} of {train}", len(handles) - len(kept), len(handles), allowed)
        if len(kept) < len(handles):
            counts[f"list {name}: no audio or no transcript"] += len(handles) - len(kept)
        lists[name] = sorted(known[handle].id for handle in kept)
    return lists


def size(utterances: list[Utterance]) -> str:
    """`75.2 min, 238 utterances, 9 speakers`; without minutes where segments.txt misses some."""
    known = [float(u.more["utt2dur"]) for u in utterances if "utt2dur" in u.more]
    minutes = f"{sum(known) / 60:.1f} min, " if len(known) == len(utterances) else ""
    return f"{minutes}{len(utterances)} utterances, {len({u.speaker for u in utterances})} speakers"


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lang", required=True, choices=sorted(LANGUAGES))
    parser.add_argument("--mls", default="", help="folder, archive, or address of an archive")
    parser.add_argument("--codec", choices=("auto", "flac", "opus"), default="auto")
    parser.add_argument("--download", type=boolean, default=False, help="fetch what is missing")
    parser.add_argument("--downloads", type=Path, default=Path("downloads"))
    parser.add_argument("--lm_text", type=boolean, default=True, help="text for language models")
    parser.add_argument(
        "--max_missing", type=float, default=0.01, help="share of transcripts without audio"
    )
    parser.add_argument("--data", type=Path, default=Path("data"))
    return parser


def locate(args: argparse.Namespace) -> Path:
    """The release's folder; fetched only with ``--download true``, and only if nothing is there."""
    downloads = args.downloads.absolute()
    if args.mls:
        return find_tree(args.mls, args.lang, codec=args.codec, downloads=downloads)
    there = [downloads / name for name in names(args.lang, args.codec)]
    if args.download and not any(path.exists() for path in there):
        url = f"{URL}/{names(args.lang, args.codec)[-1]}.tar.gz"
        return find_tree(url, args.lang, codec=args.codec, downloads=downloads)
    if not downloads.is_dir():
        raise DataError("where is MLS? Give --mls FOLDER, or set MLS, or give --download true")
    return find_tree(str(downloads), args.lang, codec=args.codec, downloads=downloads)


def run(args: argparse.Namespace) -> None:
    lang, counts = args.lang, Counter[str]()
    tree = locate(args)
    genders = read_genders(tree / "metainfo.txt", counts)
    parts = {
        name: read_part(tree / part, genders, counts, args.max_missing)
        for name, part in PARTS.items()
    }
    lists = used_lists(tree / "train", parts["train"], counts, args.max_missing)
    for name, utterances in parts.items():
        rows = list(utterances.values())
        write_data_dir(args.data / f"{lang}_{name}", rows, lang)
        print(f"{lang}_{name}: {size(rows)}")
    by_id = {utterance.id: utterance for utterance in parts["train"].values()}
    (args.data / f"lists/{lang}").mkdir(parents=True, exist_ok=True)
    for name, ids in lists.items():
        with atomic(args.data / f"lists/{lang}/{name}") as stream:
            stream.writelines(f"{utterance}\n" for utterance in ids)
        print(f"list {lang}/{name}: {size([by_id[utterance] for utterance in ids])}")
    print_counts(lang, counts)
    if args.lm_text:
        text_for_lm(args, {u.text for part in ("valid", "test") for u in parts[part].values()})


def text_for_lm(args: argparse.Namespace, held_out: set[str]) -> None:
    """Writes data/lm_text/<lang>.txt where there is a source for it."""
    source = find_lm_text(
        args.mls, args.lang, downloads=args.downloads.absolute(), fetch=args.download
    )
    if source is None:
        print(f"{args.lang}: no mls_lm_{LANGUAGES[args.lang]}: n-grams see transcripts alone")
        return
    target = args.data / f"lm_text/{args.lang}.txt"
    known = {normalize(text, args.lang) for text in held_out}
    for reason, count in sorted(write_lm_text(source, target, args.lang, known).items()):
        print(f"{target}: {reason}: {count}")


def main(argv: list[str] | None = None) -> int:
    return run_main(get_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
