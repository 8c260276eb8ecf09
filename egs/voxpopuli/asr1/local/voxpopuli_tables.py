"""Tables of VoxPopuli: transcribed utterances and segments of speech, as parts of long sessions."""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from asrkit.files import DataError
from asrkit.kaldi.utterances import file_in

TRANSCRIBED = (
    "cs", "de", "en", "es", "et", "fi", "fr", "hr", "hu", "it", "lt", "nl", "pl", "ro", "sk", "sl",
)  # fmt: skip
LANGUAGES = (*TRANSCRIBED, "bg", "da", "el", "lv", "mt", "pt", "sv")
NEEDED = ("session_id", "start_time", "end_time", "split", "speaker_id", "normed_text")
SPEAKER_DIGITS = 6
NOBODY = ("", "none", "nan", "null")


class Spoken(NamedTuple):
    """A transcribed utterance: seconds of a session; speaker "" where nobody is named."""

    session: str
    number: str
    start: float
    end: float
    split: str
    speaker: str
    gender: str
    text: str
    original: str


class Stretch(NamedTuple):
    """A segment of unlabeled speech of an event (session and language)."""

    event: str
    number: str
    start: float
    end: float


def open_table(path: Path, delimiter: str, needed: tuple[str, ...]) -> Iterator[dict[str, str]]:
    """Rows by column name; quoting as csv has it, which is how the tables were written.

    Raises DataError: unreadable, cut short, a column is missing, or a quotation mark that is
    opened and not closed has swallowed lines.
    """
    try:
        with gzip.open(path, "rt", encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream, delimiter=delimiter)
            header = next(reader, [])
            missing = [name for name in needed if name not in header]
            if missing:
                raise DataError(f"{path}: has no column {missing[0]}; it has {', '.join(header)}")
            for row in tqdm(reader, path.name, unit="row", delay=3):
                if any("\n" in field for field in row):
                    raise DataError(
                        f"{path}:{reader.line_num}: a quotation mark is opened and not closed; "
                        "fetch the table again"
                    )
                if row:
                    yield dict(zip(header, row, strict=False))
    except (OSError, EOFError, gzip.BadGzipFile, csv.Error) as error:
        raise DataError(f"{path}: cannot be read ({error}); fetch it again") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: is not UTF-8 ({error.reason}); fetch it again") from None


def times(row: dict[str, str], start: str, end: str) -> tuple[float, float] | None:
    """Start and end in seconds; None where they are no stretch of time."""
    try:
        begin, stop = float(row[start]), float(row[end])
    except (KeyError, ValueError):
        return None
    return (begin, stop) if 0 <= begin < stop else None


def read_transcribed(path: Path, counts: Counter[str]) -> Iterator[Spoken]:
    """Usable rows of asr_<lang>.tsv.gz; the others are counted by reason."""
    of_session: Counter[str] = Counter()
    for row in open_table(path, "|", NEEDED):
        if row.get("split") not in ("train", "dev", "test"):
            counts["left out: of no split"] += 1  # utterances that the release rejected
            continue
        span, session = times(row, "start_time", "end_time"), row["session_id"].strip()
        of_session[session] += 1
        if span is None or not session:
            counts["left out: no session or no stretch of time"] += 1
            continue
        speaker = row.get("speaker_id", "").strip().removesuffix(".0")
        gender = {"female": "f", "male": "m"}.get(row.get("gender", "").strip().lower(), "u")
        yield Spoken(
            session,
            row.get("id_", "").strip() or f"{of_session[session]:05}",
            *span,
            row["split"],
            "" if speaker.lower() in NOBODY else speaker,
            gender,
            " ".join(row.get("normed_text", "").split()),
            " ".join(row.get("original_text", "").split()),
        )


def read_stretches(path: Path, lang: str, counts: Counter[str]) -> Iterator[Stretch]:
    """Segments of one language out of unlabelled_v2.tsv.gz, which holds all 23."""
    for row in open_table(path, "\t", ("event_id", "segment_no", "start", "end")):
        event = row["event_id"].strip()
        if not event.endswith(f"_{lang}"):
            continue
        span = times(row, "start", "end")
        if span is None:
            counts["left out: no stretch of time"] += 1
        else:
            yield Stretch(event, row["segment_no"].strip().zfill(5), *span)


def find_table(corpus: Path, name: str, folders: tuple[str, ...]) -> Path:
    """``name`` in one of ``folders`` below ``corpus``; DataError says where it was looked for."""
    for folder in folders:
        if (corpus / folder / name).is_file():
            return corpus / folder / name
    places = ", ".join(str(corpus / folder / name) for folder in folders)
    raise DataError(f"{name}: not found ({places}); fetch it with --download true")


def find_session(corpus: Path, kind: str, year: str, name: str) -> Path | None:
    """``raw_audios/<kind>/<year>/<name>.ogg``; v2 archives have folders <year>_2."""
    for folder in (year, f"{year}_2"):
        path = file_in(corpus / "raw_audios" / kind, f"{folder}/{name}.ogg")
        if path.is_file():
            return path
    return None
