#!/usr/bin/env python3
"""Data folders of one language of VoxPopuli (stage 1): data/<lang>_{train,valid,test}.

--part transcribed   16 languages: utterances of raw_audios/original/<year>/<session>_original.ogg
--part unlabelled    23 languages: segments of raw_audios/<lang>/<year>/<event>.ogg, without text;
                     of one session in a hundred each valid and test
--part both          transcribed, and data/<lang>_unlabelled of other sessions than valid and test
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections import Counter
from pathlib import Path

from asrkit.arguments import boolean, refuse_unused, run_main
from asrkit.files import DataError
from asrkit.kaldi.archives import download
from asrkit.kaldi.utterances import Utterance, print_counts, write_data_dir
from asrkit.text.markup import has_markup
from voxpopuli_tables import (
    LANGUAGES,
    SPEAKER_DIGITS,
    TRANSCRIBED,
    Spoken,
    find_session,
    find_table,
    read_stretches,
    read_transcribed,
)

URL = "https://dl.fbaipublicfiles.com/voxpopuli"
SPLITS = {"train": "train", "dev": "valid", "test": "test"}
Parts = dict[str, list[Utterance]]


class Sessions:
    """Files of sessions, looked for once each; counts utterances whose file is not there."""

    def __init__(self, corpus: Path) -> None:
        self.corpus = corpus
        self.known: dict[tuple[str, str], Path | None] = {}
        self.found = self.missing = 0

    def find(self, kind: str, session: str, name: str) -> Path | None:
        key = (kind, name)
        if key not in self.known:
            self.known[key] = find_session(self.corpus, kind, session[:4], name)
        if self.known[key] is None:
            self.missing += 1
        else:
            self.found += 1
        return self.known[key]

    def check(self, what: str, allowed: float) -> None:
        """DataError where more than the share ``allowed`` of the utterances has no file."""
        total = self.found + self.missing
        if self.missing > allowed * total:
            absent = sorted("/".join(key) for key, path in self.known.items() if path is None)
            raise DataError(
                f"{what}: the sessions of {self.missing} of {total} utterances are not in "
                f"{self.corpus}/raw_audios, first {absent[0]}.ogg; fetch their archives "
                f"({URL}/audios/<kind>_<year>.tar), or raise --max_missing"
            )


def speaker_of(row: Spoken) -> str:
    """Six digits; a session of its own where nobody is named."""
    if row.speaker.isdecimal():
        return row.speaker.zfill(SPEAKER_DIGITS)
    return "-".join(row.speaker.split()) or f"nobody-{row.session}"


def transcribed(
    args: argparse.Namespace, table: Path, sessions: Sessions, counts: Counter[str]
) -> Parts:
    """Utterances by part; ``normed_text``, or with --raw_text ``original_text``."""
    parts: Parts = {name: [] for name in SPLITS.values()}
    seen = set()
    for row in read_transcribed(table, counts):
        text = row.original if args.raw_text else row.text
        name = "-".join(f"{speaker_of(row)}-{row.session}-{row.number}".split())
        if not text:
            counts["left out: no text"] += 1
            continue
        if has_markup(text):
            counts["left out: markup in the text"] += 1
            continue
        if name in seen:
            counts["left out: the same utterance again"] += 1
            continue
        seen.add(name)
        path = sessions.find("original", row.session, f"{row.session}_original")
        if path is None:
            counts["left out: no session file"] += 1
            continue
        more = {"utt2gender": row.gender}
        recording, span = f"{row.session}_original", (row.start, row.end)
        parts[SPLITS[row.split]].append(
            Utterance(name, speaker_of(row), str(path), text, recording, span, more)
        )
    return parts


def part_of(session: str) -> str:
    """valid and test one in a hundred each, by a hash of the session whatever its language."""
    number = int.from_bytes(hashlib.blake2b(session.encode(), digest_size=4).digest(), "big") % 100
    return {0: "valid", 1: "test"}.get(number, "train")


def unlabelled(
    args: argparse.Namespace, table: Path, sessions: Sessions, counts: Counter[str]
) -> Parts:
    """Segments by part; speakers are not known, so each session is one."""
    parts: Parts = {name: [] for name in SPLITS.values()}
    for row in read_stretches(table, args.lang, counts):
        if args.plenary and "PLENARY" not in row.event:
            counts["left out: not of the plenary"] += 1
            continue
        path = sessions.find(args.lang, row.event, row.event)
        if path is None:
            counts["left out: no session file"] += 1
            continue
        name, span = f"{row.event}-{row.number}", (row.start, row.end)
        session = row.event.rsplit("_", 1)[0]
        parts[part_of(session)].append(
            Utterance(name, row.event, str(path), "", row.event, span, {"utt2gender": "u"})
        )
    return parts


def fill(parts: Parts) -> None:
    """Takes sessions from train for a valid or test that the hash left empty (small subsets)."""
    for name in ("valid", "test"):
        speakers = sorted({u.speaker for u in parts["train"]})
        if not parts[name] and len(speakers) > 1:
            parts[name] = [u for u in parts["train"] if u.speaker == speakers[-1]]
            parts["train"] = [u for u in parts["train"] if u.speaker != speakers[-1]]


def table_of(args: argparse.Namespace, corpus: Path, kind: str) -> Path:
    """The table of transcripts or segments; downloaded to --downloads where wanted."""
    name = "unlabelled_v2.tsv.gz" if kind == "unlabelled" else f"asr_{args.lang}.tsv.gz"
    folder = "" if kind == "unlabelled" else "asr/"
    there = (
        ("annotations", "unlabelled_data", ".")
        if kind == "unlabelled"
        else ("annotations/asr", f"transcribed_data/{args.lang}", "annotations", ".")
    )
    own = Path(args.downloads).absolute() / name
    if own.is_file():
        return own
    try:
        return find_table(corpus, name, there)
    except DataError:
        if not args.download:
            raise
    return download(f"{URL}/annotations/{folder}{name}", own)


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lang", required=True, choices=sorted(LANGUAGES))
    parser.add_argument("--voxpopuli", type=Path, help="folder that holds raw_audios")
    kinds = ("transcribed", "unlabelled", "both")
    parser.add_argument("--part", choices=kinds, default=kinds[0])
    parser.add_argument("--plenary", type=boolean, default=False, help="as the 100k subset")
    parser.add_argument("--raw_text", type=boolean, default=False, help="with case, punctuation")
    parser.add_argument("--download", type=boolean, default=False, help="fetch the tables")
    parser.add_argument("--downloads", type=Path, default=Path("downloads"))
    parser.add_argument("--max_missing", type=float, default=0.01, help="share without session")
    parser.add_argument("--data", type=Path, default=Path("data"))
    return parser


def collect(args: argparse.Namespace, corpus: Path, counts: Counter[str]) -> Parts:
    """Utterances of the parts, as --part asks for."""
    parts: Parts = {name: [] for name in SPLITS.values()}
    if args.part != "unlabelled":
        sessions, table = Sessions(corpus), table_of(args, corpus, "transcribed")
        parts = transcribed(args, table, sessions, counts)
        sessions.check(str(table), args.max_missing)
    if args.part == "transcribed":
        return parts
    sessions, table = Sessions(corpus), table_of(args, corpus, "unlabelled")
    more = unlabelled(args, table, sessions, counts)
    sessions.check(str(table), args.max_missing)
    if args.part == "unlabelled":
        fill(more)
        return more
    tested = [row.recording for name in ("valid", "test") for row in parts[name]]
    held_out = {recording.removesuffix("_original") for recording in tested}
    rows = [row for rows in more.values() for row in rows]
    kept = [row for row in rows if row.recording.rsplit("_", 1)[0] not in held_out]
    counts["unlabelled left out: of a session of valid or test"] += len(rows) - len(kept)
    return parts | {"unlabelled": kept}


def run(args: argparse.Namespace) -> None:
    refuse_unused(
        args,
        (args.part == "transcribed", "plenary", "with --part transcribed"),
        (args.part == "unlabelled", "raw_text", "with --part unlabelled, which has no text"),
    )
    if args.voxpopuli is None:
        raise DataError("where is VoxPopuli? Give --voxpopuli FOLDER, or set VOXPOPULI")
    corpus = args.voxpopuli.expanduser().absolute()
    if not (corpus / "raw_audios").is_dir():
        raise DataError(f"{corpus}: has no raw_audios; unpack {URL}/audios/<kind>_<year>.tar there")
    if args.part != "unlabelled" and args.lang not in TRANSCRIBED:
        raise DataError(f"{args.lang} is not transcribed; give --part unlabelled")
    counts: Counter[str] = Counter()
    for name, rows in collect(args, corpus, counts).items():
        write_data_dir(args.data / f"{args.lang}_{name}", rows, args.lang)
        minutes = sum(row.span[1] - row.span[0] for row in rows if row.span) / 60
        size = f"{len(rows)} utterances of {len({row.recording for row in rows})} sessions"
        print(f"{args.lang}_{name}: {minutes:.1f} min, {size}")
    print_counts(args.lang, counts)


def main(argv: list[str] | None = None) -> int:
    return run_main(get_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
