"""A data folder from a list of utterances: what the recipes' programs of stage 1 end with."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from asrkit.files import DataError
from asrkit.kaldi.datadir import DataDir, Table, is_command
from asrkit.kaldi.segments import Segment


class Command(str):
    """What wav.scp says where a command writes the audio; ends in ``|``, and stage 3 runs it.

    Programs write one around a quoted path. A name that comes with a corpus is never one.
    """


class Utterance(NamedTuple):
    """One utterance: a file of its own, or seconds ``span`` of ``recording``.

    ``audio`` is a path as it is, whatever its characters, or a ``Command``. ``text`` is empty for
    unlabeled speech; ``more`` holds values of further tables, such as ``{"utt2gender": "f"}``: a
    table is written if every utterance of the folder has it.
    """

    id: str
    speaker: str
    audio: str
    text: str
    recording: str = ""
    span: tuple[float, float] | None = None
    more: Mapping[str, str] = {}


def write_data_dir(folder: Path, utterances: Iterable[Utterance], lang: str) -> DataDir:
    """Writes wav.scp, text, utt2spk, spk2utt, utt2lang, and segments if there are spans: what has
    none is then a segment from 0 to the end of its recording.

    Raises DataError, with nothing written, where there is no utterance, an id, a speaker or a
    recording is empty or holds white space, an id comes twice, a recording has two files, a value
    does not fit in a line, or audio that is no ``Command`` would be read as one.
    """
    rows = list(utterances)
    if not rows:
        raise DataError(f"{folder}: no utterance is left for it; see the counts above")
    names = ("wav.scp", "text", "utt2spk", "utt2lang")
    tables: dict[str, Table] = {name: {} for name in names}
    if any(row.span for row in rows):
        tables["segments"] = {}
    for row in rows:
        recording = row.recording or row.id
        for what, name in (("id", row.id), ("speaker", row.speaker), ("recording", recording)):
            if len(name.split()) != 1 or name != name.strip():
                raise DataError(f"{folder}: {what} {name!r} is empty or holds white space")
        _check_values(folder, row)
        if row.id in tables["text"]:
            raise DataError(f"{folder}: two utterances are called {row.id!r}")
        if tables["wav.scp"].setdefault(recording, row.audio) != row.audio:
            raise DataError(
                f"{folder}: recording {recording!r} is {row.audio} and "
                f"{tables['wav.scp'][recording]}"
            )
        if "segments" in tables:
            span = row.span or (0.0, math.inf)
            tables["segments"][row.id] = str(Segment(recording, *span))
        tables["text"][row.id] = row.text
        tables["utt2spk"][row.id] = row.speaker
        tables["utt2lang"][row.id] = lang
    for name in set.intersection(*(set(row.more) for row in rows)):
        tables[name] = {row.id: row.more[name] for row in rows}
    data = DataDir(tables)
    data.invert_speakers()
    data.write(folder)
    if "segments" not in tables:
        (folder / "segments").unlink(missing_ok=True)  # of an earlier call with other options
    return data


def file_in(folder: Path, name: str) -> Path:
    """The file below ``folder`` that a corpus's table names. DataError if the name leads out."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise DataError(
            f"{folder}: a table of the corpus names {name!r}, which is not in this folder; "
            "correct the table, and ask where the corpus comes from"
        )
    return folder / path


def _check_values(folder: Path, row: Utterance) -> None:
    """Every value stays on its line, and the audio is read as what it is."""
    of = f"{folder}: utterance {row.id!r}"
    for value in (row.id, row.speaker, row.recording, row.audio, row.text, *row.more.values()):
        if any(character in value for character in "\n\r\0"):
            raise DataError(f"{of}: {value!r} does not fit in a line; rename or mend it")
        if not _is_unicode(value):
            raise DataError(
                f"{of}: {value!r} is not valid UTF-8; rename the file, e.g. with convmv"
            )
    if isinstance(row.audio, Command):
        return
    if is_command(row.audio.rstrip()):
        raise DataError(
            f"{of}: the file name {row.audio!r} ends in |, and wav.scp would run it as a command; "
            "rename the file or leave it out, and ask where this corpus comes from"
        )
    if not row.audio or row.audio != row.audio.strip():
        raise DataError(
            f"{of}: the file name {row.audio!r} is empty, or white space begins or ends it, which "
            "wav.scp cannot say; rename the file"
        )


def _is_unicode(value: str) -> bool:
    """False for names of files that are not UTF-8 (Python reads their bytes as surrogates)."""
    return value.isascii() or not any("\ud800" <= character <= "\udfff" for character in value)


def print_counts(lang: str, counts: Mapping[str, int]) -> None:
    """What was left out or odd, and how often; by reason, zeros not."""
    for reason, count in sorted(counts.items()):
        if count:
            print(f"{lang}: {reason}: {count}")
